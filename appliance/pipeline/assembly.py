"""Puts detection together, and brings back what it knew before."""

import logging
import socket
import struct
from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec

from appliance.cases.casebook import Casebook
from appliance.cases.directory import Directory
from appliance.config.schema import Config
from appliance.detect.stage import Detector, Surroundings
from appliance.model.address import Address, parse_address
from appliance.pipeline.detection import Detection, Outlets, Scorer
from appliance.pipeline.memory import DEVICES, LEARNING, MemoryStore, StoredHabits
from appliance.pipeline.sight import Losses, Sight

_log = logging.getLogger(__name__)
_TIME = struct.Struct("<d")


class AddressBook(Protocol):
    """What is known of addresses and network cards, as an Enricher knows it."""

    def address(self, hi: int, lo: int, /) -> Address:
        """Return the interned address."""

    def vendor(self, mac: int, /) -> str:
        """Return who made a network card."""


class Parts(NamedTuple):
    """What detection is given by its surroundings."""

    enricher: AddressBook
    name_of: Callable[[int, int], str]
    losses: Callable[[], Losses] | None = None
    scorer: Scorer | None = None


def make_detection(
    config: Config,
    parts: Parts,
    outlets: Outlets = Outlets(),  # noqa: B008 - immutable
    memory: MemoryStore | None = None,
) -> Detection:
    """Return a detection that goes on where the store left off."""
    enricher = parts.enricher
    detector = Detector(
        config,
        Surroundings(
            enricher.address,
            parts.name_of,
            enricher.vendor,
            StoredHabits(memory) if memory is not None else None,
        ),
    )
    casebook = Casebook(
        config.alerts,
        config.detect,
        config.learn,
        sensor=config.sensor.name or socket.gethostname(),
        directory=Directory(
            device_of=lambda address: detector.devices.device_of(address.hi, address.lo),
            device_name=lambda address: detector.devices.name_of(address.hi, address.lo),
            allowed=lambda address, name: detector.intel.is_allowed(address.hi, address.lo, name),
            address_of=lambda text: _find(enricher, text),
        ),
    )
    if memory is not None:
        _restore(detector, casebook, memory)
    return Detection(detector, casebook, outlets, sight=Sight(parts.losses), scorer=parts.scorer)


def save_memory(detection: Detection, memory: MemoryStore) -> None:
    """Keep what should outlive the process and is not written as it happens."""
    memory.write_state(DEVICES, detection.detector.devices.save())
    memory.write_state(LEARNING, _TIME.pack(detection.casebook.learning_since))


def _restore(detector: Detector, casebook: Casebook, memory: MemoryStore) -> None:
    try:
        detector.devices.load(memory.load_state(DEVICES) or b"")
    except msgspec.DecodeError as error:
        _log.warning("what is known of devices cannot be read, it is learnt anew: %s", error)
    since = memory.load_state(LEARNING) or b""
    learning_s = _TIME.unpack(since)[0] if len(since) == _TIME.size else 0.0
    known = memory.load_open()
    casebook.restore(known.alerts, known.incidents, known.mutes, learning_s)


def _find(enricher: AddressBook, text: str) -> Address:
    return enricher.address(*parse_address(text))

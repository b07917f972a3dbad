"""One contact as the judges see it: plain numbers, its rhythm, its ends, what is known of it."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.model.address import Address
from appliance.model.contact import CONTACT_DTYPE, SERVICES
from appliance.model.flow import Direction
from appliance.model.pair import PAIR_DTYPE, SURVEY_DTYPE

TCP = 6
UDP = 17


class Tables(Protocol):
    """The memory that is judged; detect/contacts.py keeps it. Arrays grow between calls."""

    @property
    def contacts(self) -> NDArray[Any]:
        """CONTACT_DTYPE."""

    @property
    def timings(self) -> NDArray[Any]:
        """TIMING_DTYPE."""

    @property
    def hosts(self) -> NDArray[Any]:
        """HOST_DTYPE."""

    @property
    def host_column(self) -> NDArray[np.uint32]:
        """Column `host` of `contacts`; 0xFFFFFFFF where not in use."""

    @property
    def net_column(self) -> NDArray[np.uint32]:
        """Column `net` of `contacts`, likewise."""

    def hosts_in_view(self) -> int:
        """Return how many inside hosts are remembered."""


class Contact(NamedTuple):
    """Fields of CONTACT_DTYPE under their names ("in" is taken)."""

    orig_hi: int
    orig_lo: int
    resp_hi: int
    resp_lo: int
    port: int
    proto: int
    direction: int
    bits: int
    service: int
    host: int
    net: int
    first_s: float
    last_s: float
    contacts: int
    failed: int
    answered: int
    out: float
    in_: float
    hours: int
    longest_s: float


class Rhythm(NamedTuple):
    """PAIR_DTYPE under its names ("in" is taken)."""

    row: int
    used: int
    n: int
    gap: float
    span: float
    median: float
    mad: float
    bowley: float
    ts: float
    f35: float
    timed: float
    jitter_share: float
    jitter_mad: float
    jitter_kurtosis: float
    off_grid: float
    ds: float
    equal: float
    out: float
    out_mad: float
    in_: float
    in_mad: float
    duration: float
    duration_mad: float
    recent_300: int
    recent_600: int
    failed_300: int
    talks_300: int
    ring_s: float


class Surroundings(NamedTuple):
    """SURVEY_DTYPE: how the contact stands among the others."""

    users: int
    net_users: int
    siblings: int
    wide_siblings: int
    clones: int
    peers: int
    regular: int
    odd: int


_pick_contact = itemgetter(
    *(list(CONTACT_DTYPE.names or ()).index(name.rstrip("_")) for name in Contact._fields)
)
_pick_rhythm = itemgetter(
    *(list(PAIR_DTYPE.names or ()).index(name.rstrip("_")) for name in Rhythm._fields)
)
_pick_survey = itemgetter(
    *(list(SURVEY_DTYPE.names or ()).index(name) for name in Surroundings._fields)
)


class Pair(msgspec.Struct):
    """What the judges of one contact are given."""

    row: int
    now_s: float
    host: Address  # whose behaviour it is: ours, or the originator
    peer: Address  # the other end
    name: str  # of the peer, by DNS, SNI or HTTP; "" unknown
    inside: bool  # the host is one of ours
    contact: Contact
    rhythm: Rhythm
    host_first_s: float
    host_hours: int  # bit h: active in hour h
    hosts_in_view: int  # inside hosts that are remembered
    survey: Callable[[int], Surroundings]  # dear: asked only by judges who got so far
    known_days: int = -1  # earlier days the host has had this peer; -1 no earlier day is known
    _around: Surroundings | None = None

    @property
    def around(self) -> Surroundings:
        """How the contact stands among the others; computed once."""
        if self._around is None:
            self._around = self.survey(self.row)
        return self._around

    @property
    def outbound(self) -> bool:
        """Ours began it, or neither end is at home and somebody did."""
        return self.contact.direction in {Direction.OUTBOUND, Direction.EXTERNAL}

    @property
    def crosses(self) -> bool:
        """It crosses the border of the network."""
        return self.contact.direction != Direction.LOCAL

    @property
    def service(self) -> str:
        """What was spoken; "" unknown."""
        return SERVICES[self.contact.service] if self.contact.service < len(SERVICES) else ""

    @property
    def failed_share(self) -> float:
        """Of all contacts, 0..1."""
        return self.contact.failed / max(1, self.contact.contacts)


def read_contact(record: np.void) -> Contact:
    """Return a row of CONTACT_DTYPE as plain numbers."""
    return Contact._make(_pick_contact(record.item()))


def read_rhythm(record: np.void) -> Rhythm:
    """Return a row of PAIR_DTYPE as plain numbers."""
    return Rhythm._make(_pick_rhythm(record.item()))


def read_survey(record: np.void) -> Surroundings:
    """Return a row of SURVEY_DTYPE as plain numbers."""
    return Surroundings._make(_pick_survey(record.item()))

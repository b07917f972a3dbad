import numpy as np

from appliance.detect import gates
from appliance.detect.weights import load_weights
from appliance.model.contact import CONTACT_DTYPE
from appliance.model.flow import Direction
from appliance.model.pair import PAIR_DTYPE


def passed(contact: dict[str, object], pair: dict[str, object]) -> int:
    contacts, pairs = np.zeros(1, CONTACT_DTYPE), np.zeros(1, PAIR_DTYPE)
    contacts["proto"], contacts["direction"] = 6, Direction.OUTBOUND
    for array, values in ((contacts, contact), (pairs, pair)):
        for name, value in values.items():
            array[name] = value
    return int(gates.find_passed(contacts, pairs, load_weights())[0])


def test_new_contact_passes_nothing() -> None:
    assert passed({"contacts": 1, "port": 443}, {}) == 0


def test_each_gate_by_itself() -> None:
    many = {"contacts": 200, "port": 443}
    assert passed({}, {"timed": 0.5}) == gates.BEACON
    assert passed({"direction": Direction.LOCAL}, {"timed": 0.5}) == 0
    assert passed({"contacts": 30, "failed": 20}, {}) == gates.RETRY
    assert passed(many | {"answered": 200, "service": 2}, {}) == gates.BURST
    assert passed({"out": 2e7, "in": 1e6}, {}) == gates.UPLOAD
    assert passed({"direction": Direction.LOCAL, "out": 2e7}, {}) == 0
    assert passed({}, {"recent_300": 9, "talks_300": 9}) == gates.GUESSING
    assert passed({"answered": 1, "port": 4_444}, {}) == gates.ODD
    failed = {"contacts": 900, "failed": 300, "direction": Direction.LOCAL}
    assert passed(failed, {"failed_300": 64}) == gates.FLOOD

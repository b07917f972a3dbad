import msgspec

from appliance.cases.directory import Directory
from appliance.cases.evidence import UNSORTED, Devices
from appliance.cases.restoring import find_address, rebuild
from appliance.model.alert import Alert
from tests.support.signals import CLEAR, NOON, casebook, odd, scan, signal, upload


def stored() -> list[Alert]:
    changes = casebook().take([signal(), odd(), scan(), upload(weight=2.0)], CLEAR)
    return [msgspec.json.decode(msgspec.json.encode(c.alert), type=Alert) for c in changes]


def test_evidence_goes_back_to_its_own_alert() -> None:
    devices = Devices()
    cases = {case.alert.kind: case for case in rebuild(stored(), devices, Directory())}  # type: ignore[union-attr]
    assert set(cases) == {"beacon", "port_scan"}
    (device,) = devices
    assert device.inside
    places = {held.signal.rule: held.case for held in device.held.values()}
    assert places["beacon"] is cases["beacon"]
    assert places["vertical_scan"] is cases["port_scan"]
    assert places["exfiltration"].key[0] == UNSORTED
    assert device.cases["contact", "203.0.113.7"] is cases["beacon"]
    assert device.cases["port_scan", ""] is cases["port_scan"]


def test_what_agreed_goes_on_agreeing_and_finds_its_case_again() -> None:
    book = casebook()
    book.restore(stored(), [], [])
    assert book.take([signal(at_s=NOON + 60, weight=2.4)], CLEAR) == []
    # strong by itself now: an alert of its own
    changes = book.take([upload(at_s=NOON + 61, weight=2.6)], CLEAR)
    assert ("raised", "exfiltration") in [(c.what, c.alert.kind) for c in changes]


def test_what_cannot_be_understood_is_left_out() -> None:
    (beacon, scans) = stored()
    beacon.host = "outside"
    scans.evidence = [msgspec.structs.replace(scans.evidence[0], family="phlogiston")]
    devices = Devices()
    cases = rebuild([beacon, scans], devices, Directory())
    assert len(cases) == 1
    assert sum(len(device.held) for device in devices) == 0
    assert find_address("nobody", Directory()) is None


def test_a_stranger_comes_back_as_a_stranger() -> None:
    (alert,) = [c.alert for c in casebook().take([scan(host="8.8.8.8", inside=False)], CLEAR)]
    devices = Devices()
    rebuild([alert], devices, Directory())
    assert [device.inside for device in devices] == [False]

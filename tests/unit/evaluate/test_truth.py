"""What machines are."""

from pathlib import Path

import numpy as np
import pytest

from appliance.errors import ApplianceError
from appliance.evaluate.truth import GRACE_S, derive_truth, read_truth
from appliance.model.address import parse_address
from tests.support.logfiles import write

MIDNIGHT_S = 1_714_953_600.0  # 2024-05-06
BAD, GOOD = parse_address("10.0.0.1"), parse_address("10.0.0.2")


def test_times_of_the_day_that_is_looked_at(tmp_path: Path) -> None:
    path = write(
        tmp_path, "truth.csv",
        "host,malicious,start,end,what\n10.0.0.1,1,09:00,09:08,bot\n10.0.0.2,0,,,benign\n",
    )  # fmt: skip
    write(tmp_path, "expect.csv", "host,words\n10.0.0.1,Scan|c2\n")
    truth = read_truth(path, MIDNIGHT_S + 30_000)
    machine = truth[BAD]
    assert machine.spans == ((MIDNIGHT_S + 32_400, MIDNIGHT_S + 32_880),)
    assert machine.words == ("scan", "c2")
    assert not truth[GOOD].bad
    assert not truth[GOOD].explains(MIDNIGHT_S)


def test_the_end_of_the_day_and_other_ways_to_write_times(tmp_path: Path) -> None:
    path = write(
        tmp_path, "truth.csv",
        "host,malicious,start,end\n10.0.0.1,yes,00:00,24:00\n"
        "10.0.0.2,1,2024-05-06T09:00:00,1714986480.5\n",
    )  # fmt: skip
    truth = read_truth(path, MIDNIGHT_S)
    assert truth[BAD].spans == ((MIDNIGHT_S, MIDNIGHT_S + 86_400),)
    assert truth[GOOD].spans == ((MIDNIGHT_S + 32_400, 1_714_986_480.5),)
    assert truth[BAD].words == ()


@pytest.mark.parametrize(
    "content", ["", "host,malicious\n", "a,b\n1,2\n", "host,malicious\nme,1\n",
                "host,malicious,start\n10.0.0.1,1,dawn\n"],
)  # fmt: skip
def test_what_cannot_be_used(tmp_path: Path, content: str) -> None:
    with pytest.raises(ApplianceError):
        read_truth(write(tmp_path, "truth.csv", content), MIDNIGHT_S)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ApplianceError, match="cannot read"):
        read_truth(str(tmp_path / "none.csv"), MIDNIGHT_S)


def test_an_alert_may_come_a_little_early_or_late(tmp_path: Path) -> None:
    path = write(tmp_path, "truth.csv", "host,malicious,start,end\n10.0.0.1,1,09:00,10:00\n")
    machine = read_truth(path, MIDNIGHT_S)[BAD]
    start_s, end_s = machine.spans[0]
    for ts_s, explained in (
        (start_s - GRACE_S, True), (start_s - GRACE_S - 1, False),
        (end_s + GRACE_S, True), (end_s + GRACE_S + 1, False),
    ):  # fmt: skip
        assert machine.explains(ts_s) == explained
    assert machine.covers(start_s - 300, 600)
    assert not machine.covers(start_s - 600, 600)
    assert not machine.covers(end_s + 1, 600)


def test_a_machine_may_be_bad_several_times(tmp_path: Path) -> None:
    path = write(
        tmp_path, "truth.csv",
        "host,malicious,start,end\n10.0.0.1,1,09:00,09:10\n10.0.0.1,0,,\n10.0.0.1,1,20:00,20:01\n",
    )  # fmt: skip
    machine = read_truth(path, MIDNIGHT_S)[BAD]
    assert [machine.explains(MIDNIGHT_S + 3_600 * hour) for hour in (9, 15, 20)] == [
        True, False, True,
    ]  # fmt: skip
    assert machine.covers(MIDNIGHT_S + 72_000, 600)
    assert not machine.covers(MIDNIGHT_S + 54_000, 600)


def test_machines_of_labelled_flows() -> None:
    hosts = np.array([BAD, GOOD, BAD, BAD], np.uint64)
    times = np.array([10.0, 20.0, 30.0, 40.0])
    truth = derive_truth(hosts, times, np.array([True, False, True, False]))
    assert truth[BAD].bad
    assert truth[BAD].spans == ((10.0, 30.0),)
    assert truth[BAD].name == "10.0.0.1"
    assert not truth[GOOD].bad
    assert derive_truth(hosts[:0], times[:0], np.zeros(0, np.bool_)) == {}

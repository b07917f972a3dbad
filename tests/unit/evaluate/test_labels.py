"""What flows are, from tables and from logs."""

from pathlib import Path

import pytest

from appliance.errors import ApplianceError
from appliance.evaluate.labels import is_bad, is_unknown, read_labels, read_log_labels
from tests.support.logfiles import conn, jsonl, write


@pytest.mark.parametrize(
    "label",
    ["benign", "Benign", "NORMAL", "-", "", "background", "0", "flow=Background-UDP", "unknown",
     "From-Normal-V42", "flow=From-Normal-DNS"],
)  # fmt: skip
def test_words_that_do_not_accuse(label: str) -> None:
    assert not is_bad(label)


@pytest.mark.parametrize(
    "label", ["Malicious", "C&C", "PartOfAHorizontalPortScan", "1", "flow=From-Botnet-V1", "scan"]
)
def test_words_that_do(label: str) -> None:
    assert is_bad(label)


def test_unknown_is_neither() -> None:
    assert is_unknown("Unknown")
    assert not is_unknown("benign")


def test_a_table(tmp_path: Path) -> None:
    path = write(tmp_path, "labels.csv", "uid,label\nC1,benign\nC2,scan\n,lost\n")
    assert read_labels(path) == {"C1": "benign", "C2": "scan"}


def test_a_labelled_log(tmp_path: Path) -> None:
    path = write(tmp_path, "conn.log", jsonl([conn(1, label="Malicious"), conn(2)]))
    assert read_labels(path) == {"C0001": "Malicious"}
    assert read_log_labels([path]) == {"C0001": "Malicious"}


def test_a_folder_beside_which_other_logs_lie(tmp_path: Path) -> None:
    write(tmp_path, "conn.log", jsonl([conn(1, label="Benign")]))
    row = {"ts": 1, "uid": "C9", "id.orig_h": "x", "cipher": "x", "label": "Malicious"}
    write(tmp_path, "ssl.log", jsonl([row]))
    assert read_log_labels([str(tmp_path)]) == {"C0001": "Benign"}


@pytest.mark.parametrize("content", ["uid,label\n", "a,b\n1,2\n", "\xff\xfe", ""])
def test_no_labels(tmp_path: Path, content: str) -> None:
    with pytest.raises(ApplianceError):
        read_labels(write(tmp_path, "x", content.encode("latin-1")))


def test_an_unlabelled_log(tmp_path: Path) -> None:
    path = write(tmp_path, "conn.log", jsonl([conn(1)]))
    assert read_log_labels([path]) == {}
    with pytest.raises(ApplianceError, match="no labels"):
        read_labels(path)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ApplianceError, match="cannot read"):
        read_labels(str(tmp_path / "none"))

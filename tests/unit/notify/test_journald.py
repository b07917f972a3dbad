import sys
import uuid
from pathlib import Path
from types import ModuleType

import pytest

from appliance.model.alert import KINDS, SEVERITIES, Alert, AlertChange, Evidence
from appliance.notify import journald
from appliance.notify.journald import (
    MESSAGE_IDS,
    OTHER_MESSAGE_ID,
    JournalNotifier,
    encode,
    is_journal_there,
    make_fields,
)
from tests.support.journal import open_journal, parse_entry

# more entries than a socket's queue holds
FULL = int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text()) + 20


def change(what: str = "raised", **given: object) -> AlertChange:
    fields = {
        "id": "A23456789ABCD", "ts": 5.0, "first_seen": 1.0, "last_seen": 5.0,
        "kind": "port_scan", "severity": "high", "confidence": 0.75, "host": "192.168.1.5",
        "peer": "10.0.0.9", "peers": ("10.0.0.10", "10.0.0.11"), "port": 443, "proto": "tcp",
        "title": "Port scan", "summary": "192.168.1.5 tried 812 ports.", "score": 3.7,
        "technique": "T1046", "count": 812, "incident": "INC-1001", "sensor": "box",
        "evidence": [
            Evidence(rule="vertical_scan", family="fanout", ts=5, weight=3.7, sentence="")
        ],
    }  # fmt: skip
    return AlertChange(what=what, alert=Alert(**(fields | given)))


def test_an_entry_has_the_fields_people_select_by(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        notifier = JournalNotifier(journal.path)
        assert notifier.notify([change()]) == 1
        (entry,) = journal.read()
    assert entry["MESSAGE"] == "192.168.1.5 tried 812 ports."
    assert entry["MESSAGE_ID"] == MESSAGE_IDS["port_scan"]
    assert entry["PRIORITY"] == "3"
    assert entry["SYSLOG_IDENTIFIER"] == "appliance"
    facts = {name[10:]: value for name, value in entry.items() if name.startswith("APPLIANCE_")}
    assert facts == {
        "EVENT": "raised", "KIND": "port_scan", "SEVERITY": "high", "CONFIDENCE": "0.75",
        "SCORE": "3.70", "ALERT": "A23456789ABCD", "INCIDENT": "INC-1001", "STATE": "open",
        "HOST": "192.168.1.5", "PEER": "10.0.0.9", "PEERS": "10.0.0.10 10.0.0.11", "PORT": "443",
        "PROTO": "tcp", "TECHNIQUE": "T1046", "COUNT": "812", "FIRST_SEEN": "1.000000",
        "LAST_SEEN": "5.000000", "TITLE": "Port scan", "RULES": "vertical_scan", "SENSOR": "box",
    }  # fmt: skip
    assert notifier.statistics().written == 1


def test_only_what_people_should_hear_is_written(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        notifier = JournalNotifier(journal.path)
        whats = ("raised", "escalated", "recurring", "changed", "closed", "muted")
        assert notifier.notify(change(what) for what in whats) == 3
        assert [e["APPLIANCE_EVENT"] for e in journal.read()] == list(whats[:3])


def test_severities_are_priorities() -> None:
    found = [make_fields(change(severity=s.value))["PRIORITY"] for s in SEVERITIES]
    assert found == ["6", "5", "4", "3", "2"]


def test_message_ids_are_one_per_kind_and_valid() -> None:
    assert set(MESSAGE_IDS) == set(KINDS)
    everything = [*MESSAGE_IDS.values(), OTHER_MESSAGE_ID]
    assert len(set(everything)) == len(KINDS) + 1
    assert all(uuid.UUID(one).hex == one for one in everything)
    assert make_fields(change(kind="unheard_of"))["MESSAGE_ID"] == OTHER_MESSAGE_ID


def test_a_name_from_the_wire_cannot_make_a_field() -> None:
    hostile = "x\nPRIORITY=0\nMESSAGE_ID=\x00\x1b[2Jpwn\u202e\udc80\r"
    fields = make_fields(change(device=hostile, summary=hostile, peer_name=hostile * 500))
    entry = parse_entry(encode(fields))
    assert entry == fields
    assert entry["PRIORITY"] == "3"
    assert all(value.isprintable() for value in entry.values())
    assert len(entry["APPLIANCE_PEER_NAME"]) <= 2_000
    assert len(encode(fields)) < 60_000


def test_without_a_journal_nothing_happens(tmp_path: Path) -> None:
    notifier = JournalNotifier(str(tmp_path / "socket"))
    assert not is_journal_there(str(tmp_path / "socket"))
    assert notifier.notify([change()]) == 0
    (tmp_path / "socket").write_text("")
    assert notifier.notify([change()]) == 0
    assert notifier.statistics().absent == 2
    assert notifier.statistics().written == 0


def test_a_journal_that_is_full_is_not_waited_for(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        assert is_journal_there(journal.path)
        notifier = JournalNotifier(journal.path)
        written = notifier.notify(change() for _ in range(FULL))
        assert 0 < written < FULL
        assert notifier.statistics().refused == FULL - written
        assert len(journal.read()) == written
        assert notifier.notify([change()]) == 1


def test_systemd_python_is_used_while_there_is_room(tmp_path: Path) -> None:
    sent: list[tuple[str, dict[str, str]]] = []
    with open_journal(tmp_path) as journal:
        notifier = JournalNotifier(journal.path, lambda m, **fields: sent.append((m, fields)))
        assert notifier.notify([change()]) == 1
        assert journal.read() == []
        JournalNotifier(journal.path).notify(change() for _ in range(FULL))
        assert notifier.notify([change()]) == 0
    ((message, fields),) = sent
    assert message == "192.168.1.5 tried 812 ports."
    assert fields["APPLIANCE_KIND"] == "port_scan"
    assert "MESSAGE" not in fields
    assert notifier.statistics().refused == 1


def test_systemd_python_is_found_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    module = ModuleType("systemd.journal")
    module.send = lambda message, **_: sent.append(message)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "systemd", ModuleType("systemd"))
    monkeypatch.setitem(sys.modules, "systemd.journal", module)
    with open_journal(tmp_path) as journal:
        assert journald.open_journal(journal.path).notify([change()]) == 1
        assert len(sent) == 1
        monkeypatch.setitem(sys.modules, "systemd.journal", None)
        assert journald.open_journal(journal.path).notify([change()]) == 1
        assert len(journal.read()) == 1

"""Columns beside the records."""

from appliance.detect.arrays import collect_marks, collect_services
from appliance.model.contact import SERVICES
from appliance.model.meta import FlowMeta
from tests.support.flowbatches import address, batch, flow


def codes(*services: str | None) -> list[str]:
    made = batch(flow(meta=None if name is None else FlowMeta(service=name)) for name in services)
    return [SERVICES[code] for code in collect_services(made).tolist()]


def test_marks_are_those_of_the_ends() -> None:
    ours, theirs = address("10.0.0.1", marks=7), address("9.9.9.9", marks=1 << 31)
    made = batch([flow(ours, theirs), flow(theirs, ours)])
    assert [marks.tolist() for marks in collect_marks(made)] == [[7, 1 << 31], [1 << 31, 7]]


def test_an_empty_batch_has_empty_columns() -> None:
    assert [len(marks) for marks in collect_marks(batch([]))] == [0, 0]
    assert len(collect_services(batch([]))) == 0


def test_services_have_codes_and_what_nobody_knows_has_none() -> None:
    assert codes("tls", None, "", "dns") == ["tls", SERVICES[0], SERVICES[0], "dns"]


def test_other_programs_words_mean_the_same() -> None:
    assert codes("ssl", "krb_tcp", "ftp-data", "gssapi") == ["tls", "krb", "ftp", "krb"]


def test_of_several_the_first_counts_and_a_strange_one_is_other() -> None:
    assert codes("ssl,http", "quantum", "quantum,tls") == ["tls", "other", "other"]

"""What one flow is: an end of a forgotten conversation is no scan, a scan is no answer."""

import pytest

from appliance.config.schema import Detect
from appliance.detect.contacts import Contacts
from appliance.model.contact import (
    FLOW_ANSWERED,
    FLOW_DEAD,
    FLOW_FAILED,
    FLOW_GROUP,
    FLOW_PROBE,
    FLOW_REPLY,
    FLOW_UPDATE,
)
from appliance.model.flow import EndReason
from tests.support.contactflows import Talk, absorb_talks

SMALL = Detect(max_contacts=1_024, max_hosts=64, max_fans=256, max_timed=256)
TRIED = FLOW_FAILED | FLOW_PROBE


def classes_of(*talks: Talk) -> int:
    return int(absorb_talks(Contacts(SMALL), list(talks))[0].classes[-1])


@pytest.mark.parametrize(
    ("talk", "wanted"),
    [
        (Talk(how="SF"), FLOW_ANSWERED),
        (Talk(how="S0"), TRIED | FLOW_DEAD),
        (Talk(how="LOG"), TRIED | FLOW_DEAD),
        (Talk(how="REJ"), TRIED),
        (Talk(how="RSTO"), FLOW_PROBE),
        (Talk(how="RSTO", lasts=5.0), 0),
        (Talk(how="RSTO", packets=(6, 1)), 0),
        (Talk(how="SH"), TRIED | FLOW_DEAD),
        (Talk(how="ALIVE"), 0),
        (Talk(how="OTH"), FLOW_DEAD),
        (Talk(how="OTH", out=0), TRIED | FLOW_DEAD),
        (Talk(how="SYNACK"), FLOW_REPLY),
        (Talk(how="BACK"), FLOW_REPLY | FLOW_DEAD),
        (Talk(how="RST"), FLOW_REPLY | FLOW_DEAD),
        (Talk(how="ACK"), TRIED),
        (Talk(how="NULL"), TRIED),
        (Talk(how="FIN"), FLOW_PROBE),
        # a SYN from a low port asks all the same; what is not a SYN answers
        (Talk(how="S0", sport=53, dport=5_000), TRIED | FLOW_DEAD),
        (Talk(how="OTH", out=0, sport=443, dport=50_000), FLOW_REPLY | FLOW_DEAD),
        (Talk(proto=17, how=""), FLOW_ANSWERED),
        (Talk(proto=17, how="S0", packets=(4, 0)), TRIED | FLOW_DEAD),
        (Talk(proto=17, how="S0", packets=(5, 0)), FLOW_FAILED | FLOW_DEAD),
        (Talk(proto=17, how="S0", sport=53, dport=1_024), FLOW_REPLY | FLOW_DEAD),
        (Talk(proto=17, how="S0", sport=53, dport=1_023), TRIED | FLOW_DEAD),
        (Talk(proto=1, dport=8, how=""), FLOW_ANSWERED),
        (Talk(proto=1, dport=8, how="S0"), FLOW_PROBE | FLOW_DEAD),
        (Talk(proto=1, dport=3, how="S0"), FLOW_REPLY | FLOW_DEAD),
        (Talk("fd00::1", "2001:db8::1", proto=58, dport=128, how="S0"), FLOW_PROBE | FLOW_DEAD),
        (Talk("fd00::1", "2001:db8::1", proto=58, dport=1, how="S0"), FLOW_REPLY | FLOW_DEAD),
        (Talk(proto=2, dport=0, how="S0"), FLOW_DEAD),
        (Talk(proto=132, dport=0, how="S0"), FLOW_PROBE | FLOW_DEAD),
        (Talk(proto=132, dport=0, how=""), FLOW_ANSWERED),
        (Talk(dst="224.0.0.251", proto=17, how="S0"), FLOW_GROUP | FLOW_DEAD),
        (Talk(dst="239.255.255.250", proto=17, how="S0"), FLOW_GROUP | FLOW_DEAD),
        (Talk(dst="10.0.0.255", proto=17, how="S0"), FLOW_GROUP | FLOW_DEAD),
        (Talk(dst="203.0.113.255", proto=17, how="S0"), TRIED | FLOW_DEAD),
        (Talk("fd00::1", "ff02::fb", proto=17, how="S0"), FLOW_GROUP | FLOW_DEAD),
        (Talk(how="S0", reason=EndReason.ATTEMPT), TRIED | FLOW_DEAD),
        (Talk(how="S0", attempted=True), TRIED | FLOW_DEAD | FLOW_UPDATE),
        (Talk(how="S1", updates=1, reason=EndReason.ACTIVE), FLOW_ANSWERED | FLOW_UPDATE),
        (Talk(how="S1", reason=EndReason.ACTIVE), FLOW_ANSWERED),
    ],
)
def test_class_of_one_flow(talk: Talk, wanted: int) -> None:
    assert classes_of(talk) == wanted


def test_who_was_seen_answering_answers() -> None:
    served = Talk("10.0.0.2", "203.0.113.9", 20_000, proto=17, how="")
    late = Talk("203.0.113.9", "10.0.0.3", 50_000, proto=17, how="S0", sport=20_000)
    assert classes_of(served, late) == FLOW_REPLY | FLOW_DEAD
    other = Talk("203.0.113.9", "10.0.0.3", 50_000, proto=17, how="S0", sport=20_001)
    assert classes_of(served, other) == TRIED | FLOW_DEAD


def test_who_serves_scans_all_the_same_if_it_begins_with_a_syn() -> None:
    served = Talk("10.0.0.2", "10.0.0.9", 8_080)
    scan = Talk("10.0.0.9", "10.0.0.3", 50_000, how="S0", sport=8_080)
    assert classes_of(served, scan) == TRIED | FLOW_DEAD

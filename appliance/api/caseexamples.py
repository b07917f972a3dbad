"""One example of each answer about alerts and what is learnt, for the OpenAPI document."""

from typing import Any

import msgspec

from appliance.api.examples import NOON
from appliance.api.schemas import (
    Accepted,
    AlertCountList,
    AlertList,
    IncidentList,
    ModelList,
    MuteList,
    ProposalList,
    WindowList,
)
from appliance.model.alert import Alert, AlertState, Evidence, Incident, Mute, Term
from appliance.model.views import (
    AlertCount,
    HostWindow,
    ModelRow,
    MutePreview,
    MuteProposal,
    TrainingStatus,
)
from appliance.model.window import FEATURES

ALERT = Alert(
    id="A7K2M9QXW4T1P",
    ts=NOON,
    first_seen=NOON - 28_800,
    last_seen=NOON,
    kind="beacon",
    severity="high",
    confidence=0.93,
    host="192.168.1.20",
    device="nas-2",
    peer="203.0.113.7",
    peer_name="update.example.net",
    peer_org="Example Networks",
    peer_country="DE",
    port=4_444,
    proto="tcp",
    title="Beacon",
    summary="nas-2 (192.168.1.20) has contacted 203.0.113.7 every 300 s, 96 times since 04:00.",
    advice="Find the program behind it, or unplug the device.",
    evidence=[
        Evidence(
            rule="beacon",
            family="beacon",
            ts=NOON,
            weight=3.9,
            sentence="contacted 203.0.113.7 port 4444 every 300 s, 96 times in 8 hours",
            peer="203.0.113.7",
            port=4_444,
            proto="tcp",
            count=96,
            terms=(Term("timing", 2.4, "96 contacts, one every 300 s"),),
        )
    ],
    technique="T1071",
    technique_name="Application Layer Protocol",
    score=3.9,
    count=96,
    incident="INC-1001",
    sensor="sensor-1",
)
ACKNOWLEDGED = msgspec.structs.replace(
    ALERT, state=AlertState.ACKNOWLEDGED, acknowledged_by="mira", comment="I am looking at it."
)
INCIDENT = Incident(
    id="INC-1001",
    title="nas-2: beacon",
    severity="high",
    score=3.9,
    host="192.168.1.20",
    device="nas-2",
    first_seen=NOON - 28_800,
    last_seen=NOON,
    kinds=("beacon",),
    alerts=(ALERT.id,),
    timeline=[(NOON, ALERT.summary)],
)
MUTE = Mute(
    id=3,
    device="nas-2",
    kind="beacon",
    peer_name="update.example.net",
    port=4_444,
    created=NOON,
    expires=NOON + 30 * 86_400,
    created_by="mira",
    reason="The maker's update service.",
)
PREVIEW = MutePreview(matched=4, by_severity={"low": 3, "high": 1}, alerts=(ALERT.id,))
WINDOW = HostWindow(
    start=NOON - 600,
    length=600.0,
    evidence=0.81,
    model=0.93,
    score=0.88,
    values=dict.fromkeys(FEATURES, 0.0) | {"total_flows": 212.0, "unique_dest_ips": 31.0},
)
MODEL = ModelRow(
    version=7,
    name="hosts",
    created=NOON,
    active=True,
    promoted=True,
    since=NOON - 604_800,
    until=NOON,
    rows=9_120,
    threshold=0.61,
    note="agrees with the version before on 99.2 % of the last day",
    figures={"flagged_per_day": 0.9},
)

ALERTS = AlertList(count=1, data=[ALERT], next="41")
COUNTS = AlertCountList(
    count=1, data=[AlertCount(t=int(NOON), kind="beacon", severity="high", count=1)]
)
INCIDENTS = IncidentList(count=1, data=[INCIDENT])
MUTES = MuteList(count=1, data=[MUTE])
PROPOSALS = ProposalList(count=1, data=[MuteProposal(mute=MUTE, preview=PREVIEW)])
WINDOWS = WindowList(count=1, data=[WINDOW])
MODELS = ModelList(
    count=1, data=[MODEL], training=TrainingStatus(state="idle", finished=NOON, outcome="promoted")
)
ACCEPTED = Accepted(status="accepted", message="Training begins.")

DECISION: dict[str, Any] = {"comment": "The maker's update service.", "verdict": "false"}
MUTE_BODY: dict[str, Any] = {"device": "nas-2", "kind": "beacon", "port": 4_444, "days": 30}
ALERT_MUTE_BODY: dict[str, Any] = {"choice": 0, "days": 30, "reason": "The update service."}
ROLLBACK: dict[str, Any] = {"version": 6}

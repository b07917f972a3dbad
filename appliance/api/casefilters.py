"""What the routes about alerts and what is learnt accept: parameters and bodies."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from appliance.api.filters import Count, Cursor, Since, Until, Window
from appliance.api.parameters import Body, Query, check_prefix
from appliance.api.problem import BadParameter
from appliance.model.alert import KINDS, Mute
from appliance.model.views import AlertFilter

MUTE_DAYS = 30  # a mute asks again after this, unless something else is said

Severity = Literal["", "info", "low", "medium", "high", "critical"]
Short = Annotated[str, Meta(max_length=64)]


class CaseQuery(Query):
    """What lists of alerts and of incidents have in common."""

    since: Since | None = None
    until: Until | None = None
    kind: Annotated[
        str, Meta(max_length=32, description="What was detected.", examples=["port_scan"])
    ] = ""
    severity: Annotated[Severity, Meta(description="At least so severe.", examples=["medium"])] = ""
    state: Annotated[
        Literal["", "open", "acknowledged", "closed", "muted"],
        Meta(description="What people have done about it.", examples=["open"]),
    ] = ""
    host: Annotated[
        str,
        Meta(
            max_length=64,
            description="Whose behaviour it is: an address or a CIDR prefix.",
            examples=["192.168.1.0/24"],
        ),
    ] = ""
    device: Annotated[
        str, Meta(max_length=253, description="Name or MAC of the device.", examples=["nas-2"])
    ] = ""
    text: Annotated[
        str,
        Meta(max_length=253, description="Part of what it says, any case.", examples=["beacon"]),
    ] = ""
    cursor: Cursor = ""
    limit: Count = 50

    def narrow(self) -> AlertFilter:
        """Return the filter; raises BadParameter for what is no kind, address or range."""
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise BadParameter("since", "must lie before until")
        if self.kind and self.kind not in KINDS:
            raise BadParameter("kind", f"is not known; known are {', '.join(KINDS)}")
        fields = msgspec.structs.asdict(self)
        return AlertFilter(**fields | {"host": check_prefix("host", self.host)})


class AlertQuery(CaseQuery):
    """What GET /api/v1/alerts accepts."""

    incident: Annotated[
        str, Meta(max_length=32, description="Of one incident.", examples=["INC-1001"])
    ] = ""


class AlertCountsQuery(Window):
    """What GET /api/v1/alerts/counts accepts."""

    step: Annotated[
        int,
        Meta(ge=60, le=86_400, description="Length of one step, s.", examples=[3600]),
    ] = 3_600


class WindowsQuery(Window):
    """What GET /api/v1/hosts/{ip}/windows accepts."""

    limit: Annotated[
        int, Meta(ge=1, le=10_000, description="The newest so many.", examples=[144])
    ] = 1_440


class ProposalQuery(Query):
    """What POST /api/v1/alerts/{id}/mute accepts."""

    preview: Annotated[
        bool,
        Meta(description="Change nothing, show what could be muted.", examples=[True]),
    ] = False


class DecisionBody(Body):
    """What somebody says about an alert."""

    comment: Annotated[str, Meta(max_length=1_000, description="For those who come later.")] = ""
    verdict: Annotated[Literal["", "real", "false"], Meta(description="Was it what it says?")] = ""
    by: Annotated[str, Meta(max_length=64, description="Who says so.")] = ""


class AlertMuteBody(Body):
    """Which of the proposed mutes to put in force, and for how long."""

    choice: Annotated[int, Meta(ge=0, le=20, description="0 is the narrowest.")] = 0
    days: Annotated[int, Meta(ge=0, le=3_650, description="How long; 0 for ever.")] = MUTE_DAYS
    reason: Annotated[str, Meta(max_length=1_000, description="Why.")] = ""
    by: Annotated[str, Meta(max_length=64, description="Who says so.")] = ""


class MuteBody(Body):
    """A mute: every field that is given must match, at least one must be given."""

    host: Annotated[str, Meta(max_length=64, description="Address or CIDR prefix.")] = ""
    device: Annotated[str, Meta(max_length=253, description="Name or MAC of a device.")] = ""
    kind: Annotated[str, Meta(max_length=32, description="What was detected.")] = ""
    peer: Annotated[str, Meta(max_length=64, description="Address or CIDR prefix.")] = ""
    peer_name: Annotated[
        str, Meta(max_length=253, description="A name; with a leading dot all below it.")
    ] = ""
    asn: Annotated[int, Meta(ge=0, le=4_294_967_295, description="The peer's AS number.")] = 0
    port: Annotated[int, Meta(ge=0, le=65_535, description="The peer's port.")] = 0
    days: Annotated[int, Meta(ge=0, le=3_650, description="How long; 0 for ever.")] = MUTE_DAYS
    reason: Annotated[str, Meta(max_length=1_000, description="Why.")] = ""
    by: Annotated[str, Meta(max_length=64, description="Who says so.")] = ""

    def to_mute(self, now_s: float) -> Mute:
        """Return the mute; raises BadParameter for one that would silence everything, or nothing.

        now_s : s since the epoch
        """
        if self.kind and self.kind not in KINDS:
            raise BadParameter("kind", f"is not known; known are {', '.join(KINDS)}")
        fields = {
            name: getattr(self, name)
            for name in ("host", "device", "kind", "peer", "peer_name", "asn", "port")
        }
        if not any(fields.values()):
            raise BadParameter("body", "names nothing: it would silence everything")
        for name in ("host", "peer"):
            fields[name] = check_prefix(name, fields[name])
        return Mute(
            **fields,
            created=now_s,
            expires=now_s + self.days * 86_400 if self.days else 0.0,
            created_by=self.by,
            reason=self.reason,
        )


class RollbackBody(Body):
    """Which version shall judge from now on."""

    version: Annotated[int, Meta(ge=0, le=1_000_000_000, description="0 = the one before.")] = 0


class TrainBody(msgspec.Struct, kw_only=True):
    """What POST /api/train_model accepts. Other fields do no harm: training uses what is stored."""

    source_ip: str = ""
    window_minutes: int = 0

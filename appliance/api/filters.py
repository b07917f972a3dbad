"""What each route accepts as query parameters: bounds, descriptions and examples in one place."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from appliance.api.parameters import Query, check_prefix
from appliance.api.problem import BadParameter
from appliance.model.views import FlowFilter

MAX_TRAFFIC_POINTS = 10_000

Count = Annotated[int, Meta(ge=1, le=1_000, description="Rows at most.", examples=[50])]
Minutes = Annotated[
    int,
    Meta(ge=1, le=525_600, description="Range before `until`. Not with `since`.", examples=[60]),
]
Since = Annotated[
    float,
    Meta(ge=0, le=4e9, description="Start, s since the epoch.", examples=[1763640000]),
]
Until = Annotated[
    float,
    Meta(
        ge=0, le=4e9, description="End, s since the epoch; now if left out.", examples=[1763643600]
    ),
]
Cursor = Annotated[
    str, Meta(max_length=200, description="`next` of the page before.", examples=["eyJ0IjoxfQ"])
]


class Window(Query):
    """A range of time: `minutes` before `until`, or from `since` to `until`."""

    minutes: Minutes | None = None
    since: Since | None = None
    until: Until | None = None

    def bounds(self, now_s: float, minutes: int = 60) -> tuple[float, float]:
        """Return (since, until) in s since the epoch; `minutes` holds if nothing was asked for."""
        if self.since is not None and self.minutes is not None:
            raise BadParameter("minutes", "give either minutes or since, not both")
        until = now_s if self.until is None else self.until
        since = self.since
        if since is None:
            since = max(0.0, until - 60 * (self.minutes or minutes))
        if since >= until:
            raise BadParameter("since", "must lie before until")
        return since, until


class FlowQuery(Query):
    """What GET /api/v1/flows accepts: the fields of FlowFilter, each with its bounds."""

    address: Annotated[
        str,
        Meta(
            max_length=64,
            description="Either end: an address or a CIDR prefix.",
            examples=["192.168.1.0/24"],
        ),
    ] = ""
    src: Annotated[
        str,
        Meta(max_length=64, description="Originator: address or prefix.", examples=["10.0.0.5"]),
    ] = ""
    dst: Annotated[
        str,
        Meta(
            max_length=64, description="Responder: address or prefix.", examples=["2001:db8::/32"]
        ),
    ] = ""
    port: (
        Annotated[int, Meta(ge=0, le=65_535, description="Either end's port.", examples=[443])]
        | None
    ) = None
    proto: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9-]{0,16}$",
            description="IP protocol, name or number.",
            examples=["tcp"],
        ),
    ] = ""
    country: Annotated[
        str,
        Meta(
            pattern="^([A-Za-z]{2}|[Ll]ocal|[Uu]nknown|)$",
            description="Either end: ISO 3166-1 alpha-2, `Local` or `Unknown`.",
            examples=["DE"],
        ),
    ] = ""
    asn: (
        Annotated[
            int,
            Meta(ge=0, le=4_294_967_295, description="Either end's AS number.", examples=[64496]),
        ]
        | None
    ) = None
    name: Annotated[
        str, Meta(max_length=253, description="Part of a name, any case.", examples=["example"])
    ] = ""
    state: Annotated[
        Literal[
            "", "S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH",
            "SHR", "OTH",
        ],
        Meta(description="Zeek's conn_state.", examples=["SF"]),
    ] = ""  # fmt: skip
    direction: Annotated[
        Literal["", "inbound", "outbound", "local", "external"],
        Meta(description="Relative to the home networks.", examples=["outbound"]),
    ] = ""
    since: Since | None = None
    until: Until | None = None
    cursor: Cursor = ""
    limit: Count = 50

    def narrow(self) -> FlowFilter:
        """Return the filter; raises BadParameter for what is no address or no range."""
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise BadParameter("since", "must lie before until")
        fields = msgspec.structs.asdict(self)
        for name in ("address", "src", "dst"):
            fields[name] = check_prefix(name, fields[name])
        short = len(self.country) == 2
        fields["country"] = self.country.upper() if short else self.country.capitalize()
        fields["proto"] = self.proto.lower()
        return FlowFilter(**fields)


class HostsQuery(Window):
    """What GET /api/v1/hosts accepts."""

    limit: Count = 50
    cursor: Cursor = ""
    search: Annotated[
        str,
        Meta(
            max_length=253,
            description="Part of an address, name or vendor, any case.",
            examples=["printer"],
        ),
    ] = ""


class TrafficQuery(Window):
    """What GET /api/v1/traffic accepts."""

    step: Annotated[
        int,
        Meta(
            ge=60,
            le=86_400,
            multiple_of=60,
            description="Length of one point, s; whole minutes.",
            examples=[60],
        ),
    ] = 60
    limit: Annotated[
        int,
        Meta(ge=1, le=MAX_TRAFFIC_POINTS, description="The newest so many points.", examples=[60]),
    ] = 1_440


class TopQuery(Window):
    """What GET /api/v1/top-ips accepts."""

    limit: Annotated[int, Meta(ge=1, le=100, description="Rows at most.", examples=[10])] = 10
    local: (
        Annotated[
            bool, Meta(description="Only our own (true) or only foreign (false).", examples=[True])
        ]
        | None
    ) = None


class CountriesQuery(Window):
    """What GET /api/v1/countries accepts."""

    limit: Annotated[int, Meta(ge=1, le=250, description="Rows at most.", examples=[250])] = 250

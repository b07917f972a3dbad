"""What dissection of sampled packets found out about a flow and about a device."""

import msgspec


class FlowMeta(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Application metadata of one flow. "" or () where not seen."""

    service: str = ""  # dns tls quic http ssh dhcp mdns nbns llmnr ssdp
    name: str = ""  # best name of the responder: SNI, HTTP host, else passive DNS
    dns_query: str = ""  # the first question asked on the flow
    dns_type: str = ""  # A AAAA PTR HTTPS ...
    dns_rcode: str = ""  # NOERROR NXDOMAIN ... "" while unanswered
    dns_answers: tuple[str, ...] = ()  # at most 16
    sni: str = ""
    alpn: str = ""  # first protocol offered
    ja4: str = ""  # client fingerprint
    tls_version: str = ""  # highest offered: "TLSv1.3", ...
    http_method: str = ""
    http_host: str = ""
    http_path: str = ""  # at most 256 characters
    user_agent: str = ""
    ssh_client: str = ""  # banner without "SSH-2.0-" kept whole, at most 255 characters
    ssh_server: str = ""


class DeviceFact(msgspec.Struct, kw_only=True, frozen=True):
    """Something one packet said about a device. Facts are idempotent; the newest wins."""

    ts_ns: int
    mac: int  # 48 bits, 0 unknown
    addr_hi: int = 0  # 0, 0 unknown
    addr_lo: int = 0
    source: str = ""  # arp dhcp dhcpv6 mdns nbns
    hostname: str = ""
    vendor_class: str = ""  # DHCP option 60
    fingerprint: str = ""  # DHCP option 55 as "1,3,6,15"

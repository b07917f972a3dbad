import socket
from pathlib import Path

from appliance.capture.interfaces import (
    choose_route4,
    choose_route6,
    count_lost,
    default_interface,
    interface_addresses,
    interface_prefixes,
    offload_warnings,
    read_link,
    read_name,
)

HEAD4 = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
ANY6 = "0" * 32


def route4(name: str, target: str, mask: str, metric: int, flags: str = "0003") -> str:
    return f"{name}\t{target}\t0101A8C0\t{flags}\t0\t0\t{metric}\t{mask}\t0\t0\t0\n"


def route6(name: str, target: str, length: str, metric: str, flags: str = "00000003") -> str:
    return f"{target} {length} {ANY6} 00 {ANY6} {metric} 00000001 00000000 {flags} {name}\n"


def test_default_route_of_lowest_metric_that_is_up() -> None:
    table = HEAD4 + "".join(
        [
            route4("lan0", "0001A8C0", "00FFFFFF", 0),
            route4("half0", "00000000", "00000080", 0),  # 0.0.0.0/1 is not the default
            route4("wlan0", "00000000", "00000000", 600),
            route4("dead0", "00000000", "00000000", 1, flags="0002"),
            route4("eth0", "00000000", "00000000", 100),
        ]
    )
    assert choose_route4(table) == "eth0"
    assert choose_route4(HEAD4) is None
    assert choose_route4("") is None
    assert choose_route4(HEAD4 + "cut\t0000") is None


def test_default_route_of_ipv6_leaves_out_the_loopback() -> None:
    table = "".join(
        [
            route6("lo", ANY6, "00", "00000000"),
            route6("eth0", "fd" + ANY6[2:], "40", "00000000"),
            route6("wlan0", ANY6, "00", "00000400"),
            route6("eth1", ANY6, "00", "00000100"),
            route6("dead0", ANY6, "00", "00000001", flags="00200200"),
        ]
    )
    assert choose_route6(table) == "eth1"
    assert choose_route6("") is None


def test_this_machine_answers() -> None:
    name = default_interface()
    assert name is None or read_link(name) is not None


def test_loopback_is_known_as_such() -> None:
    link = read_link("lo")
    assert link is not None
    assert link.loopback
    assert link.ethernet
    assert link.number == socket.if_nametoindex("lo")
    assert read_name(link.number) == "lo"
    flags = int(Path("/sys/class/net/lo/flags").read_text(), 16)
    assert link.up == bool(flags & 1)


def test_missing_interface_has_no_facts() -> None:
    assert read_link("none0") is None
    assert read_link("a name far too long for an interface") is None
    assert read_name(2**31 - 1) is None
    assert count_lost("none0") == 0
    assert interface_addresses("none0") == []
    assert interface_prefixes("none0") == []
    assert offload_warnings("none0") == []


def test_prefixes_are_networks_not_hosts() -> None:
    for hi, lo, length in interface_prefixes("lo"):
        assert (hi << 64 | lo) & ((1 << (128 - length)) - 1) == 0

"""Constants of the rules that count targets, ports and sources.

Origins: "study" is the measurement on labelled captures that these rules were built on; its values
sit where halving or doubling them changed no verdict unless noted. Weights are in half decisions.
"""

from appliance.detect.weightgroup import Group


class FanoutWeights(Group, frozen=True, kw_only=True):
    """What all scans share."""

    base: float = 3.0  # one clear scan
    per_doubling: float = 1.0  # of the count over its limit
    most: float = 2.0  # that doublings add
    outsider_limit: float = 3.0  # the Internet is scanned all day: never high
    half_life_s: float = 7_200.0
    spread_solo: float = 2.9  # thin over the Internet on a port of no service: a swarm looks so


class VerticalScanWeights(Group, frozen=True, kw_only=True):
    """Ports of one target."""

    ports_300_s: float = 15.0  # a client rarely meets 15 dead ports of one host (study)
    ports_3600_s: float = 25.0
    ports_day: float = 60.0
    probe_share: float = 0.5  # of all flows to the target; open ports dilute (study: .25 to .95)


class SweepWeights(Group, frozen=True, kw_only=True):
    """One port of many targets that never answered."""

    targets_300_s: float = 12.0  # busy browsers meet a few dead hosts (study: 6 = 12; 24 loses one)
    targets_3600_s: float = 20.0
    targets_day: float = 50.0
    dead_share: float = 0.5  # of all targets contacted on the port
    dead_share_web: float = 0.7  # preconnects and blocked trackers are half of a browser's life
    dead_share_dense: float = 0.25  # where targets stand close together
    dense: float = 5.0  # targets of one /24


class WebFanoutWeights(Group, frozen=True, kw_only=True):
    """Dead web hosts: a hint only, ad blockers make them too."""

    weight: float = 1.6  # below any alert (study)
    targets: float = 6.0  # in 300 s
    share: float = 0.2
    mostly: float = 0.4  # still below; a blocked tracker stands beside pages that load
    mostly_share: float = 0.45


class BlockScanWeights(Group, frozen=True, kw_only=True):
    """Several ports of several targets."""

    weight: float = 3.2
    probes: float = 40.0  # in 300 s
    hosts: float = 3.0
    ports: float = 5.0
    probe_share: float = 0.6
    dense: float = 3.0  # pairs of one /24; peers of a swarm stand alone


class IcmpSweepWeights(Group, frozen=True, kw_only=True):
    """Echo to many targets."""

    weight: float = 3.0
    hosts: float = 10.0  # in 300 s; 20 would lose a sweep of 18 (study)
    alive_share: float = 0.7  # who pings what mostly answers watches, and does not search
    watched: float = -1.8  # ... so much less


class ProtocolScanWeights(Group, frozen=True, kw_only=True):
    """IP protocols tried at one target."""

    weight: float = 3.5
    protocols: float = 8.0  # a router speaks two or three


class StealthScanWeights(Group, frozen=True, kw_only=True):
    """First packets no TCP client sends."""

    weight: float = 2.5
    per_probe: float = 0.1
    most: float = 1.0
    probes: float = 2.0
    few: float = 5.0  # fewer are a fingerprint of one machine: low at most
    few_solo: float = 2.9
    acks: float = 15.0  # bare ACKs: old connections waking up look so, but not on ports in a row
    acks_dense: float = 8.0  # of one /24


class SpoofedFloodWeights(Group, frozen=True, kw_only=True):
    """Many sources failing at one service."""

    weight: float = 3.5
    sources: float = 100.0
    rate_s: float = 60.0  # the last 64 of them within
    rate_swarm_s: float = 10.0  # the same for UDP to a high port: peers of a swarm seek a lost one
    flows_each: float = 1.5  # invented sources come once; people at a dead service come again
    returning: float = -0.9  # ... so much less


class LateralWeights(Group, frozen=True, kw_only=True):
    """Answered sessions with the administration services of several inside machines."""

    weight: float = 1.6  # low by itself, strong as corroboration (study)
    winrm: float = 0.6
    per_host: float = 0.3  # beyond the second
    most: float = 1.2
    hosts: float = 2.0
    smb_hosts: float = 5.0  # file sharing is everyday life
    solo: float = 2.9  # administrators do this all day

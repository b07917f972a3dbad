"""Constants of the rules that read DNS, ICMP, ARP and DHCP, of new devices and of lists.

Weights are in half decisions. "study" is the measurement on labelled captures that these rules were
built on; other origins are named.
"""

from appliance.detect.weightgroup import Group


class DgaWeights(Group, frozen=True, kw_only=True):
    """Names that do not exist, of domains nobody would register."""

    weight: float = 2.4
    per_doubling: float = 0.5
    most: float = 1.6
    domains_300_s: float = 10.0  # Slips: 10, 15, 20 names; Maltrail: 20 an hour
    domains_3600_s: float = 15.0
    domains_day: float = 20.0
    drawn_share: float = 0.35  # of the failed domains; one in twelve thought-up names looks drawn
    plain_domains: float = 40.0  # an hour of names that read like words: word lists, bad luck
    plain_weight: float = 2.3
    plain_solo: float = 2.9
    failed_share: float = 0.5  # of the client's answers, for names that read like names
    half_life_s: float = 7_200.0


class DnsTunnelWeights(Group, frozen=True, kw_only=True):
    """Long names, each another, below one domain."""

    weight: float = 2.4
    names_300_s: float = 30.0  # RITA ranks by subdomains; a page load makes a handful of long ones
    names_3600_s: float = 100.0
    names_day: float = 400.0
    characters: float = 24.0  # mean, in front of the registered domain
    short_names_300_s: float = 100.0  # the same count rule for 16 to 24 characters: polling
    per_characters: float = 0.05  # beyond
    characters_most: float = 1.2
    per_doubling: float = 0.3
    doublings_most: float = 3.0
    odd_types: float = 0.6  # TXT, NULL, CNAME, MX, SRV and private types carry more
    odd_share: float = 0.5
    # A file's hash is 32 to 64 characters, asked for as an address: so do programs against viruses.
    clear_characters: float = 70.0
    solo: float = 2.2  # shorter names of plain types alone are no alert
    half_life_s: float = 7_200.0


class DnsBurstWeights(Group, frozen=True, kw_only=True):
    """Far more questions than usual."""

    weight: float = 1.8
    questions: float = 100.0  # in 300 s (study)
    times_median: float = 5.0  # of the client's own five minutes (study)
    per_doubling: float = 0.6
    most: float = 1.2
    solo: float = 2.2  # a rich web page does it too: only as corroboration


class DnsFlowTunnelWeights(Group, frozen=True, kw_only=True):
    """A tunnel over DNS where no names are known."""

    weight: float = 2.2
    out_bytes: float = 8_192.0  # of questions (study)
    mean_from: float = 65.0  # payload bytes a question; plain ones have 30 to 60 (study)
    mean_to: float = 280.0  # a name cannot carry more; what is bigger is no question (study)
    per_byte: float = 0.0333
    per_byte_most: float = 1.8
    per_doubling: float = 0.3
    doublings_most: float = 3.0
    packets: float = 60.0
    span_s: float = 3_600.0  # in which it must come together
    clear_mean: float = 90.0  # bytes; below, look-ups of files by their hash are the same records
    solo: float = 2.2  # such alone are no alert
    half_life_s: float = 7_200.0


class IcmpTunnelWeights(Group, frozen=True, kw_only=True):
    """Echo that carries something."""

    weight: float = 3.2
    strong: float = 0.6
    packets: float = 30.0  # (study)
    mean_bytes: float = 80.0  # ping sends 32 or 56
    bytes: float = 10_240.0
    asymmetry: float = 0.05  # of the mean sizes each way: an echo is a mirror
    asymmetry_clear: float = 0.15
    clear_bytes: float = 4_096.0
    variation: float = 0.1  # of frame sizes each way
    constant: float = 0.02  # less variation is one size each way: a ping, however big
    mirrored: float = -1.2  # sizes vary, but every answer is the same: probing of the path's MTU
    answers: float = 5.0  # packets each way before asymmetry means anything
    half_life_s: float = 7_200.0


class ArpSpoofWeights(Group, frozen=True, kw_only=True):
    """An address claimed by a second machine."""

    conflict: float = 1.5
    flip_flop: float = 1.2  # both go on claiming it
    repeated: float = 0.8  # answers nobody asked for, again and again
    repeats: float = 3.0
    other_address: float = 0.5  # the claimant has an address of its own
    both_sides: float = 0.8  # it claims two machines' addresses
    asks_itself: float = 1.8  # it asks for the address it claims: it needs the true owner
    keep: float = 2.3  # less than this is a machine that moved, or has two addresses
    gateway: float = 0.6
    gateway_askers: float = 3.0  # machines that asked for an address
    alive_s: float = 900.0  # an owner silent for so long has moved on
    half_life_s: float = 7_200.0


class ArpScanWeights(Group, frozen=True, kw_only=True):
    """Many addresses asked for."""

    weight: float = 2.8
    targets_30_s: float = 20.0
    targets_600_s: float = 60.0
    per_doubling: float = 0.2
    most: float = 0.8
    dead_share: float = 0.5  # of the targets, never seen alive; a router asks for who exists
    solo: float = 3.4  # inventory tools do it too: not high alone
    router: float = -1.4  # it asks for whoever is called from elsewhere
    router_answers: float = 20.0  # addresses it has been asked for or by
    half_life_s: float = 7_200.0


class DhcpFloodWeights(Group, frozen=True, kw_only=True):
    """More DHCP clients than there are machines."""

    weight: float = 3.0
    clients_60_s: float = 30.0  # a school bell; starvation tools make hundreds
    messages_60_s: float = 100.0  # of one machine
    per_doubling: float = 0.4
    most: float = 1.6
    half_life_s: float = 7_200.0


class DhcpScanWeights(Group, frozen=True, kw_only=True):
    """One client asking for one address after another."""

    weight: float = 2.4
    addresses: float = 4.0  # Slips: 4, 8, 12
    window_s: float = 3_600.0
    per_doubling: float = 0.5
    most: float = 1.0
    solo: float = 2.9
    half_life_s: float = 7_200.0


class NewDeviceWeights(Group, frozen=True, kw_only=True):
    """A machine never seen here."""

    weight: float = 1.0  # to know, not to wake anybody
    named_after_s: float = 60.0  # a made-up MAC waits so long for its host name


class IntelWeights(Group, frozen=True, kw_only=True):
    """Lists of known bad."""

    name: float = 3.6  # spoken to under the listed name
    asked: float = 3.0  # the name was only looked up
    address: float = 3.2
    network: float = 2.6  # listed as part of a network
    vendor: float = -2.2  # a CDN's address is everybody's
    cloud: float = -0.7  # a rented address may have had another tenant
    inbound: float = -1.8  # it called us: so does every scanner
    resolver: float = -1.5  # it asks on behalf of others, who are seen themselves
    silent: float = -0.4  # and nothing came back
    wide_bits: float = 16.0  # networks wider than this are a country, not a suspect
    wide: float = -0.8
    half_life_s: float = 86_400.0

"""Constants of the score of a host's window and of a device's own history."""

from appliance.detect.weightgroup import Group


class EvidenceWeights(Group, frozen=True, kw_only=True):
    """Where a feature of a window is as likely evidence as not (`_at`), and how sharply (`_by`).

    Features that count things enter as log1p of the count. Moving one centre by a factor of two
    moves the ROC-AUC by hundredths.
    """

    top: float = 0.95  # no family of features alone is certain
    volume_top: float = 0.85  # uploads are an everyday matter
    regular_at: float = 2.6  # the pair score at which a beacon is an alert of its own
    regular_by: float = 0.35
    burst_at: float = 3.9  # ln 50 sessions with one rare peer
    burst_by: float = 0.5
    failed_peer_at: float = 2.8  # ln 16: clients give up sooner
    failed_peer_by: float = 0.5
    failed_rate_at: float = 0.75
    failed_rate_by: float = 0.15
    rare_odd_at: float = 1.4  # ln 4
    rare_odd_by: float = 0.5
    ports_of_one_at: float = 2.6  # ln 13: a client rarely meets so many silent ports of one peer
    ports_of_one_by: float = 0.4
    sweep_at: float = 2.6  # ln 13 hosts
    sweep_by: float = 0.4
    out_ratio_at: float = 2.5  # twelve times more sent than received
    out_ratio_by: float = 0.7
    out_volume_at: float = 3.9  # 5 MB
    out_volume_by: float = 0.7
    dns_at: float = 4.9  # ln 130 questions
    dns_by: float = 0.4
    dns_failed_at: float = 3.9  # ln 50 names that do not exist; search lists yield some
    dns_failed_by: float = 0.4
    admin_at: float = 1.25  # ln 3.5 machines administered
    admin_by: float = 0.2
    new_peers_at: float = 0.8
    new_peers_by: float = 0.15
    icmp_at: float = 2.5  # 12 kB of echo
    icmp_by: float = 0.5
    dead_peer_at: float = 3.9  # ln 50 failures of one peer, over all the time it is known
    dead_peer_by: float = 0.4
    logins_at: float = 3.0  # ln 20 sessions
    logins_by: float = 0.4
    signal_at: float = 2.3  # what is a low alert
    signal_by: float = 0.4


class CarryWeights(Group, frozen=True, kw_only=True):
    """How a device's earlier windows colour the present one.

    Suspicion fades, it does not stop; what a device does all the time is its work.
    """

    half_life_s: float = 21_600.0  # six hours: a beacon of a working day survives lunch
    share: float = 0.35  # of the earlier evidence; below what the evidence itself was worth
    floor: float = 0.7  # evidence below is of everyday windows too and is not carried
    work_windows: float = 24.0  # the last so many windows of a device show what its work is
    work_known: float = 12.0  # before so many are known nothing is called its work
    work_share: float = 0.75  # of them that must be like it


class HistoryWeights(Group, frozen=True, kw_only=True):
    """How a device's own past is kept, and what of it is a signal."""

    keep: float = 0.93  # a day's share of the day before: half is forgotten in ten days
    normal: float = 1.0  # weight of a window that nothing speaks against
    doubtful: float = 0.1  # of one with evidence above `doubtful_at`
    bad: float = 0.01  # of one with evidence above `bad_at`: an attack must not become the norm
    doubtful_at: float = 0.35
    bad_at: float = 0.7
    windows: float = 72.0  # of earlier days, before a device is compared with itself
    surprise: float = 3.5  # sum of -log10 of the three rarest features, 1 : .6 : .3; two new things
    peers: float = 3.0  # the same against the other devices, which must agree
    agree: float = 0.5  # or the window's evidence does
    base: float = 1.0  # weight of the signal at these limits
    per_decade: float = 0.4  # of surprise above the limit
    most: float = 2.0
    alone: float = 2.2  # the device's score counts no more while nothing else agrees: no alert
    half_life_s: float = 14_400.0

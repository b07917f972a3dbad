"""What the rhythm and sizes of a contact's last flows amount to: features for the judges.

Made by kernels/regularity.py from a contact and its ring of timings; one record a judged row.
Times in s, sizes in bytes of payload. `n` 0 means that the contact has no ring.
"""

import numpy as np

PAIR_DTYPE = np.dtype(
    [
        ("row", "<u4"),  # of the contact
        ("used", "<u2"),  # flows in the ring
        ("n", "<u2"),  # contacts after merging starts closer than `gap`
        ("gap", "<f8"),  # s, the merge that gave the most regular picture
        ("span", "<f8"),  # s, first to last contact; of the ring, stretched to all contacts
        # of the intervals between merged contacts; 0 with fewer than MIN_INTERVALS of them
        ("median", "<f8"),  # s
        ("mad", "<f8"),  # s, median absolute deviation from it
        ("bowley", "<f8"),  # skew of the quartiles, -1..1; 0 if they are nearly equal
        ("ts", "<f8"),  # 0..1, how symmetric and narrow
        ("f35", "<f8"),  # share within 35 % of the median
        ("timed", "<f8"),  # 0..1, e_t: how certainly a timer sets the pace
        ("jitter_share", "<f8"),  # share of the intervals in (.3, 1.9) medians
        ("jitter_mad", "<f8"),  # of those, MAD / median
        ("jitter_kurtosis", "<f8"),  # of those, not the excess: 1.8 flat, 3 normal; 0 none
        ("off_grid", "<f8"),  # distance of the median to a multiple of 30 s, as a share of it
        # of all flows in the ring; 0 where there is no rhythm and hardly a flow lately
        ("ds", "<f8"),  # 0..1, how equal the requests are: 1 - MAD / median
        ("equal", "<f8"),  # share of requests within 10 % of the median request
        ("out", "<f8"),  # medians and their MADs
        ("out_mad", "<f8"),
        ("in", "<f8"),
        ("in_mad", "<f8"),
        ("duration", "<f8"),
        ("duration_mad", "<f8"),
        ("recent_300", "<u2"),  # flows that began in the 300 s before the newest did
        ("recent_600", "<u2"),
        ("failed_300", "<u2"),  # of recent_300
        ("talks_300", "<u2"),  # of recent_300: payload both ways
        ("ring_s", "<f8"),  # first to last start in the ring
    ]
)

MIN_INTERVALS = 8

# How regularity becomes one number between 0 and 1, given to the kernel as one record.
SHAPE_DTYPE = np.dtype(
    [
        ("ts_from", "<f8"), ("ts_width", "<f8"),
        ("f35_from", "<f8"), ("f35_width", "<f8"),
        ("n_from", "<f8"), ("n_width", "<f8"),
        ("span_s", "<f8"),
        ("merge_ratio", "<f8"),  # a merge needs a median interval this many gaps long
    ]
)  # fmt: skip

# How a contact stands among all others, made by kernels/survey.py. Counts saturate nowhere.
SURVEY_DTYPE = np.dtype(
    [
        ("users", "<u4"),  # hosts that talk to the same peer, this one among them
        ("net_users", "<u4"),  # hosts that talk to its /24
        ("siblings", "<u4"),  # other addresses of its /24 that the host uses on this port
        ("wide_siblings", "<u4"),  # other addresses of its /16, siblings among them
        ("clones", "<u4"),  # other peers of the host, same port, same mean sizes
        ("peers", "<u4"),  # contacts of the host in this direction
        ("regular", "<u4"),  # of these, with other peers, the ones a judge found regular
        ("odd", "<u4"),  # of these, with other peers, answered, from port 1024 on, unknown
    ]
)

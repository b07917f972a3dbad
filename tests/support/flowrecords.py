"""Any flow record there can be, for Hypothesis."""

import numpy as np
from hypothesis import strategies as st

from appliance.model.flow import FLOW_DTYPE

COUNTS = st.integers(0, 1 << 40)

sides = {
    "bytes": COUNTS,
    "payload": COUNTS,
    "ip_bytes": COUNTS,
    "packets": st.integers(0, 2**32 - 1),
    "port": st.integers(0, 65_535),
    "flags": st.integers(0, 255),
    "state": st.integers(0, 6),
    "gaps": st.integers(0, 2**30),
    "retrans": st.integers(0, 2**30),
}


@st.composite
def flow_rows(draw):
    row = np.zeros(1, FLOW_DTYPE)
    for side in ("orig", "resp"):
        for name, values in sides.items():
            row[side][name] = draw(values)
    row["first_ns"] = draw(st.integers(-(10**18), 4 * 10**18))
    row["last_ns"] = row["first_ns"] + draw(st.integers(0, 10**17))
    row["id"] = draw(st.integers(0, 2**64 - 1))
    for name in ("history_lo", "history_hi"):
        row[name] = draw(st.integers(0, 2**60 - 1))
    row["history_len"] = draw(st.integers(0, 24))
    row["proto"] = draw(st.integers(0, 255))
    row["direction"] = draw(st.integers(0, 3))
    row["reason"] = draw(st.integers(0, 5))
    row["tunnel"] = draw(st.integers(0, 7))
    row["bits"] = draw(st.integers(0, 255))
    row["size_min"], row["size_max"] = draw(st.tuples(*[st.integers(0, 65_535)] * 2))
    row["size_sumsq"] = draw(st.integers(0, 2**52))
    row["iat_min_us"], row["iat_max_us"] = draw(st.tuples(*[st.integers(0, 2**32 - 1)] * 2))
    row["iat_sumsq"] = draw(st.floats(0, 1e12))
    row["syn_rtt_us"], row["ack_rtt_us"] = draw(st.tuples(*[st.integers(0, 2**32 - 1)] * 2))
    return row

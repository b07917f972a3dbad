"""Compile or load the kernels of this package before they are needed."""

import numpy as np

from appliance.learn.flowscorer import FlowScorer, flow_keys
from appliance.learn.walk import score
from appliance.model.flow import FLOW_DTYPE
from appliance.model.flowkey import FLOW_FEATURES


def warm_up() -> None:
    """Drive every kernel once."""
    scorer = FlowScorer()
    flows = np.zeros(1, FLOW_DTYPE)
    scorer.score(flows)
    scorer.remember(flow_keys(flows), np.ones(1, np.uint32))
    score(scorer.forest, np.zeros((1, len(FLOW_FEATURES)), np.float32))

"""Isolation forests as arrays: what training leaves behind and what the kernels walk."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Nodes of a tree stand in preorder: the left child of node i is i + 1.
NODE_DTYPE = np.dtype(
    [
        ("feature", "<i2"),  # column that is compared, -1 in a leaf
        ("depth", "<u2"),  # steps from the root
        ("right", "<i4"),  # where to go on if larger; in a leaf: training rows that ended here
        ("threshold", "<f4"),  # left if value <= threshold; 0 in a leaf
    ]
)

# One fitted forest: trees of one sample size, whose mean depth gives one score.
MEMBER_DTYPE = np.dtype([("first", "<i4"), ("trees", "<i4"), ("norm", "<f8")])


class Forest(NamedTuple):
    """Groups of fitted forests. The score of a group is the mean of its members' scores."""

    nodes: NDArray[Any]  # NODE_DTYPE (n,)
    roots: NDArray[np.int32]  # first node of each tree
    members: NDArray[Any]  # MEMBER_DTYPE: `trees` roots from `first`; norm = path length of them
    groups: NDArray[np.int32]  # (g + 1,) first member of each group, and the end of the last
    lengths: NDArray[np.float64]  # mean path length of an isolation tree of 0, 1, 2 ... rows

"""What is usual for flows of this network: a forest over their kinds, as arrays."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.errors import DataError
from appliance.learn.forest import forest_arrays, read_forest
from appliance.learn.modelfile import ModelFile
from appliance.model.flowkey import FLOW_FEATURES, T_END
from appliance.model.forest import Forest

KIND = "flows"


class FlowModel(NamedTuple):
    """A trained model of flows."""

    forest: Forest
    rarity: NDArray[np.float32]  # (T_END,) bits, see model/flowkey.py
    usual: NDArray[np.float32]  # (FLOW_FEATURES,) medians
    threshold: float  # score from which a flow counts as an anomaly
    services: bool  # services were known in training

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what the model file keeps beside the numbers."""
        return {"rarity": self.rarity, "usual": self.usual} | forest_arrays(self.forest)


def read_flow_model(file: ModelFile) -> FlowModel:
    """Return the model of a file. Raises DataError if it does not fit this program."""
    file.expect(KIND, FLOW_FEATURES)
    for name, length in (("rarity", T_END), ("usual", len(FLOW_FEATURES))):
        array = file.arrays.get(name)
        if array is None or array.dtype != np.dtype("<f4") or array.shape != (length,):
            raise DataError(f"the flow model's {name} is missing or of another type")
    forest = read_forest(file.arrays, len(FLOW_FEATURES))
    return FlowModel(
        forest,
        file.arrays["rarity"],
        file.arrays["usual"],
        file.number("threshold"),
        bool(file.number("services")),
    )

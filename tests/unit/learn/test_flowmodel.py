"""A model of flows from a file is whole, or refused."""

import numpy as np
import pytest

from appliance.errors import DataError
from appliance.learn.flowmodel import KIND, FlowModel, read_flow_model
from appliance.learn.modelfile import About, ModelFile, make_model_file
from appliance.model.flowkey import FLOW_FEATURES


@pytest.fixture
def file(flow_model: FlowModel) -> ModelFile:
    numbers = {"threshold": flow_model.threshold, "services": 0.0}
    return make_model_file(
        About(kind=KIND, features=FLOW_FEATURES, numbers=numbers), flow_model.arrays()
    )


def test_it_survives_the_file(file: ModelFile, flow_model: FlowModel) -> None:
    model = read_flow_model(file)
    assert model.threshold == flow_model.threshold
    assert np.array_equal(model.rarity, flow_model.rarity)
    assert not model.services


def test_arrays_that_do_not_fit_are_refused(file: ModelFile) -> None:
    for name, array in file.arrays.items():
        for bad in (None, array[:-1], np.zeros(3, np.int8)):
            arrays = dict(file.arrays)
            if bad is None:
                del arrays[name]
            else:
                arrays[name] = bad
            with pytest.raises(DataError):
                read_flow_model(ModelFile(file.about, arrays))

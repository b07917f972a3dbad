"""A model of hosts from a file is whole, or refused."""

import msgspec
import numpy as np
import pytest

from appliance.errors import DataError
from appliance.learn.hostmodel import FEATURES, read_host_model
from appliance.learn.modelfile import ModelFile


def test_it_survives_the_file(model_file: ModelFile) -> None:
    model = read_host_model(model_file)
    assert model.host_usual.shape == (8, len(FEATURES))
    assert set(model.arrays()) == set(model_file.arrays)


def test_arrays_that_do_not_fit_are_refused(model_file: ModelFile) -> None:
    for name, array in model_file.arrays.items():
        for bad in (None, array[:-1], np.zeros(3, np.int8)):
            arrays = dict(model_file.arrays)
            if bad is None:
                del arrays[name]
            else:
                arrays[name] = np.asarray(bad)
            with pytest.raises(DataError):
                read_host_model(ModelFile(model_file.about, arrays))


@pytest.mark.parametrize(
    ("name", "value"), [("host_group", 99), ("host_group", -1), ("host_own", 99), ("spread", 0)]
)
def test_values_out_of_range_are_refused(model_file: ModelFile, name: str, value: int) -> None:
    arrays = model_file.arrays | {name: np.full_like(model_file.arrays[name], value)}
    with pytest.raises(DataError, match="fit each other"):
        read_host_model(ModelFile(model_file.about, arrays))


def test_a_model_without_threshold_is_refused(model_file: ModelFile) -> None:
    about = msgspec.structs.replace(model_file.about, numbers={})
    with pytest.raises(DataError, match="threshold"):
        read_host_model(ModelFile(about, model_file.arrays))

"""Samples: kernels write them, metadata reads them."""

import numpy as np

from appliance.model.sample import SAMPLE_DTYPE, SampleKind, Samples


def test_headers_are_aligned_and_without_holes() -> None:
    assert SAMPLE_DTYPE.fields is not None
    end = 0
    for name in SAMPLE_DTYPE.names or ():
        field, offset = SAMPLE_DTYPE.fields[name][:2]
        assert offset == end
        assert offset % field.base.itemsize == 0
        end += field.itemsize
    assert end == SAMPLE_DTYPE.itemsize
    assert SAMPLE_DTYPE.itemsize % 8 == 0


def test_kinds_fit_the_table_of_ports() -> None:
    """A kind is stored beside the service bit of a port: seven bits."""
    assert all(0 < kind < 128 for kind in SampleKind)
    assert len(set(SampleKind)) == len(SampleKind)


def test_samples_are_their_two_parts() -> None:
    samples = Samples(np.zeros(1, SAMPLE_DTYPE), np.zeros(4, np.uint8))
    assert (len(samples.headers), len(samples.data)) == (1, 4)

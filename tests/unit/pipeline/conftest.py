"""A watch for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.watching import Post


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    made = Post(tmp_path)
    yield made
    made.close()

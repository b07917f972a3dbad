"""What the store's tests share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.config.schema import Store
from appliance.store import rollup
from appliance.store.reader import StoreReader
from appliance.store.writer import StoreWriter


class Bench:
    """A store in a folder, with its writer and readers; closes what is left open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open = []

    def writer(self, **config) -> StoreWriter:
        writer = StoreWriter(self.path, Store(**config))
        self._open.append(writer)
        return writer

    def reader(self, writer: StoreWriter | None = None) -> StoreReader:
        reader = StoreReader(self.path, writer.open_buckets if writer is not None else None)
        self._open.append(reader)
        return reader

    def close(self, what) -> None:
        self._open.remove(what)
        what.close()

    def close_all(self) -> None:
        while self._open:
            self._open.pop().close()


@pytest.fixture
def bench(tmp_path) -> Iterator[Bench]:
    made = Bench(tmp_path / "store")
    yield made
    made.close_all()


@pytest.fixture(scope="session")
def monkeypatch_limits():
    """Set the rollup's limits for a while; usable under Hypothesis."""

    @contextmanager
    def limit(flows: int) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rollup, "MAX_FLOWS", flows)
            yield

    return limit

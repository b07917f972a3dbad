"""Learning without a running appliance."""

from pathlib import Path

import pytest

from appliance.config.schema import Config, Store
from appliance.errors import StoreError
from appliance.pipeline.offline import Workshop
from appliance.store.writer import StoreWriter
from tests.support.closedwindows import HOSTS, window
from tests.support.flowbatches import T0_S
from tests.support.watching import contact


def fill(folder: Path) -> None:
    writer = StoreWriter(folder, Store())
    for at in range(60):
        writer.write_windows(window(T0_S + at * 600.0, strange=3 if at == 59 else -1))
    writer.write(contact(T0_S + 36_000))
    writer.close()


@pytest.mark.slow
def test_training_is_waited_for_and_what_it_made_judges(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    fill(tmp_path)
    workshop = Workshop(Config(), tmp_path)
    before = workshop.analyze()
    assert before[0].host == HOSTS[3]
    assert before[0].model == -1
    status = workshop.train(T0_S + 40_000)
    assert "promoted" in status.note
    assert [(row.name, row.active) for row in workshop.models()] == [("hosts", True)]
    worst, *_ = workshop.analyze()
    assert worst.host == HOSTS[3]
    assert worst.model > 0.9
    assert worst.reasons
    assert workshop.roll_back(0) is None
    workshop.close()


def test_an_empty_store_has_nothing_to_say(tmp_path: Path) -> None:
    StoreWriter(tmp_path, Store()).close()
    workshop = Workshop(Config(), tmp_path)
    assert workshop.analyze() == []
    assert workshop.models() == []
    assert workshop.train(T0_S).note.startswith("too little")
    workshop.close()


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        Workshop(Config(), tmp_path / "nowhere")

"""What is gone through before the present is judged."""

from pathlib import Path

import pytest

from appliance.pipeline import past as module
from appliance.pipeline.past import read_past
from tests.support.flowbatches import T0_S
from tests.support.watching import Post, contact


def test_the_last_day_in_its_order(post: Post) -> None:
    for hours in (30, 20, 2, 1):
        post.writer.write(contact(T0_S - hours * 3_600))
        post.writer.flush()
    flows = [flow for one in read_past(post.folder, T0_S) for flow in one.flows]
    starts = [int(flow["first_ns"]) / 1e9 for flow in flows]
    assert starts == [T0_S - hours * 3_600 for hours in (20, 2, 1)]


def test_of_many_flows_the_newest(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FLOWS", 2)
    for hours in (30, 5, 4, 3):
        post.writer.write(contact(T0_S - hours * 3_600))
    post.writer.flush()
    flows = [flow for one in read_past(post.folder, T0_S) for flow in one.flows]
    assert [int(flow["first_ns"]) / 1e9 for flow in flows] == [T0_S - 14_400, T0_S - 10_800]


def test_a_store_that_is_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert list(read_past(tmp_path / "nowhere", T0_S)) == []
    assert "detection begins without the past" in caplog.text

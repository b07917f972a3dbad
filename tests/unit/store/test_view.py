"""What a reader has open: files that come, go, are replaced, or are not finished."""

import logging

import pytest

from appliance.config.schema import Store
from appliance.errors import StoreError
from appliance.model.views import FlowFilter
from appliance.store import view as module
from appliance.store.connection import open_writer
from appliance.store.files import SegmentKey, segment_path
from appliance.store.schema import SEGMENT
from appliance.store.view import Views
from appliance.store.writer import StoreWriter
from tests.support.flowbatches import T0_S, batch, flow

DAY = 86_400
KEY = SegmentKey(T0_S // DAY, 0)


@pytest.fixture
def views(bench):
    bench.writer()
    made = Views(bench.path, None)
    yield made
    made.close()


def count(views, key=KEY):
    """Rows of a segment; None where there is no view of it."""
    with views.reading(key) as view:
        return None if view is None else view.connection.execute("SELECT count(*) FROM flow").get


def test_a_segment_in_the_making_is_looked_at_again(bench, views, caplog):
    """The writer creates the file, then its tables; a query may come in between."""
    path = segment_path(bench.path, KEY)
    connection = open_writer(path)
    with caplog.at_level(logging.WARNING):
        assert views.segments() == [KEY]
        assert count(views) is None
        assert count(views) is None
        connection.execute(SEGMENT[0])
        connection.pragma("user_version", len(SEGMENT))
        assert count(views) == 0
    connection.close()
    assert caplog.records == []


def test_a_segment_of_another_schema_is_left_out_and_said_once(bench, views, caplog):
    connection = open_writer(segment_path(bench.path, KEY))
    connection.pragma("user_version", len(SEGMENT) + 1)
    connection.close()
    with caplog.at_level(logging.WARNING):
        assert count(views) is None
        assert count(views) is None
    assert [record.getMessage() for record in caplog.records] == [
        "flow-20251009.db cannot be read: flow-20251009.db has another schema"
    ]


def test_a_segment_that_is_replaced_is_opened_again(bench, views):
    path = segment_path(bench.path, KEY)
    for rows in (3, 5):
        other = StoreWriter(bench.path.parent / f"other{rows}", Store())
        other.write(batch([flow(start_s=T0_S + n) for n in range(rows)]))
        other.close()
        segment_path(bench.path.parent / f"other{rows}", KEY).rename(path)
        assert count(views) == rows
    path.unlink()
    assert count(views) is None
    assert views.segments() == []


def test_no_more_files_are_open_than_allowed(bench):
    writer = bench.writer()
    for day in range(module.MAX_VIEWS + 3):
        writer.write(batch([flow(start_s=T0_S + day * DAY)]))
        writer.flush()
    views = Views(bench.path, writer.open_buckets)
    for key in [*views.segments(), *views.segments()]:
        assert count(views, key) == 1
    assert len(views._views) == module.MAX_VIEWS
    views.close()
    assert len(views._views) == 0


def test_a_condemned_segment_is_not_opened_again_until_it_is_another_file(bench, caplog):
    writer = bench.writer()
    writer.write(batch([flow()]))
    writer.flush()
    views = Views(bench.path, writer.open_buckets)
    assert count(views) == 1
    assert views.condemn(ValueError("page 7 is damaged")) == "flow-20251009.db"
    assert count(views) is None
    assert "page 7 is damaged" in caplog.text
    assert views.condemn(ValueError("no segment was read")) == "main.db"
    views.close()


def test_a_main_file_of_another_schema_is_refused_every_time(bench):
    reader_path = bench.path
    bench.close(bench.writer())
    connection = open_writer(reader_path / "main.db")
    views = Views(reader_path, None)
    connection.pragma("user_version", 99)
    views._main_inode = 0  # as if the file had been replaced
    for _ in range(2):
        with pytest.raises(StoreError, match="schema number 99"):
            _ = views.main
    connection.close()
    views.close()


def test_the_rollup_not_yet_written_comes_from_the_writer_or_from_the_rows(bench):
    writer = bench.writer()
    writer.write(batch([flow(start_s=T0_S + n) for n in range(4)]))
    writer.flush()
    for live in (writer.open_buckets, None):
        views = Views(bench.path, live)
        with views.reading(KEY) as view:
            (span,) = view.spans()
            assert (span.flows, span.bytes) == (4, 800)
        views.close()
    reader = bench.reader(writer)
    assert reader.flows(FlowFilter()).count == 4

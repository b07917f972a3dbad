"""Reports of long flows: which row a newer one replaces."""

import numpy as np

from appliance.model.flow import EndReason
from appliance.store import updates as module
from appliance.store.files import SegmentKey
from appliance.store.updates import Credit, Updates
from tests.support.flowbatches import batch, flow

DAY = SegmentKey(20_000, 0)


def ids(*numbers):
    return np.array(numbers, np.int64)


def report(number=7, *, src="10.0.0.1", size=100, reason=EndReason.ACTIVE, **fields):
    return flow(src, id=number, reason=reason, orig_bytes=size, **fields)


def test_a_flow_that_ends_replaces_its_last_report():
    known = Updates()
    assert known.match(batch([report()]), ids(1), DAY) == []
    (second,) = known.match(batch([report(updates=1, size=150)]), ids(2), DAY)
    assert (second.place, second.id, second.former.id) == (0, 2, 1)
    assert second.former.total == Credit(100, 100)
    (last,) = known.match(batch([flow(), report(updates=2, reason=EndReason.IDLE)]), ids(3, 4), DAY)
    assert (last.place, last.id, last.former.id, last.new) == (1, 4, 2, None)
    assert last.former is second.new
    assert len(known) == 0


def test_two_reports_in_one_batch_form_a_chain():
    known = Updates()
    made = batch([report(), report(updates=1), report(updates=2, reason=EndReason.CLOSED)])
    first, second = known.match(made, ids(1, 2, 3), DAY)
    assert (first.former.id, first.id, second.former.id) == (1, 2, 2)


def test_two_workers_may_use_one_number():
    """An id is unique within a worker only."""
    known = Updates()
    known.match(batch([report(), report(sport=1), report(src="10.9.9.9")]), ids(1, 2, 3), DAY)
    (found,) = known.match(batch([report(src="10.9.9.9", updates=1)]), ids(4), DAY)
    assert found.former.id == 3
    assert len(known) == 3


def test_after_a_restart_a_report_replaces_nothing():
    assert Updates().match(batch([report(updates=5)]), ids(1), DAY) == []


def test_flows_that_end_are_not_remembered():
    known = Updates()
    known.match(batch([flow(), report(reason=EndReason.IDLE)]), ids(1, 2), DAY)
    assert len(known) == 0


def test_a_flood_of_long_flows_plateaus(monkeypatch):
    monkeypatch.setattr(module, "MAX_ACTIVE", 10)
    known = Updates()
    for number in range(100):
        known.match(batch([report(number)]), ids(number), DAY)
    assert len(known) == 10
    assert known.match(batch([report(5, updates=1)]), ids(200), DAY) == []
    (kept,) = known.match(batch([report(99, updates=1)]), ids(201), DAY)
    assert kept.former.id == 99

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlowRow } from "../api/types";
import { EMPTY, KEPT, arrive, catchUp, fromPage, older, release } from "./livelist";

const flow = (id: number): FlowRow => ({ id, flow_id: `f${id}`, end: id }) as FlowRow;
const flows = (...ids: number[]): FlowRow[] => ids.map(flow);
const ids = (rows: readonly FlowRow[]): number[] => rows.map((row) => row.id);
const down = (from: number, amount: number): FlowRow[] => Array.from({ length: amount }, (_, at) => flow(from - at));

test("newest on top, whichever way they were sent", () => {
  const start = fromPage(flows(2, 1), "cursor");
  assert.deepEqual(ids(arrive(start, flows(4, 3), 0, false).rows), [4, 3, 2, 1]);
  assert.deepEqual(ids(arrive(start, flows(3, 4), 0, false).rows), [4, 3, 2, 1]);
});

test("a flow that is stored late takes its place in time", () => {
  assert.deepEqual(ids(arrive(fromPage(flows(5, 3, 1), ""), flows(6, 2), 0, false).rows), [6, 5, 3, 2, 1]);
});

test("a flow is shown once", () => {
  const list = arrive(fromPage(flows(2, 1), ""), flows(3, 2), 0, false);
  assert.deepEqual(ids(list.rows), [3, 2, 1]);
  const unchanged = arrive(list, flows(3), 0, false);
  assert.equal(unchanged, list);
});

test("held rows do not move; what arrives is counted and shown on release", () => {
  const start = fromPage(flows(1), "cursor");
  const waiting = arrive(arrive(start, flows(2), 0, true), flows(3), 0, true);
  assert.equal(waiting.rows, start.rows);
  assert.equal(waiting.waitingCount, 2);
  assert.deepEqual(ids(release(waiting).rows), [3, 2, 1]);
  assert.equal(release(waiting).waitingCount, 0);
  assert.equal(release(waiting).next, "cursor");
});

test("flows that were not sent are counted, and the list knows of the hole", () => {
  const list = arrive(fromPage(flows(1), "cursor"), flows(60), 250, true);
  assert.equal(list.waitingCount, 251);
  assert.equal(list.whole, false);
});

test("a flood while held neither grows without bound nor is forgotten", () => {
  let list = fromPage(flows(1), "cursor");
  for (let at = 0; at < 100; at += 1) list = arrive(list, down(100 + at * 50, 50), 0, true);
  assert.equal(list.waitingCount, 5_000);
  assert.ok(list.waiting.length <= KEPT);
  assert.equal(list.whole, false);
  assert.ok(release(list).rows.length <= KEPT);
});

test("a running list is cut at its end, and then has no cursor", () => {
  const list = arrive(fromPage(down(KEPT, KEPT), "cursor"), flows(KEPT + 1), 0, false);
  assert.equal(list.rows.length, KEPT);
  assert.equal(list.rows[0]?.id, KEPT + 1);
  assert.equal(list.next, "");
  assert.equal(list.whole, false);
});

test("older pages are appended, overlaps dropped", () => {
  const list = older(fromPage(flows(5, 4), "a"), flows(4, 3, 2), "b");
  assert.deepEqual(ids(list.rows), [5, 4, 3, 2]);
  assert.equal(list.next, "b");
});

test("a page without a known flow leaves a hole, one with a known flow does not", () => {
  const start = fromPage(flows(2, 1), "cursor");
  assert.equal(catchUp(start, flows(9, 8), false).whole, false);
  assert.equal(catchUp(start, flows(3, 2), false).whole, true);
  assert.equal(catchUp(EMPTY, flows(3, 2), false).whole, true);
});

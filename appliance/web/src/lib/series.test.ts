import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tick, TrafficPoint } from "../api/types";
import { condense, fromPoints, fromTicks, peak, spans } from "./series";

const tick = (ts: number, more: Partial<Tick> = {}): Tick =>
  ({ ts, packets: 100, bytes: 1_000, in_bytes: 500, out_bytes: 250, local_bytes: 150, dropped: 0, ...more }) as Tick;
const point = (t: number): TrafficPoint => ({ t, bytes: 600, in_bytes: 600, out_bytes: 0, local_bytes: 0 }) as TrafficPoint;

test("a second without a tick is a gap, not a zero and not a line", () => {
  const series = fromTicks([tick(100), tick(101), tick(104)], 6);
  assert.deepEqual(series.xs, [99, 100, 101, 102, 103, 104]);
  assert.deepEqual(series.down, [null, 4_000, 4_000, null, null, 4_000]);
  assert.deepEqual(series.gaps, [{ from: 102, to: 104 }]);
});

test("time before the first tick is no gap: the sensor did not run", () => {
  assert.deepEqual(fromTicks([tick(104)], 6).gaps, []);
});

test("out lies below the line, what has no direction is other", () => {
  const series = fromTicks([tick(100)], 1);
  assert.deepEqual(series.up, [-2_000]);
  assert.deepEqual(series.local, [1_200]);
  assert.deepEqual(series.other, [800]);
});

test("losses above 1 % are marked", () => {
  const series = fromTicks([tick(100, { dropped: 1 }), tick(101, { dropped: 2 }), tick(102)], 3);
  assert.deepEqual(series.lossy, [{ from: 101, to: 102 }]);
});

test("ticks with fractions fall on their second; nothing at all gives an empty grid", () => {
  assert.deepEqual(fromTicks([tick(100.02), tick(100.98)], 2).down, [4_000, 4_000]);
  assert.equal(peak(fromTicks([], 3).down), 0);
});

test("stored points are averages over their step, holes stay holes", () => {
  const series = fromPoints([point(0), point(60), point(180)], 60, 4);
  assert.deepEqual(series.xs, [0, 60, 120, 180]);
  assert.deepEqual(series.down, [80, 80, null, 80]);
  assert.deepEqual(series.gaps, [{ from: 120, to: 180 }]);
});

test("neighbouring points make one span", () => {
  assert.deepEqual(spans([1, 2, 5], 1), [{ from: 1, to: 3 }, { from: 5, to: 6 }]);
});

test("the table averages what it knows, newest first", () => {
  const rows = condense(fromTicks([tick(100), tick(101, { in_bytes: 1_500 }), tick(104)], 6), 3);
  assert.deepEqual(rows.map((row) => row.from), [103, 101, 99]);
  assert.deepEqual(rows.map((row) => row.down), [4_000, 12_000, 4_000]);
  assert.deepEqual(rows.map((row) => row.missing), [1, 1, 1]);
});

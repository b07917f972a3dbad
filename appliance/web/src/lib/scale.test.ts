import assert from "node:assert/strict";
import { test } from "node:test";
import { rateLabels, rateTicks, roundStep, timeTicks } from "./scale";

test("steps are 1, 2 or 5", () => {
  assert.equal(roundStep(100, 5), 20);
  assert.equal(roundStep(101, 5), 50);
  assert.equal(roundStep(0.9, 5), 0.2);
  assert.equal(roundStep(0, 5), 1);
});

test("the axis holds all values, zero, and a readable number of labels", () => {
  for (const [low, high] of [[0, 0], [-1, 0], [-35e6, 87e6], [-5e9, 1], [0, 99_999], [-3, 1e12]] as const) {
    const ticks = rateTicks(low, high);
    assert.ok((ticks[0] ?? 1) <= low && (ticks[ticks.length - 1] ?? -1) >= high, `${low} ${high}`);
    assert.ok(ticks.includes(0), `${low} ${high}`);
    assert.ok(ticks.length >= 3 && ticks.length <= 9, `${low} ${high}: ${ticks.length}`);
  }
});

test("labels share one unit, said on the topmost; below zero they are positive", () => {
  assert.deepEqual(rateLabels([-50e6, 0, 50e6, 100e6]), ["50", "0", "50", "100 Mb/s"]);
  assert.deepEqual(rateLabels([0, 2_000, 4_000]), ["0", "2", "4 kb/s"]);
  assert.deepEqual(rateLabels([0, 0.5e9, 1e9]), ["0", "0.5", "1 Gb/s"]);
});

test("time labels are round by the local clock", () => {
  const noon = Date.UTC(2026, 10, 17, 11, 0, 7) / 1000;
  const labels = timeTicks(noon, noon + 300, 6);
  assert.ok(labels.length >= 3 && labels.length <= 6);
  assert.ok(labels.every((at) => at % 60 === 0));
  const midnights = timeTicks(noon, noon + 7 * 86_400, 7);
  assert.ok(midnights.every((at) => new Date(at * 1000).getHours() === 0));
});

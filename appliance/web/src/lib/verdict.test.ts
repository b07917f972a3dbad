import assert from "node:assert/strict";
import { test } from "node:test";
import type { Health, Tick } from "../api/types";
import { coverage, nameList, quietFor } from "./health";
import { verdict, type LinkView } from "./verdict";

const LIVE: LinkView = { state: "live", heardAt: 1_000 };
const health = (more: Partial<Health> = {}): Health =>
  ({
    state: "running", reasons: [], started: 0, now: 1_000, interfaces: [{ name: "eth0", up: true }],
    packets: 1_000_000, flows_ended: 5_000, dropped_nic: 0, dropped_kernel: 0, ...more,
  }) as Health;
const tick = (ts: number, more: Partial<Tick> = {}): Tick =>
  ({ ts, packets: 1_000, bytes: 1, in_bytes: 10_525_000, out_bytes: 1_512_500, dropped: 0, ...more }) as Tick;
const minute = (more: Partial<Tick> = {}): Tick[] => Array.from({ length: 70 }, (_, at) => tick(931 + at, more));

test("good news names interface, rates and losses", () => {
  const said = verdict(health(), minute(), LIVE);
  assert.equal(said.tone, "ok");
  assert.equal(said.title.replaceAll("\u202f", " "), "Watching eth0: 84.2 Mb/s down, 12.1 Mb/s up, nothing lost");
});

test("never good by default", () => {
  const bad: [string, ReturnType<typeof verdict>][] = [
    ["nothing known", verdict(null, [], { state: "connecting", heardAt: 0 })],
    ["never heard", verdict(null, [], { state: "stale", heardAt: 0 })],
    ["old news", verdict(health(), minute(), { state: "stale", heardAt: 1_000 })],
    ["starting", verdict(health({ state: "starting" }), minute(), LIVE)],
    ["stopping", verdict(health({ state: "stopping" }), minute(), LIVE)],
    ["degraded", verdict(health({ state: "degraded", reasons: ["The disk is full."] }), minute(), LIVE)],
    ["interface down", verdict(health({ interfaces: [{ name: "eth0", up: false }] }), minute(), LIVE)],
    ["one of two down", verdict(health({ interfaces: [{ name: "a", up: true }, { name: "b", up: false }] }), minute(), LIVE)],
    ["losing", verdict(health(), [...minute(), tick(1_001, { dropped: 1 })], LIVE)],
    ["quiet", verdict(health(), minute({ packets: 0 }), LIVE)],
    ["no tick yet", verdict(health(), [], LIVE)],
  ];
  for (const [what, said] of bad) assert.ok(said.tone !== "ok", what);
});

test("what is wrong is said first, with the sensor's own reason", () => {
  const down = verdict(health({ interfaces: [{ name: "eth1", up: false, error: "link is down" }] }), minute(), LIVE);
  assert.equal(down.title, "Seeing nothing: eth1 is down");
  assert.match(down.details.join(" "), /eth1: link is down\./);
  const full = verdict(health({ state: "degraded", reasons: ["The disk is full.", "Two."] }), minute(), LIVE);
  assert.equal(full.title, "The disk is full");
  assert.deepEqual(full.details, ["Two."]);
  const busy = verdict(null, [], { state: "stale", heardAt: 0, reason: "too many dashboards are open" });
  assert.match(busy.details.join(" "), /too many dashboards are open/);
});

test("losses of the past are not forgotten when the last minute was good", () => {
  const said = verdict(health({ dropped_kernel: 2_400 }), minute(), LIVE);
  assert.equal(said.tone, "ok");
  assert.match(said.details.join(" ").replaceAll("\u202f", " "), /2 400 lost \(0\.2 %\), none in the last minute/);
});

test("quiet is measured to the last packet", () => {
  assert.equal(quietFor([tick(1), tick(2), tick(3, { packets: 0 }), tick(9, { packets: 0 })]), 7);
  assert.equal(quietFor([]), 0);
});

test("interfaces in words", () => {
  assert.deepEqual([nameList([]), nameList(["a"]), nameList(["a", "b"]), nameList(["a", "b", "c"])], ["", "a", "a and b", "a and 2 more"]);
});

test("coverage tells seen, partly seen, unseen and before the start apart", () => {
  const ticks = [101, 102, 103, 104, 105, 106, 115, 116, 117, 118, 119, 120].map((ts) => tick(ts, { dropped: ts === 118 ? 5 : 0 }));
  assert.deepEqual(coverage(ticks, 30, 6), ["before", "before", "all", "part", "part", "part"]);
  assert.deepEqual(coverage([tick(1), tick(20)], 20, 4).slice(1, 3), ["none", "none"]);
});

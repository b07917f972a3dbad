import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message } from "../api/stream";
import type { Tick } from "../api/types";
import { link, receive, ticks } from "./sensor";

const tick = (ts: number): Tick => ({
  ts,
  packets: 0,
  bytes: 0,
  in_bytes: 0,
  out_bytes: 0,
  local_bytes: 0,
  tcp_bytes: 0,
  udp_bytes: 0,
  other_bytes: 0,
  new_flows: 0,
  dropped: 0,
});

test("alerts, and messages of later versions, leave the figures as they are", () => {
  receive({ type: "traffic_update", data: { tick: tick(5) } }, 100);
  const before = [ticks.value, link.value];
  for (const type of ["alert", "alerts_missed", "of the future"]) {
    receive({ type, data: { count: 1 } } as unknown as Message, 200);
  }
  assert.deepEqual([ticks.value, link.value], before);
  receive({ type: "traffic_update", data: { tick: tick(6) } }, 300);
  assert.equal(ticks.value.length, 2);
  assert.equal(link.value.heardAt, 300);
});

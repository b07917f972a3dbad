import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, day, moment, precise, shortClock, since } from "./time";

// the runner sets the zone: Europe/Berlin
const NOON = Date.UTC(2026, 10, 17, 11, 2, 31) / 1000; // a Tuesday, 12:02:31 in Berlin
const HOUR = 3_600;

test("today is a time, this week a day, before that a date", () => {
  assert.equal(clock(NOON), "12:02:31");
  assert.equal(shortClock(NOON), "12:02");
  assert.equal(moment(NOON, NOON + HOUR), "12:02:31");
  assert.equal(moment(NOON, NOON + 12 * HOUR), "Tue 12:02");
  assert.equal(moment(NOON, NOON + 6 * 24 * HOUR), "Tue 12:02");
  assert.equal(moment(NOON, NOON + 7 * 24 * HOUR), "17 Nov 12:02");
  assert.equal(since(NOON, NOON + HOUR), "12:02");
  assert.equal(since(NOON, NOON + 24 * HOUR), "Tue 12:02");
});

test("a time to come is never called by a weekday of last week", () => {
  assert.equal(day(NOON + 24 * HOUR, NOON), "18 Nov");
});

test("the tooltip has milliseconds, zone and UTC", () => {
  assert.equal(precise(NOON + 0.25), "2026-11-17 12:02:31.250 +01:00 (11:02:31 UTC)");
});

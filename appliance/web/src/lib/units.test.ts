import assert from "node:assert/strict";
import { test } from "node:test";
import { count, duration, exact, milliseconds, percent, plural, rate, size, text } from "./units";

const plain = (value: string): string => value.replaceAll("\u202f", " ");

test("rates are bits, decimal, three digits", () => {
  const cases: [number, string][] = [
    [0, "0 b/s"],
    [1, "8 b/s"],
    [124, "992 b/s"],
    [125, "1.00 kb/s"],
    [10_525_000, "84.2 Mb/s"],
    [124_937_499, "999 Mb/s"],
    [124_940_000, "1.00 Gb/s"],
    [18_125_000, "145 Mb/s"],
  ];
  for (const [bytes, expected] of cases) assert.equal(plain(text(rate(bytes))), expected);
});

test("sizes never show four digits before the prefix changes", () => {
  assert.equal(plain(text(size(999))), "999 B");
  assert.equal(plain(text(size(999.6))), "1.00 kB");
  assert.equal(plain(text(size(1_420_000_000))), "1.42 GB");
  assert.equal(plain(text(size(9_996))), "10.0 kB");
  assert.equal(plain(text(size(99_960))), "100 kB");
  assert.equal(plain(text(size(-5))), "0 B");
});

test("counts are exact to 9 999", () => {
  assert.equal(plain(count(0)), "0");
  assert.equal(plain(count(9_999)), "9 999");
  assert.equal(plain(count(12_400)), "12.4 k");
  assert.equal(plain(count(131_072)), "131 k");
  assert.equal(plain(exact(1_234_567)), "1 234 567");
  assert.equal(plain(plural(1, "flow")), "1 flow");
  assert.equal(plain(plural(2, "country", "countries")), "2 countries");
});

test("a share never rounds to nothing or to all", () => {
  const cases: [number, number, string][] = [
    [0, 10, "0 %"],
    [1, 0, "0 %"],
    [1, 10_000, "<0.1 %"],
    [1, 200, "0.5 %"],
    [1, 10, "10 %"],
    [1, 3, "33 %"],
    [996, 1_000, "99.6 %"],
    [9_999, 10_000, ">99.9 %"],
    [99_999, 100_000, ">99.9 %"],
    [5, 5, "100 %"],
    [3, 2, "150 %"],
  ];
  for (const [part, whole, expected] of cases) assert.equal(plain(percent(part, whole)), expected);
});

test("durations have two units at most", () => {
  const cases: [number, string][] = [
    [0, "0 s"],
    [0.34, "340 ms"],
    [0.9999, "1.0 s"],
    [4.24, "4.2 s"],
    [45, "45 s"],
    [59.7, "1 min"],
    [61, "1 min 1 s"],
    [7_800, "2 h 10 min"],
    [86_400, "1 d"],
    [90_061, "1 d 1 h"],
  ];
  for (const [seconds, expected] of cases) assert.equal(plain(duration(seconds)), expected);
  assert.equal(plain(milliseconds(12.44)), "12.4 ms");
  assert.equal(plain(milliseconds(1_500)), "1.5 s");
});

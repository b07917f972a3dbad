// Ticks and minutes to the arrays a chart draws: a regular grid, null where there is no record.

import type { Tick, TrafficPoint } from "../api/types";

type Value = number | null;

/** A stretch of time, s since the epoch, end not included. */
export interface Span {
  from: number;
  to: number;
}

/** Rates in bit/s; what leaves is negative, so that it is drawn below the line. */
export interface Series {
  xs: number[];
  down: Value[];
  up: Value[];
  local: Value[];
  other: Value[];
  step: number; // s between two points
  gaps: Span[]; // nothing was recorded
  lossy: Span[]; // more than 1 % was lost
}

interface Sample {
  bytes: number;
  in_bytes: number;
  out_bytes: number;
  local_bytes: number;
}

const LOSSY = 0.01;

/** One second each, `seconds` of them, ending with the newest tick. */
export function fromTicks(ticks: readonly Tick[], seconds: number): Series {
  const last = ticks[ticks.length - 1];
  const end = last ? Math.round(last.ts) : 0;
  const bySecond = new Map(ticks.map((tick) => [Math.round(tick.ts), tick]));
  const series = grid(bySecond, { start: end - seconds + 1, step: 1, length: seconds });
  const lossy = series.xs.filter((x) => isLossy(bySecond.get(x)));
  return { ...series, lossy: spans(lossy, 1) };
}

/** Points of the store; `step` s apart, `length` of them, ending with the newest. */
export function fromPoints(points: readonly TrafficPoint[], step: number, length: number): Series {
  const spacing = spacingOf(points, step);
  const last = points[points.length - 1];
  const end = last ? last.t : 0;
  const byTime = new Map(points.map((point) => [point.t, point]));
  const slots = Math.max(2, Math.round((length * step) / spacing));
  return grid(byTime, { start: end - (slots - 1) * spacing, step: spacing, length: slots });
}

export function isLossy(tick: Tick | undefined): boolean {
  return tick !== undefined && tick.dropped > LOSSY * (tick.packets + tick.dropped);
}

/** Stretches of neighbouring points. */
export function spans(xs: readonly number[], step: number): Span[] {
  const found: Span[] = [];
  for (const x of xs) {
    const current = found[found.length - 1];
    if (current && x - current.to < step / 2) current.to = x + step;
    else found.push({ from: x, to: x + step });
  }
  return found;
}

function spacingOf(points: readonly TrafficPoint[], asked: number): number {
  let smallest = Infinity;
  for (let at = 1; at < points.length; at += 1) {
    const gap = (points[at]?.t ?? 0) - (points[at - 1]?.t ?? 0);
    if (gap > 0) smallest = Math.min(smallest, gap);
  }
  return Number.isFinite(smallest) ? Math.min(smallest, Math.max(asked, 1)) : asked;
}

function grid(
  samples: ReadonlyMap<number, Sample>,
  { start, step, length }: { start: number; step: number; length: number },
): Series {
  const series: Series = { xs: [], down: [], up: [], local: [], other: [], step, gaps: [], lossy: [] };
  const missing: number[] = [];
  let begun = false; // before the first record the sensor did not run: that is no gap
  for (let slot = 0; slot < length; slot += 1) {
    const x = start + slot * step;
    const sample = samples.get(x);
    begun ||= sample !== undefined;
    if (begun && !sample) missing.push(x);
    push(series, x, sample);
  }
  series.gaps = spans(missing, step);
  return series;
}

function push(series: Series, x: number, sample: Sample | undefined): void {
  const scale = 8 / series.step;
  series.xs.push(x);
  series.down.push(sample ? sample.in_bytes * scale : null);
  series.up.push(sample ? -sample.out_bytes * scale : null);
  series.local.push(sample ? sample.local_bytes * scale : null);
  series.other.push(sample ? otherBytes(sample) * scale : null);
}

/** What is neither in, out nor local: transit, and frames that are not IP. */
export function otherBytes(sample: Sample): number {
  return Math.max(0, sample.bytes - sample.in_bytes - sample.out_bytes - sample.local_bytes);
}

/** The largest value of a series, 0 if it is empty. */
export function peak(values: readonly Value[]): number {
  return values.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0);
}

/** One row of the table view: averages of a stretch, bit/s, null where there is no record. */
export interface Stretch {
  from: number; // s since the epoch
  down: Value;
  up: Value;
  local: Value;
  other: Value;
  missing: number; // s of it without a record
}

/** The same traffic in about `most` rows, newest first. */
export function condense(series: Series, most: number): Stretch[] {
  const width = Math.max(1, Math.ceil(series.xs.length / most));
  const rows: Stretch[] = [];
  for (let end = series.xs.length; end > 0; end -= width) {
    const begin = Math.max(0, end - width);
    rows.push({
      from: series.xs[begin] ?? 0,
      down: average(series.down, begin, end),
      up: average(series.up, begin, end),
      local: average(series.local, begin, end),
      other: average(series.other, begin, end),
      missing: series.down.slice(begin, end).filter((value) => value === null).length * series.step,
    });
  }
  return rows;
}

function average(values: readonly Value[], begin: number, end: number): Value {
  const known = values.slice(begin, end).filter((value) => value !== null);
  return known.length > 0 ? Math.abs(known.reduce((sum, value) => sum + value, 0) / known.length) : null;
}

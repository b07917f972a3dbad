// Axes: round steps of 1, 2 or 5, and the unit once.

/** The smallest step of 1, 2, 5 x 10^n that divides `span` into at most `parts`. */
export function roundStep(span: number, parts: number): number {
  const raw = span / Math.max(1, parts);
  if (!(raw > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= raw * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** From the lowest to the highest label, zero among them: 3 to 6 labels in all. */
export function rateTicks(low: number, high: number): number[] {
  const step = roundStep(Math.max(high - low, 8_000), 5);
  const first = Math.floor(low / step + 1e-12);
  const last = Math.max(Math.ceil(high / step - 1e-12), first + 2);
  return Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step);
}

const UNITS = ["b/s", "kb/s", "Mb/s", "Gb/s", "Tb/s"] as const;

/** Labels in one common unit, said once, on the topmost. */
export function rateLabels(ticks: readonly number[]): string[] {
  const largest = Math.max(...ticks.map(Math.abs), 1);
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(largest) / 3 + 1e-9));
  const top = Math.max(...ticks);
  return ticks.map((tick) => {
    const value = String(Number((Math.abs(tick) / 1000 ** power).toPrecision(4)));
    return tick === top ? `${value} ${UNITS[power] ?? ""}` : value;
  });
}

const TIME_STEPS = [10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];

/** A step between time labels so that at most `most` fit. */
export function timeStep(span: number, most: number): number {
  return TIME_STEPS.find((step) => span / step <= most) ?? 86_400;
}

/** Round points in time within a span, by the local clock. */
export function timeTicks(from: number, to: number, most: number): number[] {
  const step = timeStep(to - from, most);
  const east = -new Date(to * 1000).getTimezoneOffset() * 60;
  const first = Math.ceil((from + east) / step) * step - east;
  const ticks: number[] = [];
  for (let at = first; at <= to; at += step) ticks.push(at);
  return ticks;
}

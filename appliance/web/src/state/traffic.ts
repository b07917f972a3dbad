// Which stretch of traffic is drawn, and its points: the live ones, or minutes from the store.

import { computed, effect, signal } from "@preact/signals";
import { getTraffic, type ApiError } from "../api/http";
import { fromPoints, fromTicks, type Series } from "../lib/series";
import { HISTORY_S, ticks } from "./sensor";

export interface Range {
  key: string;
  label: string;
  words: string;
  seconds: number;
  step: number; // s between points
  everyMs: number; // how often it is asked for anew; 0 comes with the stream
}

const LIVE: Range = { key: "5m", label: "5 min", words: "last 5 minutes", seconds: HISTORY_S, step: 1, everyMs: 0 };
export const RANGES: readonly Range[] = [
  LIVE,
  { key: "1h", label: "1 h", words: "last hour", seconds: 3_600, step: 60, everyMs: 20_000 },
  { key: "24h", label: "24 h", words: "last 24 hours", seconds: 86_400, step: 600, everyMs: 60_000 },
];

export type Stored =
  | { state: "loading" }
  | { state: "ready"; series: Series }
  | { state: "failed"; message: string };

export const range = signal<Range>(rangeOf(location.search));
const stored = signal<Stored>({ state: "loading" });

/** What the chart draws now. */
export const drawn = computed<Stored>(() => {
  if (range.value.everyMs > 0) return stored.value;
  if (ticks.value.length === 0) return { state: "loading" };
  return { state: "ready", series: fromTicks(ticks.value, range.value.seconds) };
});

function rangeOf(search: string): Range {
  const key = new URLSearchParams(search).get("range");
  return RANGES.find((one) => one.key === key) ?? LIVE;
}

export function setRange(next: Range): void {
  if (next === range.peek()) return;
  const parameters = new URLSearchParams(location.search);
  if (next === LIVE) parameters.delete("range");
  else parameters.set("range", next.key);
  const search = parameters.toString();
  history.pushState(null, "", search ? `?${search}` : location.pathname);
  range.value = next;
}

async function fetchStored(wanted: Range): Promise<void> {
  try {
    const page = await getTraffic(wanted.seconds / 60, wanted.step);
    if (wanted !== range.peek()) return;
    stored.value = { state: "ready", series: fromPoints(page.data, wanted.step, wanted.seconds / wanted.step) };
  } catch (error) {
    if (wanted === range.peek()) stored.value = { state: "failed", message: (error as ApiError).message };
  }
}

export function startTraffic(): void {
  window.addEventListener("popstate", () => (range.value = rangeOf(location.search)));
  effect(() => {
    const wanted = range.value;
    if (wanted.everyMs === 0) return undefined;
    stored.value = { state: "loading" };
    void fetchStored(wanted);
    const timer = window.setInterval(() => document.hidden || void fetchStored(wanted), wanted.everyMs);
    return () => clearInterval(timer);
  });
}

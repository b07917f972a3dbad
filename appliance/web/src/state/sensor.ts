// What the sensor last said, as signals. Only `receive` and `silent` write them.

import { computed, signal } from "@preact/signals";
import type { Attribution, Message } from "../api/stream";
import type { CountryRow, Health, Talker, Tick } from "../api/types";
import { verdict, type LinkView } from "../lib/verdict";

export const HISTORY_S = 300;
const CPU_WINDOW_S = 10;

export const health = signal<Health | null>(null);
export const ticks = signal<readonly Tick[]>([]);
export const talkers = signal<readonly Talker[] | null>(null);
export const countries = signal<readonly CountryRow[] | null>(null);
export const attribution = signal<readonly Attribution[]>([]);
export const link = signal<LinkView>({ state: "connecting", heardAt: 0 });
export const cpuShare = signal<number | null>(null); // of one core, 0..1 and above

export const isStale = computed(() => link.value.state === "stale");
export const lastTick = computed(() => ticks.value[ticks.value.length - 1]);
export const currentVerdict = computed(() => verdict(health.value, ticks.value, link.value));

let cpuSamples: { now: number; cpu: number }[] = [];

/** Take a message of the stream; `nowS` is this browser's time, s since the epoch. */
export function receive(message: Message, nowS: number): void {
  if (message.type !== "init" && message.type !== "traffic_update") return; // of no concern here, or of a later version
  link.value = { state: "live", heardAt: nowS };
  if (message.type === "init") {
    ticks.value = message.data.history;
    attribution.value = message.data.attribution ?? [];
    cpuSamples = [];
    takeHealth(message.data.health);
  } else {
    if (message.data.tick) takeTick(message.data.tick);
    if (message.data.health) takeHealth(message.data.health);
  }
  if (message.data.top) talkers.value = message.data.top;
  if (message.data.countries) countries.value = message.data.countries;
}

/** No news for a while. What stands stays, and is marked as old. */
export function silent(reason: string): void {
  const before = link.peek();
  const why = reason || (before.reason ?? "");
  if (before.state !== "stale" || before.reason !== why) link.value = { ...before, state: "stale", reason: why };
}

function takeTick(tick: Tick): void {
  const kept = ticks.value.filter((one) => one.ts > tick.ts - HISTORY_S && one.ts < tick.ts);
  ticks.value = [...kept, tick];
}

function takeHealth(part: Partial<Health>): void {
  const merged = { ...health.value, ...part } as Health; // the first message brings the whole
  health.value = merged;
  cpuSamples = [...cpuSamples, { now: merged.now, cpu: merged.cpu_s }].slice(-CPU_WINDOW_S - 1);
  const first = cpuSamples[0];
  const span = first ? merged.now - first.now : 0;
  cpuShare.value = first && span > 0 ? (merged.cpu_s - first.cpu) / span : null;
}

// The sensor's own figures, read: interfaces, losses, and how they changed.

import type { CaptureStatistics, Health, Tick } from "../api/types";

export interface InterfaceState extends CaptureStatistics {
  name: string;
}

/** The interfaces of a health record; fields that are missing count as zero. */
export function interfacesOf(health: Health): InterfaceState[] {
  return health.interfaces.map((raw) => ({
    name: typeof raw["name"] === "string" ? raw["name"] : "?",
    up: raw["up"] !== false,
    error: typeof raw["error"] === "string" ? raw["error"] : "",
    frames: number(raw["frames"]),
    bytes: number(raw["bytes"]),
    nic_dropped: number(raw["nic_dropped"]),
    kernel_dropped: number(raw["kernel_dropped"]),
    ring_freezes: number(raw["ring_freezes"]),
    damaged: number(raw["damaged"]),
    outages: number(raw["outages"]),
  }));
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

export interface Loss {
  lost: number; // frames
  seen: number;
  share: number; // 0..1
}

/** What was lost in the last seconds. */
export function recentLoss(ticks: readonly Tick[], seconds: number): Loss {
  const end = ticks[ticks.length - 1]?.ts ?? 0;
  const recent = ticks.filter((tick) => tick.ts > end - seconds);
  const lost = recent.reduce((sum, tick) => sum + tick.dropped, 0);
  const seen = recent.reduce((sum, tick) => sum + tick.packets, 0);
  return { lost, seen, share: lost > 0 ? lost / (lost + seen) : 0 };
}

/** Seconds since a packet was last seen, as far as the ticks reach back. */
export function quietFor(ticks: readonly Tick[]): number {
  const end = ticks[ticks.length - 1]?.ts ?? 0;
  const last = ticks.findLast((tick) => tick.packets > 0);
  return last ? end - last.ts : end - (ticks[0]?.ts ?? end);
}

/** Several interfaces in words: "eth0", "eth0 and eth1", "eth0 and 3 more". */
export function nameList(names: readonly string[]): string {
  const [first = "", second = ""] = names;
  if (names.length <= 1) return first;
  return names.length === 2 ? `${first} and ${second}` : `${first} and ${names.length - 1} more`;
}

/** One stretch of the coverage strip. */
export type Seen = "all" | "part" | "none" | "before";

/** The last seconds in `slots` stretches: how much of each the sensor saw. */
export function coverage(ticks: readonly Tick[], seconds: number, slots: number): Seen[] {
  const end = Math.round(ticks[ticks.length - 1]?.ts ?? 0);
  const begin = Math.round(ticks[0]?.ts ?? end);
  const width = seconds / slots;
  const present = new Array<number>(slots).fill(0);
  const lossy = new Array<boolean>(slots).fill(false);
  for (const tick of ticks) {
    const slot = Math.floor((seconds - 1 - (end - Math.round(tick.ts))) / width);
    if (slot < 0 || slot >= slots) continue;
    present[slot] = (present[slot] ?? 0) + 1;
    if (tick.dropped > 0) lossy[slot] = true;
  }
  return present.map((amount, slot) => {
    const slotEnd = end - seconds + (slot + 1) * width;
    if (slotEnd < begin) return "before";
    if (amount === 0) return "none";
    const expected = Math.min(width, slotEnd - begin + 1);
    return lossy[slot] || amount < expected - 1 ? "part" : "all";
  });
}

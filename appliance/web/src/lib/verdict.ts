// The sentence on top of the page: what the sensor sees, or why it cannot tell. Never good news by default.

import type { Health, Tick } from "../api/types";
import { interfacesOf, nameList, quietFor, recentLoss } from "./health";
import { clock, since } from "./time";
import { duration, exact, percent, plural, rate, text } from "./units";

/** ok: sees all. warn: sees, with losses. blind: cannot tell. wait: too early to say. */
export type Tone = "ok" | "warn" | "blind" | "wait";

export interface Verdict {
  tone: Tone;
  title: string;
  lines?: string[]; // the title again, where a narrow screen may break it so that nothing jumps
  details: string[];
}

/** How the page hangs on the sensor. */
export interface LinkView {
  state: "connecting" | "live" | "stale";
  heardAt: number; // s since the epoch, 0 never
  reason?: string; // what the sensor gave as the reason for hanging up
}

const LOSS_WINDOW_S = 60;
const QUIET_S = 60;

export function verdict(health: Health | null, ticks: readonly Tick[], link: LinkView): Verdict {
  if (link.state === "stale") return lostLink(link);
  if (!health) return { tone: "wait", title: "Connecting to the sensor", details: [] };
  if (health.state === "starting") return { tone: "wait", title: "The sensor is starting", details: health.reasons };
  if (health.state === "stopping") {
    return { tone: "blind", title: "The sensor is stopping", details: ["It keeps what it has seen and ends."] };
  }
  return (
    interfaceDown(health) ?? losing(health, ticks) ?? degraded(health) ?? quiet(health, ticks) ?? watching(health, ticks)
  );
}

function lostLink({ heardAt, reason }: LinkView): Verdict {
  const said = reason ? `It says: ${reason}.` : heardAt === 0 ? "Is it running?" : "What stands below is from then.";
  const title = heardAt === 0 ? "The sensor does not answer" : `No news from the sensor since ${clock(heardAt)}`;
  return { tone: "blind", title, details: [`${said} This page keeps trying and goes on by itself.`] };
}

function interfaceDown(health: Health): Verdict | undefined {
  const all = interfacesOf(health);
  const down = all.filter((one) => !one.up);
  const [first] = down;
  if (!first) return undefined;
  const title =
    down.length === all.length
      ? `Seeing nothing: ${nameList(down.map((one) => one.name))} ${down.length > 1 ? "are" : "is"} down`
      : `${nameList(down.map((one) => one.name))} ${down.length > 1 ? "are" : "is"} down, so we cannot tell what happens there`;
  const causes = down.filter((one) => one.error).map((one) => `${one.name}: ${one.error}.`);
  return { tone: "blind", title, details: [...causes, "The sensor tries again by itself."] };
}

function losing(health: Health, ticks: readonly Tick[]): Verdict | undefined {
  const { lost, seen, share } = recentLoss(ticks, LOSS_WINDOW_S);
  if (lost === 0) return undefined;
  return {
    tone: "warn",
    title: `Lost ${percent(lost, lost + seen)} of the packets in the last minute`,
    details: [
      `${plural(lost, "packet")} went by unseen, so figures below are ${share > 0.01 ? "too low" : "slightly too low"}.`,
      ...health.reasons,
    ],
  };
}

function degraded(health: Health): Verdict | undefined {
  const [first, ...rest] = health.reasons;
  if (health.state !== "degraded" && !first) return undefined;
  return { tone: "warn", title: ending(first ?? "The sensor reports a fault without a reason"), details: rest };
}

function ending(sentence: string): string {
  return sentence.replace(/\.$/, "");
}

function quiet(health: Health, ticks: readonly Tick[]): Verdict | undefined {
  const seconds = quietFor(ticks);
  if (ticks.length < QUIET_S || seconds < QUIET_S) return undefined;
  const names = nameList(interfacesOf(health).map((one) => one.name));
  return {
    tone: "warn",
    title: `No packet on ${names || "the wire"} for ${duration(seconds)}`,
    details: ["Is this the right interface, and does the switch mirror traffic to it?"],
  };
}

function watching(health: Health, ticks: readonly Tick[]): Verdict {
  const names = nameList(interfacesOf(health).map((one) => one.name)) || "the wire";
  const tick = ticks[ticks.length - 1];
  if (!tick) return { tone: "wait", title: `Watching ${names}, waiting for the first second`, details: [] };
  const rates = `${text(rate(tick.in_bytes))} down, ${text(rate(tick.out_bytes))} up,`;
  const lines = [`Watching ${names}:`, rates, "nothing lost"];
  return { tone: "ok", title: lines.join(" "), lines, details: [record(health)] };
}

/** What was seen and lost since the start: nothing is hidden because it is an hour old. */
function record(health: Health): string {
  const lost = health.dropped_nic + health.dropped_kernel;
  const start = since(health.started, health.now);
  const seen = `${plural(health.packets, "packet")} in ${plural(health.flows_ended, "finished flow")} since ${start}`;
  if (lost === 0) return `${seen}, none lost.`;
  return `${seen}; ${exact(lost)} lost (${percent(lost, lost + health.packets)}), none in the last minute.`;
}

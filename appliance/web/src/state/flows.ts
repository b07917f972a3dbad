// The list of flows: which are asked for, which are shown, and what holds it still.

import { batch, computed, effect, signal } from "@preact/signals";
import { getFlows, type ApiError } from "../api/http";
import type { FlowRow } from "../api/types";
import { fromSearch, isEmpty, same, toSearch, withField, type Field, type Filter } from "../lib/filter";
import * as live from "../lib/livelist";
import { closeFlow, opened } from "./opened";

export const FIRST_ROWS = 25; // shown while the list runs
const PAGE = 50;
const MOST = 1_000; // rows on one page; beyond it a filter serves better
const POLL_MS = 3_000; // how often a filtered list is asked for anew

/** What keeps rows from moving. */
export type Hold = "pointer" | "focus" | "selection" | "scrolled";
export type Load = { state: "loading" } | { state: "ready" } | { state: "failed"; message: string };

export const filter = signal<Filter>(fromSearch(location.search));
export const list = signal<live.LiveList>(live.EMPTY);
export const load = signal<Load>({ state: "loading" });
export const loadingOlder = signal(false);
export const shown = signal(FIRST_ROWS);
export const paused = signal(false);

const holds = signal<ReadonlySet<Hold>>(new Set());
export const browsing = computed(() => shown.value > FIRST_ROWS);
export const held = computed(() => paused.value || browsing.value || opened.value !== null || holds.value.size > 0);
export const visible = computed(() => list.value.rows.slice(0, shown.value));
export const atEnd = computed(
  () => list.value.whole && list.value.next === "" && shown.value >= list.value.rows.length,
);
export const full = computed(() => shown.value >= MOST);

let generation = 0; // answers to an older question are dropped
let begun = false; // the stream has spoken before

effect(() => {
  if (!held.value) list.value = live.release(list.peek());
});

export function setHold(hold: Hold, on: boolean): void {
  if (holds.peek().has(hold) === on) return;
  const next = new Set(holds.peek());
  if (on) next.add(hold);
  else next.delete(hold);
  holds.value = next;
}

/** Ask for the first page, and start the list from it. */
export async function reload(rows = PAGE): Promise<void> {
  const mine = ++generation;
  try {
    const page = await getFlows(filter.peek(), rows);
    if (mine !== generation) return;
    batch(() => {
      list.value = live.fromPage(page.data, page.next ?? "");
      load.value = { state: "ready" };
    });
  } catch (error) {
    if (mine === generation) load.value = { state: "failed", message: (error as ApiError).message };
  }
}

/** The stream began anew: its flows are shown at once, the page with its cursor follows. */
export function restart(rows: readonly FlowRow[]): void {
  const first = !begun;
  begun = true;
  const plain = isEmpty(filter.peek());
  if (list.peek().rows.length > 0 && (first || held.peek())) {
    if (plain) list.value = live.catchUp(list.peek(), rows, held.peek());
    return;
  }
  const underway = load.peek().state === "loading";
  if (plain && load.peek().state !== "ready") {
    list.value = { ...live.fromPage(rows, ""), whole: false };
    load.value = { state: "ready" };
  }
  if (!underway) void reload();
}

/** Flows the stream brings, of `stored` new ones; a filtered list does not take them, it asks the server. */
export function arrive(rows: readonly FlowRow[], stored: number): void {
  if (!isEmpty(filter.peek()) || load.peek().state === "loading") return;
  list.value = live.arrive(list.peek(), rows, stored - rows.length, held.peek());
}

/** Show what was waiting, from the top. */
export function showNew(): void {
  batch(() => {
    paused.value = false;
    shown.value = FIRST_ROWS;
    list.value = live.release(list.peek());
  });
  if (!list.peek().whole) void reload();
}

/** Show one page more, from what is here or from the server. */
export async function showOlder(): Promise<void> {
  if (loadingOlder.peek()) return;
  const wanted = shown.peek() + PAGE;
  const { rows, whole, next } = list.peek();
  loadingOlder.value = true;
  if (rows.length < wanted && !whole) await reload(wanted); // rows are missing in between: take them all again
  else if (rows.length < wanted && next !== "") await appendOlder(next);
  batch(() => {
    if (load.peek().state === "ready") shown.value = wanted;
    loadingOlder.value = false;
  });
}

async function appendOlder(cursor: string): Promise<void> {
  const mine = generation;
  try {
    const page = await getFlows(filter.peek(), PAGE, cursor);
    if (mine === generation) list.value = live.older(list.peek(), page.data, page.next ?? "");
  } catch (error) {
    load.value = { state: "failed", message: (error as ApiError).message };
  }
}

export function setFilter(next: Filter): void {
  if (same(next, filter.peek())) return;
  history.pushState(null, "", toSearch(next, location.search) || location.pathname);
  take(next);
}

export function filterBy(field: Field, value: string): void {
  setFilter(withField(filter.peek(), field, value));
}

function take(next: Filter): void {
  batch(() => {
    filter.value = next;
    shown.value = FIRST_ROWS;
    closeFlow();
    load.value = { state: "loading" };
    list.value = live.EMPTY;
  });
  void reload();
}

async function poll(): Promise<void> {
  if (isEmpty(filter.peek()) || load.peek().state === "loading" || document.hidden) return;
  if (load.peek().state === "failed") return reload();
  const mine = generation;
  const page = await getFlows(filter.peek(), PAGE).catch((error: ApiError) => error);
  if (mine !== generation) return;
  if (page instanceof Error) load.value = { state: "failed", message: page.message };
  else list.value = live.catchUp(list.peek(), page.data, held.peek());
}

/** Follow the address bar and keep a filtered list fresh. */
export function startFlows(): void {
  window.addEventListener("popstate", () => {
    const next = fromSearch(location.search);
    if (!same(next, filter.peek())) take(next);
  });
  window.setInterval(() => void poll(), POLL_MS);
  void reload();
}

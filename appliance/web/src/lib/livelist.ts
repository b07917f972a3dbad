// The live list of flows: newest on top, and never a row moved while somebody looks at one.

import type { FlowRow } from "../api/types";

export const KEPT = 200; // rows kept while the list runs; older ones are on the server
const WAITING = 200; // rows kept while it is held; beyond it they are only counted

export interface LiveList {
  rows: readonly FlowRow[]; // shown, newest first
  waiting: readonly FlowRow[]; // arrived while held, newest first
  waitingCount: number; // how many arrived while held, kept or not
  next: string; // the server's cursor behind the last row; "" if unknown or at the end
  whole: boolean; // nothing is missing between the rows
}

export const EMPTY: LiveList = { rows: [], waiting: [], waitingCount: 0, next: "", whole: true };

/** The same stored flow always has the same key; `id` alone begins again every day. */
export function rowKey(row: FlowRow): string {
  return `${row.id}/${row.flow_id}/${row.end}`;
}

/** Start from a page of the server. */
export function fromPage(rows: readonly FlowRow[], next: string): LiveList {
  return { ...EMPTY, rows, next };
}

/** Append a page of older flows. */
export function older(list: LiveList, rows: readonly FlowRow[], next: string): LiveList {
  const known = new Set(list.rows.map(rowKey));
  return { ...list, rows: [...list.rows, ...rows.filter((row) => !known.has(rowKey(row)))], next };
}

/** Newly stored flows, in any order; `lost` tells how many more there were that nobody sent. */
export function arrive(list: LiveList, incoming: readonly FlowRow[], lost: number, held: boolean): LiveList {
  const known = new Set([...list.waiting, ...list.rows].map(rowKey));
  const fresh = incoming.filter((row) => !known.has(rowKey(row)));
  const missing = Math.max(0, lost);
  if (fresh.length === 0 && missing === 0) return list;
  const waiting = inOrder([...fresh, ...list.waiting]);
  const waitingCount = list.waitingCount + fresh.length + missing;
  const whole = list.whole && missing === 0 && waiting.length <= WAITING;
  const next = { ...list, waiting: waiting.slice(0, WAITING), waitingCount, whole };
  return held ? next : release(next);
}

/** The newest flows of a page; if none of them is known, there are more in between. */
export function catchUp(list: LiveList, page: readonly FlowRow[], held: boolean): LiveList {
  const known = new Set([...list.waiting, ...list.rows].map(rowKey));
  const joined = known.size === 0 || page.some((row) => known.has(rowKey(row)));
  const next = arrive(list, page, 0, held);
  return joined || next === list ? next : { ...next, whole: false };
}

/** Show what was waiting. */
export function release(list: LiveList): LiveList {
  if (list.waitingCount === 0) return list;
  const rows = inOrder([...list.waiting, ...list.rows]);
  const cut = rows.length > KEPT;
  return {
    rows: cut ? rows.slice(0, KEPT) : rows,
    waiting: [],
    waitingCount: 0,
    next: cut ? "" : list.next,
    whole: list.whole && !cut,
  };
}

/** As the server's pages are: ids grow with time, and a flow that was silent for long is stored late. */
function inOrder(rows: FlowRow[]): FlowRow[] {
  return rows.sort((one, other) => other.id - one.id);
}

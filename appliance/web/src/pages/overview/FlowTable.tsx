// The table of flows: draws the rows in view, and notices when somebody looks closely.

import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { rowKey } from "../../lib/livelist";
import { SHORT, visibleRows } from "../../lib/windowed";
import { names } from "../../state/names";
import * as flows from "../../state/flows";
import { lastTick } from "../../state/sensor";
import { FlowLine } from "./FlowLine";

const SETTLED_MS = 1_500; // rows drawn with the table itself are not news

const COLUMNS = [
  { key: "state", label: "Status" },
  { key: "time", label: "Time" },
  { key: "dir", label: "Direction" },
  { key: "from", label: "From" },
  { key: "to", label: "To" },
  { key: "where", label: "Geography" },
  { key: "proto", label: "Protocol" },
  { key: "packets", label: "Packets", numeric: true },
  { key: "bytes", label: "Bytes", numeric: true },
] as const;

const CALM = 2; // new flows a second up to which the new ones are marked; beyond, it would be a flicker

export function FlowTable() {
  const body = useRef<HTMLTableSectionElement>(null);
  const mounted = useRef(Date.now());
  const view = useWindow(body, flows.visible.value.length);
  useHolds(body);
  const rows = flows.visible.value;
  const isCalm = Date.now() - mounted.current > SETTLED_MS && (lastTick.peek()?.new_flows ?? 0) <= CALM;
  const windowed = view.end - view.start < rows.length;
  const drawn = rows.slice(view.start, view.end);
  return (
    <table class="flows" role="table" aria-label="Flows, newest first" aria-rowcount={rows.length + 1}>
      <thead role="rowgroup">
        <tr role="row">
          {COLUMNS.map((column) => (
            <th key={column.key} role="columnheader" scope="col" class={`c-${column.key}${"numeric" in column ? " num" : ""}`}>
              {column.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup" ref={body} onKeyDown={onKey}>
        <Spacer rows={view.start} height={view.rowHeight} />
        {drawn.map((row, at) => (
          <FlowLine key={rowKey(row)} flow={row} names={names.value} index={windowed ? view.start + at : -1} fresh={isCalm} />
        ))}
        <Spacer rows={rows.length - view.end} height={view.rowHeight} />
      </tbody>
    </table>
  );
}

/** Room of rows that are not drawn. */
function Spacer({ rows, height }: { rows: number; height: number }) {
  if (rows <= 0) return null;
  return (
    <tr class="spacer" aria-hidden="true">
      <td colSpan={COLUMNS.length} style={{ height: `${rows * height}px` }} />
    </tr>
  );
}

function useWindow(body: { current: HTMLTableSectionElement | null }, rows: number) {
  const scrolled = useSignal(0);
  const height = useRef(0);
  useEffect(() => {
    let frame = 0;
    const onScroll = (): void => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => (scrolled.value = window.scrollY));
    };
    window.addEventListener("scroll", onScroll, { passive: true });
    window.addEventListener("resize", onScroll, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener("scroll", onScroll);
      window.removeEventListener("resize", onScroll);
    };
  }, []);
  if (rows <= SHORT) return { start: 0, end: rows, rowHeight: 0 }; // measuring would cost a layout a second
  void scrolled.value; // draw anew when it changes
  height.current = body.current?.querySelector<HTMLElement>("tr:not(.spacer)")?.offsetHeight ?? height.current;
  const top = body.current?.getBoundingClientRect().top ?? 0;
  return { ...visibleRows(rows, height.current, top, window.innerHeight), rowHeight: height.current };
}

/** Rows stand still under a pointer, while one has the focus, while text is selected, and when scrolled past the top. */
function useHolds(body: { current: HTMLTableSectionElement | null }): void {
  useEffect(() => {
    const element = body.current;
    if (!element) return undefined;
    const stop = new AbortController();
    const on = (target: EventTarget, name: string, react: (event: Event) => void): void =>
      target.addEventListener(name, react, { signal: stop.signal, passive: true });
    on(element, "pointerenter", (event) => flows.setHold("pointer", (event as PointerEvent).pointerType === "mouse"));
    on(element, "pointerleave", () => flows.setHold("pointer", false));
    on(element, "focusin", () => flows.setHold("focus", true));
    on(element, "focusout", (event) => flows.setHold("focus", element.contains((event as FocusEvent).relatedTarget as Node)));
    on(document, "selectionchange", () => flows.setHold("selection", selectsIn(element)));
    on(window, "scroll", () => flows.setHold("scrolled", element.getBoundingClientRect().top < 0));
    return () => {
      stop.abort();
      for (const hold of ["pointer", "focus", "selection", "scrolled"] as const) flows.setHold(hold, false);
    };
  }, []);
}

function selectsIn(element: HTMLElement): boolean {
  const selection = document.getSelection();
  return selection !== null && !selection.isCollapsed && element.contains(selection.anchorNode);
}

/** Arrow keys, j and k go from row to row. */
function onKey(event: KeyboardEvent): void {
  const moves: Record<string, "nextElementSibling" | "previousElementSibling"> = {
    ArrowDown: "nextElementSibling",
    ArrowUp: "previousElementSibling",
  };
  const move = moves[event.key];
  const row = (event.target as HTMLElement).closest("tr");
  const target = move && row?.[move]?.querySelector<HTMLElement>(".row-open");
  if (!target) return;
  event.preventDefault();
  target.focus();
}

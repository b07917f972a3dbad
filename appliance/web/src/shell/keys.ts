// Single keys that act on the page. Off in fields, off with a modifier, off when the user says so.

import { paused, showNew } from "../state/flows";
import { opened } from "../state/opened";
import { setTheme, sheetOpen, shortcutsOn, theme } from "../state/session";
import { THEMES } from "../lib/theme";
import { RANGES, range, setRange } from "../state/traffic";

export const SHORTCUTS: readonly { keys: string[]; does: string }[] = [
  { keys: ["/"], does: "Filter flows" },
  { keys: ["p"], does: "Pause the list, or let it go on" },
  { keys: ["j", "k"], does: "Next and previous flow" },
  { keys: ["Enter"], does: "Open the flow" },
  { keys: ["[", "]"], does: "Shorter and longer range" },
  { keys: ["t"], does: "Change the theme" },
  { keys: ["?"], does: "This list" },
  { keys: ["Esc"], does: "Close" },
];

function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>(".row-open")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? 0 : at + step;
  rows[Math.max(0, Math.min(rows.length - 1, next))]?.focus();
}

function moveRange(step: 1 | -1): void {
  const next = RANGES[RANGES.indexOf(range.peek()) + step];
  if (next) setRange(next);
}

const ACTIONS: Readonly<Record<string, () => void>> = {
  "/": () => document.getElementById("flow-search")?.focus(),
  p: () => (paused.peek() ? showNew() : (paused.value = true)),
  j: () => moveRow(1),
  k: () => moveRow(-1),
  "[": () => moveRange(-1),
  "]": () => moveRange(1),
  t: () => setTheme(THEMES[(THEMES.indexOf(theme.peek()) + 1) % THEMES.length] ?? "auto"),
  "?": () => (sheetOpen.value = true),
};

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, select, textarea, [contenteditable]") !== null;
}

export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (!shortcutsOn.peek() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isField(event.target) || sheetOpen.peek() || opened.peek()) return;
    const action = ACTIONS[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}


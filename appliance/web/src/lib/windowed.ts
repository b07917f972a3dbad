// Which rows of a long list are worth drawing.

export interface Window {
  start: number; // first row drawn
  end: number; // one past the last
}

const SPARE = 8; // rows above and below the view, so that scrolling never shows a hole
export const SHORT = 60; // a list up to here is drawn whole

/** Rows in view. `top` is where the list begins relative to the view's upper edge, px. */
export function visibleRows(count: number, rowHeight: number, top: number, viewHeight: number): Window {
  if (count <= SHORT || rowHeight <= 0) return { start: 0, end: count };
  const first = Math.floor(-top / rowHeight) - SPARE;
  const last = Math.ceil((viewHeight - top) / rowHeight) + SPARE;
  const start = Math.min(Math.max(0, first), Math.max(0, count - 1));
  return { start, end: Math.min(count, Math.max(last, start + 1)) };
}

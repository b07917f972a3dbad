// From a figure to the flows behind it.

import type { Field } from "../../lib/filter";
import { setFilter } from "../../state/flows";

/** Show the flows of one thing alone, and bring the list into view. */
export function showFlowsOf(field: Field, value: string): void {
  setFilter({ [field]: value });
  const card = document.getElementById("flows");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  card?.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  document.getElementById("flows-title")?.focus({ preventScroll: true });
}

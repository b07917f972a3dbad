// The flow whose details are open. It stands in the address, so that reload, Back and a shared link work.

import { signal } from "@preact/signals";
import { getFlow } from "../api/http";
import type { FlowRow } from "../api/types";

const PARAMETER = "flow";

export const opened = signal<FlowRow | null>(null);

function searchWith(id: string): string {
  const parameters = new URLSearchParams(location.search);
  if (id === "") parameters.delete(PARAMETER);
  else parameters.set(PARAMETER, id);
  const text = parameters.toString();
  return text === "" ? location.pathname : `?${text}`;
}

export function openFlow(flow: FlowRow): void {
  history.pushState(null, "", searchWith(String(flow.id)));
  opened.value = flow;
}

export function closeFlow(): void {
  if (new URLSearchParams(location.search).has(PARAMETER)) history.replaceState(null, "", searchWith(""));
  opened.value = null;
}

async function follow(): Promise<void> {
  const id = new URLSearchParams(location.search).get(PARAMETER) ?? "";
  if (!/^\d+$/.test(id)) {
    opened.value = null;
  } else if (id !== String(opened.peek()?.id)) {
    const flow = await getFlow(id).catch(() => null); // gone to make room: the list says what there is
    if (flow) opened.value = flow;
    else closeFlow();
  }
}

export function startOpened(): void {
  window.addEventListener("popstate", () => void follow());
  void follow();
}

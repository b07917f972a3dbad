// Names of the hosts the sensor knows, fetched once a minute.

import { signal } from "@preact/signals";
import { getHosts } from "../api/http";
import { namesOf, type Names } from "../lib/names";

const EVERY_MS = 60_000;
const HOSTS = 500;

export const names = signal<Names>(new Map());

async function refresh(): Promise<void> {
  const page = await getHosts(HOSTS).catch(() => undefined); // without names, addresses serve
  if (page) names.value = namesOf(page.data);
}

export function startNames(): void {
  window.setInterval(() => document.hidden || void refresh(), EVERY_MS);
  void refresh();
}

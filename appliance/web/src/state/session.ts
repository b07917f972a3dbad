// What belongs to this browser: theme, shortcuts, and the stream while somebody looks.

import { effect, signal } from "@preact/signals";
import { Stream, streamUrl, type Message } from "../api/stream";
import { applyTheme, storeTheme, storedTheme, type Theme } from "../lib/theme";
import { arrive, restart, startFlows } from "./flows";
import { startNames } from "./names";
import { startOpened } from "./opened";
import { lastTick, receive, silent } from "./sensor";
import { startTraffic } from "./traffic";

const SHORTCUTS_KEY = "shortcuts";
const SKIPPED_S = 1.5;
const HIDDEN_MS = 60_000; // a hidden page lets go of the stream after this

export const theme = signal<Theme>(storedTheme());
export const isDark = signal(false);
export const sheetOpen = signal(false);
export const shortcutsOn = signal(storedShortcuts());

function storedShortcuts(): boolean {
  try {
    return localStorage.getItem(SHORTCUTS_KEY) !== "off";
  } catch {
    return true;
  }
}

export function setShortcuts(on: boolean): void {
  shortcutsOn.value = on;
  try {
    if (on) localStorage.removeItem(SHORTCUTS_KEY);
    else localStorage.setItem(SHORTCUTS_KEY, "off");
  } catch {
    // storage is switched off: the choice lasts until the page is closed
  }
}

export function setTheme(next: Theme): void {
  theme.value = next;
  storeTheme(next);
}

function message(news: Message, stream: Stream): void {
  const before = lastTick.peek()?.ts;
  receive(news, Date.now() / 1000);
  if (news.type === "init") return restart(news.data.flows);
  if (news.type !== "traffic_update") return;
  if (news.data.flows) arrive(news.data.flows, news.data.flows_total ?? news.data.flows.length);
  const now = news.data.tick?.ts;
  // seconds were left out, by the sensor or because this page was slow: its history tells which
  if (before !== undefined && now !== undefined && now - before > SKIPPED_S) stream.renew();
}

/** Begin: called once. */
export function start(): void {
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  const system = signal(prefersDark.matches);
  prefersDark.addEventListener("change", () => (system.value = prefersDark.matches));
  effect(() => {
    applyTheme(theme.value);
    isDark.value = theme.value === "auto" ? system.value : theme.value === "dark";
  });
  const stream = new Stream(streamUrl(), { message: (news) => message(news, stream), silent });
  stream.start();
  const letGo = (): void => {
    stream.stop();
    silent(""); // on return, old figures must not pass for news
  };
  let leave = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(leave);
    if (document.hidden) leave = window.setTimeout(letGo, HIDDEN_MS);
    else stream.start();
  });
  startFlows();
  startOpened();
  startNames();
  startTraffic();
}

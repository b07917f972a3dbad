// Top of every page: whose sensor this is, whether the page is live, theme and keys.

import { clock } from "../lib/time";
import { THEMES, type Theme } from "../lib/theme";
import { health, link } from "../state/sensor";
import { setTheme, sheetOpen, theme } from "../state/session";
import { Icon, Logo, type IconName } from "../ui/Icon";

export function Header() {
  return (
    <header class="top">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <a class="brand" href="/" aria-label="Tracer, overview">
        <Logo />
        <span>Tracer</span>
      </a>
      {health.value?.sensor && (
        <span class="sensor-name">
          <bdi>{health.value.sensor}</bdi>
        </span>
      )}
      <span class="spring" />
      <LivePill />
      <button type="button" class="icon-button keys" onClick={() => (sheetOpen.value = true)} title="Keys (?)" aria-label="Keyboard shortcuts">
        <Icon name="keys" />
      </button>
      <ThemeButton />
    </header>
  );
}

function LivePill() {
  const { state, heardAt } = link.value;
  const words = {
    connecting: "Connecting",
    live: "Live",
    stale: heardAt > 0 ? `Not live since ${clock(heardAt)}` : "Not connected",
  }[state];
  return (
    <span class={`pill ${state}`}>
      <span class="dot" aria-hidden="true" />
      {words}
    </span>
  );
}

const THEME_ICONS: Readonly<Record<Theme, IconName>> = { auto: "auto", light: "sun", dark: "moon" };
const THEME_WORDS: Readonly<Record<Theme, string>> = { auto: "as the system", light: "light", dark: "dark" };

function ThemeButton() {
  const now = theme.value;
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length] ?? "auto";
  const words = `Theme: ${THEME_WORDS[now]}. Change to ${THEME_WORDS[next]}`;
  return (
    <button type="button" class="icon-button theme" onClick={() => setTheme(next)} title={words} aria-label={words}>
      <Icon name={THEME_ICONS[now]} />
    </button>
  );
}

// Outline icons, drawn here: 16 px, one stroke. They never stand for words alone, save copy, close and pause.

const PATHS = {
  down: "M8 3v10M4 9l4 4 4-4",
  up: "M8 13V3M4 7l4-4 4 4",
  local: "M2 6h11l-2.5-2.5M14 10H3l2.5 2.5",
  transit: "M2 8h12M10 4l4 4-4 4",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.5l7.5 4.5L5 12.5z",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M6 6h7v7H6zM10 6V3H3v7h3",
  check: "M3 8.5l3.5 3.5L13 4.5",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.5 10.5L14 14",
  sun: "M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z",
  auto: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 2v12M8 5l4.5-1M8 8h6M8 11l4.5 1",
  keys: "M1.5 4h13v8h-13zM4 6.7h.01M6.7 6.7h.01M9.3 6.7h.01M12 6.7h.01M5 9.4h6",
  eyeoff: "M2 2l12 12M6.6 6.6a2 2 0 0 0 2.8 2.8M4.2 4.4C2.4 5.6 1.3 8 1.3 8s2.4 4.5 6.7 4.5c1.3 0 2.4-.4 3.4-1M6.6 3.6c.4-.1.9-.1 1.4-.1 4.3 0 6.7 4.5 6.7 4.5s-.5 1-1.5 2.1",
  warn: "M8 2.2L14.8 13.5H1.2zM8 6.5v3.2M8 11.7h.01",
  wait: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 4.7V8l2.3 1.7",
  next: "M6 3.5L10.5 8 6 12.5",
  table: "M2 3h12v10H2zM2 6.5h12M2 10h12M7 3v10",
  chart: "M2 13h12M2.5 10l3-4 3 2.5L13 3.5",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon without meaning of its own: whatever stands beside it says what it is. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  const side = `${size / 16}rem`; // grows with the type
  return (
    <svg class="icon" viewBox="0 0 16 16" width={side} height={side} aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

const FATES = {
  done: <circle cx="5" cy="5" r="3.5" class="fill" />,
  open: (
    <>
      <circle cx="5" cy="5" r="3.5" class="line" />
      <path d="M5 1.5a3.5 3.5 0 0 1 0 7z" class="fill" />
    </>
  ),
  none: <circle cx="5" cy="5" r="3.5" class="line" />,
  cut: <path d="M2 2l6 6M8 2l-6 6" class="line" />,
  part: <path d="M1.5 5h7" class="line" />,
} as const;

/** What became of a flow, as a shape; the word stands beside it. */
export function FateMark({ fate }: { fate: keyof typeof FATES }) {
  return (
    <svg class={`fate fate-${fate}`} viewBox="0 0 10 10" width="0.625rem" height="0.625rem" aria-hidden="true" focusable="false">
      {FATES[fate]}
    </svg>
  );
}

/** The mark of the product: a trace. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path d="M5 17h5l3-8 5 15 3.5-9H27" />
    </svg>
  );
}

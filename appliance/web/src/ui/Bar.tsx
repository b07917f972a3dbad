// Bars behind figures. Widths are set through the style object, which a strict content policy allows.

/** In and out of one whole, side by side. `share` is the length of the whole bar, 0..1. */
export function SplitBar({ down, up, share }: { down: number; up: number; share: number }) {
  const total = down + up;
  const width = total > 0 ? Math.max(0.02, Math.min(1, share)) : 0;
  const first = total > 0 ? down / total : 0;
  return (
    <span class="bar split" aria-hidden="true">
      <span class="bar-down" style={{ width: `${first * width * 100}%` }} />
      <span class="bar-up" style={{ width: `${(1 - first) * width * 100}%` }} />
    </span>
  );
}

/** How full something is, 0..1. */
export function Meter({ fill, label }: { fill: number; label: string }) {
  const part = Math.max(0, Math.min(1, fill));
  const tone = part > 0.9 ? "over" : part > 0.75 ? "near" : "fine";
  return (
    <span
      class={`bar meter ${tone}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(part * 100)}
    >
      <span style={{ width: `${part * 100}%` }} />
    </span>
  );
}

// Numbers in words people read: three significant digits, decimal prefixes, the unit apart.

/** A figure and its unit, apart so that the unit can be set smaller. */
export interface Quantity {
  value: string;
  unit: string;
}

const NARROW = "\u202f"; // no-break: a number never wraps
const PREFIXES = ["", "k", "M", "G", "T", "P"] as const;

function scaled(amount: number): { digits: string; prefix: string } {
  let step = 0;
  let rest = Math.max(0, amount);
  while (rest >= 999.5 && step < PREFIXES.length - 1) {
    rest /= 1000;
    step += 1;
  }
  const places = step === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
  return { digits: rest.toFixed(places), prefix: PREFIXES[step] ?? "" };
}

/** Bytes in a second, as bits per second. */
export function rate(bytesPerSecond: number): Quantity {
  const { digits, prefix } = scaled(bytesPerSecond * 8);
  return { value: digits, unit: `${prefix}b/s` };
}

export function size(bytes: number): Quantity {
  const { digits, prefix } = scaled(bytes);
  return { value: digits, unit: `${prefix}B` };
}

/** How many: exact to 9 999, then "12.4 k". */
export function count(amount: number): string {
  if (amount < 10_000) return exact(amount);
  const { digits, prefix } = scaled(amount);
  return `${digits}${NARROW}${prefix}`;
}

/** How many, every digit, in groups of three. */
export function exact(amount: number): string {
  return String(Math.round(amount)).replace(/\B(?=(\d{3})+$)/g, NARROW);
}

/** A share: whole from 10 %, one decimal below; never rounds to 0 or 100 what is neither. */
export function percent(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return `0${NARROW}%`;
  const share = (part / whole) * 100;
  if (share >= 100) return `${Math.round(share)}${NARROW}%`;
  if (share < 0.1) return `<0.1${NARROW}%`;
  if (share > 99.9) return `>99.9${NARROW}%`;
  if (share < 9.95 || share > 99) return `${share.toFixed(1)}${NARROW}%`;
  return `${Math.round(share)}${NARROW}%`;
}

const SPANS = [
  { seconds: 86_400, unit: "d" },
  { seconds: 3_600, unit: "h" },
  { seconds: 60, unit: "min" },
  { seconds: 1, unit: "s" },
] as const;

/** A length of time, at most two units: "2 h 10 min", "4.2 s", "340 ms". */
export function duration(seconds: number): string {
  if (seconds < 0.0005) return `0${NARROW}s`;
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)}${NARROW}ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)}${NARROW}s`;
  const whole = Math.round(seconds);
  const first = SPANS.findIndex((span) => whole >= span.seconds);
  const large = SPANS[first];
  const small = SPANS[first + 1];
  if (!large) return `${whole}${NARROW}s`;
  const amount = Math.floor(whole / large.seconds);
  const head = `${amount}${NARROW}${large.unit}`;
  const rest = small ? Math.floor((whole % large.seconds) / small.seconds) : 0;
  return small && rest > 0 ? `${head} ${rest}${NARROW}${small.unit}` : head;
}

export function milliseconds(value: number): string {
  if (value >= 1000) return duration(value / 1000);
  const places = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(places)}${NARROW}ms`;
}

/** A quantity on one line. */
export function text({ value, unit }: Quantity): string {
  return `${value}${NARROW}${unit}`;
}

/** "1 flow", "2 flows". */
export function plural(amount: number, one: string, many = `${one}s`): string {
  return `${count(amount)} ${amount === 1 ? one : many}`;
}

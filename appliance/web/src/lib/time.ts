// Points in time as people say them. Every function takes s since the epoch, in the browser's zone.

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** "14:02:31". */
export function clock(ts: number): string {
  const at = new Date(ts * 1000);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** "14:02". */
export function shortClock(ts: number): string {
  return clock(ts).slice(0, 5);
}

function dayNumber(ts: number): number {
  const at = new Date(ts * 1000);
  return Math.round(Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) / 86_400_000);
}

/** The day, as far as it must be said: "" today, "Tue" within a week, else "3 Nov". */
export function day(ts: number, now: number): string {
  const age = dayNumber(now) - dayNumber(ts);
  if (age === 0) return "";
  const at = new Date(ts * 1000);
  if (age > 0 && age < 7) return DAYS[at.getDay()] ?? "";
  return `${at.getDate()} ${MONTHS[at.getMonth()] ?? ""}`;
}

/** "14:02:31" today, "Tue 14:02" within a week, then "3 Nov 14:02". */
export function moment(ts: number, now: number): string {
  const date = day(ts, now);
  return date === "" ? clock(ts) : `${date} ${shortClock(ts)}`;
}

/** "09:12" today, "Tue 09:12" before. */
export function since(ts: number, now: number): string {
  return `${day(ts, now)} ${shortClock(ts)}`.trim();
}

/** To the millisecond, with the zone and in UTC: what a tooltip shows. */
export function precise(ts: number): string {
  const at = new Date(ts * 1000);
  const east = -at.getTimezoneOffset();
  const zone = `${east < 0 ? "-" : "+"}${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`;
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const fraction = String(at.getMilliseconds()).padStart(3, "0");
  return `${date} ${clock(ts)}.${fraction} ${zone} (${at.toISOString().slice(11, 19)} UTC)`;
}

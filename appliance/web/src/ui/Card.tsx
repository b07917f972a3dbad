// A card: one heading, perhaps controls beside it, and a body that says why it is empty.

import type { ComponentChildren } from "preact";
import { isStale, link } from "../state/sensor";
import { clock } from "../lib/time";

interface CardProps {
  id: string;
  title: string;
  note?: ComponentChildren;
  actions?: ComponentChildren;
  live?: boolean; // its figures come with the stream, and age when that is silent
  children: ComponentChildren;
}

export function Card({ id, title, note, actions, live = true, children }: CardProps) {
  const stale = live && isStale.value && link.value.heardAt > 0;
  return (
    <section class={`card card-${id}${stale ? " stale" : ""}`} aria-labelledby={`${id}-title`}>
      <header class="card-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {stale ? <span class="as-of">as of {clock(link.value.heardAt)}</span> : note && <span class="note">{note}</span>}
        {actions && <div class="card-actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

/** Nothing to show, and why. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** Rows of the final height while the first answer is under way. */
export function Skeleton({ rows, tall = false }: { rows: number; tall?: boolean }) {
  return (
    <div class={`skeleton${tall ? " tall" : ""}`} role="status">
      <span class="sr">Loading</span>
      {Array.from({ length: rows }, (_, at) => (
        <div key={at} />
      ))}
    </div>
  );
}

/** Something failed: what, what still stands, and a way to try again. */
export function Failure({ message, retry, kept = false }: { message: string; retry: () => void; kept?: boolean }) {
  return (
    <div class="failure" role="alert">
      <p>
        {message}. {kept && "What stands below is what was last known."}
      </p>
      <button type="button" class="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

// The chart on the page: loads the drawing code, keeps size and theme, moves the cursor by keyboard.

import { useEffect, useRef } from "preact/hooks";
import type { Series } from "../lib/series";
import { isDark } from "../state/session";
import type { TrafficPlot } from "./chart";

interface ChartProps {
  series: Series;
  caption: string;
  hovered: (at: number | null) => void;
}

export function TrafficChart({ series, caption, hovered }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<TrafficPlot | null>(null);
  const newest = useRef(series);
  newest.current = series;
  const dark = isDark.value;

  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    let gone = false;
    const resized = new ResizeObserver(() => plot.current?.resize(element.clientWidth, element.clientHeight));
    void import("./chart").then(({ TrafficPlot }) => {
      if (gone) return;
      plot.current = new TrafficPlot(element, newest.current, hovered);
      resized.observe(element);
    });
    return () => {
      gone = true;
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [dark]);

  useEffect(() => {
    if (!document.hidden) plot.current?.update(series);
  }, [series]);

  const cursor = useRef<number | null>(null);
  const onKey = (event: KeyboardEvent): void => {
    const moves: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30 };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const last = series.xs.length - 1;
    cursor.current = Math.max(0, Math.min(last, (cursor.current ?? last) + move));
    plot.current?.point(cursor.current);
  };
  const onBlur = (): void => {
    cursor.current = null;
    plot.current?.point(null);
  };
  return (
    <div ref={host} class="chart" role="img" tabIndex={0} aria-label={caption} onKeyDown={onKey} onBlur={onBlur} />
  );
}

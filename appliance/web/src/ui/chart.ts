// The traffic chart: in above the line, out below it, hatched where the sensor did not see.

import uPlot from "uplot";
import type { Series, Span } from "../lib/series";
import { peak } from "../lib/series";
import { rateLabels, rateTicks, timeTicks } from "../lib/scale";
import { clock, shortClock } from "../lib/time";

const LABEL_REM = 5; // room for one label of the time axis
const LEFT_REM = 4.5; // room for the labels of the rate axis

interface Colours {
  down: string;
  up: string;
  local: string;
  other: string;
  blind: string;
  grid: string;
  zero: string;
  text: string;
  font: string;
  rem: number; // px
}

/** Colours and font as the style sheet has them now. */
function coloursOf(element: HTMLElement): Colours {
  const style = getComputedStyle(element);
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    down: token("chart-1"),
    up: token("chart-2"),
    local: token("chart-3"),
    other: token("chart-4"),
    blind: token("blind"),
    grid: token("border"),
    zero: token("control"),
    text: token("muted"),
    font: `${0.75 * rem}px ${style.fontFamily}`,
    rem,
  };
}

/** A drawn chart, fed with new series until it is destroyed. */
export class TrafficPlot {
  private readonly plot: uPlot;
  private readonly colours: Colours;
  private ticks: number[] = rateTicks(0, 0);
  private series: Series;

  constructor(host: HTMLElement, series: Series, hovered: (at: number | null) => void) {
    this.series = series;
    this.colours = coloursOf(host);
    this.ticks = ticksOf(series);
    this.plot = new uPlot(this.options(host, hovered), columns(series), host);
  }

  update(series: Series): void {
    this.series = series;
    this.ticks = ticksOf(series);
    this.plot.setData(columns(series));
  }

  resize(width: number, height: number): void {
    if (width > 0 && (width !== this.plot.width || height !== this.plot.height)) this.plot.setSize({ width, height });
  }

  /** Put the cursor on a point, or take it away. */
  point(at: number | null): void {
    const x = at === null ? undefined : this.series.xs[at];
    this.plot.setCursor({ left: x === undefined ? -10 : this.plot.valToPos(x, "x"), top: 0 });
  }

  destroy(): void {
    this.plot.destroy();
  }

  private options(host: HTMLElement, hovered: (at: number | null) => void): uPlot.Options {
    return {
      width: host.clientWidth,
      height: host.clientHeight,
      padding: [8, 4, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { size: 7, width: 2 } },
      scales: {
        x: { time: false, range: () => [this.series.xs[0] ?? 0, this.series.xs[this.series.xs.length - 1] ?? 1] },
        y: { range: () => [this.ticks[0] ?? 0, this.ticks[this.ticks.length - 1] ?? 1] },
      },
      axes: [this.timeAxis(), this.rateAxis()],
      series: this.lines(),
      hooks: {
        drawClear: [() => this.drawHatches()],
        drawAxes: [() => this.drawZero()],
        setCursor: [(plot) => hovered(plot.cursor.idx ?? null)],
      },
    };
  }

  private timeAxis(): uPlot.Axis {
    const { grid, text, font, rem } = this.colours;
    return {
      size: 1.75 * rem,
      gap: 0.375 * rem,
      font,
      stroke: text,
      grid: { show: false },
      ticks: { stroke: grid, width: 1, size: 4 },
      splits: (plot, _axis, min, max) => timeTicks(min, max, Math.max(2, Math.floor(plot.width / (LABEL_REM * rem)))),
      values: (plot, splits) => splits.map((at) => this.timeLabel(plot, at)),
    };
  }

  /** The time in words; nothing so near the edge that it would be cut. */
  private timeLabel(plot: uPlot, at: number): string {
    const left = plot.valToPos(at, "x");
    const { rem } = this.colours;
    const right = plot.width - LEFT_REM * rem;
    if (left < 0 || left > right - (LABEL_REM * rem) / 3) return "";
    return this.series.step < 10 ? clock(at) : shortClock(at);
  }

  private rateAxis(): uPlot.Axis {
    const { grid, text, font, rem } = this.colours;
    return {
      size: LEFT_REM * rem,
      gap: 0.5 * rem,
      font,
      stroke: text,
      grid: { stroke: grid, width: 1 },
      ticks: { show: false },
      splits: () => this.ticks,
      values: (_plot, splits) => rateLabels(splits),
    };
  }

  private lines(): uPlot.Series[] {
    const { down, up, local, other } = this.colours;
    const common = { width: 1.5 * (this.colours.rem / 16), spanGaps: false, points: { show: false } };
    return [
      {},
      { ...common, stroke: down, fill: `${down}2b` },
      { ...common, stroke: up, fill: `${up}24` },
      { ...common, stroke: local, dash: [6, 3] },
      { ...common, stroke: other, dash: [2, 2] },
    ];
  }

  private drawZero(): void {
    const { ctx, bbox } = this.plot;
    const y = Math.round(this.plot.valToPos(0, "y", true));
    ctx.save();
    ctx.fillStyle = this.colours.zero;
    ctx.fillRect(bbox.left, y, bbox.width, Math.max(1, Math.round(devicePixelRatio)));
    ctx.restore();
  }

  private drawHatches(): void {
    const { gaps, lossy, step } = this.series;
    const { top, height } = this.plot.bbox;
    // the line ends one step before a gap, so the hatch begins there
    for (const gap of gaps) this.hatch({ from: gap.from - step, to: gap.to }, top, height);
    for (const span of lossy) this.hatch(span, top + height / 2, height / 2);
  }

  private hatch({ from, to }: Span, top: number, height: number): void {
    const { ctx, bbox } = this.plot;
    const left = Math.max(bbox.left, this.plot.valToPos(from, "x", true));
    const right = Math.min(bbox.left + bbox.width, this.plot.valToPos(to, "x", true));
    const width = Math.max(2, right - left);
    const spacing = 7 * devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    ctx.globalAlpha = 0.55;
    ctx.strokeStyle = this.colours.blind;
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    for (let x = left - height - (left % spacing); x < left + width; x += spacing) {
      ctx.moveTo(x, top + height);
      ctx.lineTo(x + height, top);
    }
    ctx.stroke();
    ctx.restore();
  }
}

function ticksOf(series: Series): number[] {
  return rateTicks(-peak(series.up), Math.max(peak(series.down), peak(series.local), peak(series.other)));
}

const VISIBLE = 0.01; // of the highest value; a lesser line would only smear the zero line

/** What the plot takes; lines that would lie on zero throughout are left out. */
function columns({ xs, down, up, local, other }: Series): uPlot.AlignedData {
  const least = VISIBLE * Math.max(peak(down), peak(up), peak(local), peak(other));
  const drawn = (values: (number | null)[]): (number | null)[] => (peak(values) > least ? values : xs.map(() => null));
  return [xs, down, up, drawn(local), drawn(other)];
}

// Live throughput: the figures of now, and how they came about.

import { useSignal } from "@preact/signals";
import { condense, otherBytes, peak, type Series } from "../../lib/series";
import { clock, shortClock } from "../../lib/time";
import { count, duration, rate, text, type Quantity } from "../../lib/units";
import { lastTick } from "../../state/sensor";
import { drawn, range, RANGES, setRange, type Range } from "../../state/traffic";
import { Card } from "../../ui/Card";
import { Icon, type IconName } from "../../ui/Icon";
import { Segmented } from "../../ui/Segmented";
import { TrafficChart } from "../../ui/TrafficChart";

const TABLE_ROWS = 30;

export function TrafficCard() {
  const asTable = useSignal(false);
  const view = drawn.value;
  const actions = (
    <>
      <button
        type="button"
        class="icon-button"
        aria-pressed={asTable.value}
        title={asTable.value ? "Show as chart" : "Show as table"}
        aria-label="Show as table"
        onClick={() => (asTable.value = !asTable.value)}
      >
        <Icon name={asTable.value ? "chart" : "table"} />
      </button>
      <Segmented<Range> name="Range" choices={RANGES} chosen={range.value.key} choose={setRange} />
    </>
  );
  return (
    <Card id="traffic" title="Traffic" actions={actions}>
      <Figures />
      {view.state === "loading" && <Waiting />}
      {view.state === "failed" && <p class="empty">{view.message}. The live view of 5 minutes still works.</p>}
      {view.state === "ready" && (asTable.value ? <Table series={view.series} /> : <Drawn series={view.series} />)}
    </Card>
  );
}

/** Room for the chart, so that nothing moves when it comes. */
function Waiting() {
  return (
    <figure>
      <div class="chart waiting" />
      <figcaption />
    </figure>
  );
}

const UNKNOWN: Quantity = { value: "–", unit: "" };
const OTHER_SHOWN = 0.02; // share of the traffic from which on it is worth a figure

/** The rates of the last second. */
function Figures() {
  const tick = lastTick.value;
  const other = tick ? otherBytes(tick) : 0;
  const perSecond = (amount: number | undefined): Quantity =>
    amount === undefined ? UNKNOWN : { value: count(amount), unit: "/s" };
  return (
    <dl class="figures">
      <Figure icon="down" tone="down" label="Down" quantity={tick ? rate(tick.in_bytes) : UNKNOWN} />
      <Figure icon="up" tone="up" label="Up" quantity={tick ? rate(tick.out_bytes) : UNKNOWN} />
      <Figure icon="local" tone="local" label="Local" quantity={tick ? rate(tick.local_bytes) : UNKNOWN} />
      {tick && other > OTHER_SHOWN * tick.bytes && (
        <Figure icon="transit" tone="other" label="Other" quantity={rate(other)} />
      )}
      <Figure label="Packets" quantity={perSecond(tick?.packets)} small />
      <Figure label="New flows" quantity={perSecond(tick?.new_flows)} small />
    </dl>
  );
}

interface FigureProps {
  label: string;
  quantity: Quantity;
  icon?: IconName;
  tone?: string;
  small?: boolean;
}

function Figure({ label, quantity, icon, tone = "", small = false }: FigureProps) {
  return (
    <div class={`figure ${tone}${small ? " small" : ""}`}>
      <dt>
        {icon && <Icon name={icon} size={14} />}
        {label}
      </dt>
      <dd>
        {quantity.value}
        <span class="unit">{quantity.unit}</span>
      </dd>
    </div>
  );
}

function Drawn({ series }: { series: Series }) {
  const at = useSignal<number | null>(null);
  const average = series.step > 1 ? " on average" : "";
  const caption = `Traffic in the ${range.value.words}, at most ${text(rate(peak(series.down) / 8))} down and ${text(
    rate(peak(series.up) / 8),
  )} up${average}. Arrow keys move through it.`;
  return (
    <figure class="chart-figure">
      <TrafficChart series={series} caption={caption} hovered={(index) => (at.value = index)} />
      <figcaption>{at.value === null ? <Summary series={series} /> : <Readout series={series} at={at.value} />}</figcaption>
    </figure>
  );
}

function Summary({ series }: { series: Series }) {
  const gaps = series.gaps.length;
  return (
    <>
      <span>
        Peak in the {range.value.words}: {text(rate(peak(series.down) / 8))} down, {text(rate(peak(series.up) / 8))} up
      </span>
      {gaps > 0 && (
        <span class="key-gap">
          <i class="swatch hatch" />
          {gaps === 1 ? gapText(series) : `${gaps} gaps without a record`}
        </span>
      )}
      {series.lossy.length > 0 && (
        <span class="key-gap">
          <i class="swatch hatch half" />
          packets lost
        </span>
      )}
    </>
  );
}

function gapText(series: Series): string {
  const gap = series.gaps[0];
  const format = series.step < 60 ? clock : shortClock;
  return gap ? `no record ${format(gap.from)} to ${format(gap.to)}` : "";
}

/** The values under the cursor. */
function Readout({ series, at }: { series: Series; at: number }) {
  const x = series.xs[at];
  const down = series.down[at];
  if (x === undefined) return null;
  const format = series.step < 60 ? clock : shortClock;
  if (down === null || down === undefined) return <span>{format(x)}: no record</span>;
  const part = (value: number | null | undefined): string => text(rate(Math.abs(value ?? 0) / 8));
  return (
    <span class="readout">
      <b>{format(x)}</b>
      <span class="down">{part(down)} down</span>
      <span class="up">{part(series.up[at])} up</span>
      <span class="local">{part(series.local[at])} local</span>
      {(series.other[at] ?? 0) > 0 && <span class="other">{part(series.other[at])} other</span>}
    </span>
  );
}

function Table({ series }: { series: Series }) {
  const cell = (value: number | null): string => (value === null ? "no record" : text(rate(value / 8)));
  return (
    <div class="chart-table" tabIndex={0} role="region" aria-label="Traffic as a table">
      <table>
        <caption class="sr">Average traffic, newest first</caption>
        <thead>
          <tr>
            {["From", "Down", "Up", "Local", "Other"].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {condense(series, TABLE_ROWS).map((row) => (
            <tr key={row.from}>
              <th scope="row">
                {series.step < 60 ? clock(row.from) : shortClock(row.from)}
                {row.missing > 0 && row.down !== null && <span class="hole">no record for {duration(row.missing)}</span>}
              </th>
              <td>{cell(row.down)}</td>
              <td>{cell(row.up)}</td>
              <td>{cell(row.local)}</td>
              <td>{cell(row.other)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// Could the sensor see? Losses first, each kind apart; then how full and how late it is.

import type { ComponentChildren } from "preact";
import type { Health } from "../../api/types";
import { coverage, interfacesOf, recentLoss, type InterfaceState, type Seen } from "../../lib/health";
import { since } from "../../lib/time";
import { count, duration, exact, percent, plural, size, text } from "../../lib/units";
import { cpuShare, health, HISTORY_S, ticks } from "../../state/sensor";
import { Meter } from "../../ui/Bar";
import { Card, Skeleton } from "../../ui/Card";

const SLOTS = 60;

export function HealthCard() {
  const record = health.value;
  return (
    <Card id="health" title="Sensor" note={record?.sensor}>
      {record ? <Body record={record} /> : <Skeleton rows={8} />}
    </Card>
  );
}

function Body({ record }: { record: Health }) {
  return (
    <>
      <Coverage />
      <Part title={`Lost since ${since(record.started, record.now)}`}>
        <dl class="pairs">
          <Lost label="Network card" lost={record.dropped_nic} of={record.packets} unit="packet" />
          <Lost label="Kernel ring" lost={record.dropped_kernel} of={record.packets} unit="packet" />
          <Lost label="Own queues" lost={record.dropped_queue} of={record.flows_ended} unit="flow" />
          <Lost label="Flow table full" lost={record.flows_evicted} of={record.flows_ended} unit="flow" ends />
        </dl>
      </Part>
      <Part title="Room and speed">
        <Room record={record} />
      </Part>
      <Part title="Interfaces">
        <ul class="interfaces">
          {interfacesOf(record).map((one) => (
            <Interface key={one.name} state={one} />
          ))}
        </ul>
      </Part>
      <More record={record} />
    </>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="part">
      <h3>{title}</h3>
      {children}
    </div>
  );
}

function Coverage() {
  const { lost, seen } = recentLoss(ticks.value, HISTORY_S);
  const slots = coverage(ticks.value, HISTORY_S, SLOTS);
  const dark = slots.filter((slot) => slot === "none").length;
  const share = lost + seen === 0 ? "No packet to see" : `Saw ${percent(seen, seen + lost)} of packets`;
  const words = dark > 0 ? `${share}, and nothing at all for ${duration((dark * HISTORY_S) / SLOTS)}` : share;
  return (
    <div class="coverage">
      <p>
        <b>{words}</b> <span class="muted">last 5 min</span>
      </p>
      <svg viewBox={`0 0 ${SLOTS * 5} 14`} preserveAspectRatio="none" role="img" aria-label={`${words} in the last 5 minutes`}>
        {slots.map((slot, at) => (
          <rect key={at} class={SEEN_CLASS[slot]} x={at * 5} y={slot === "part" ? 4 : 0} width="4" height={slot === "part" ? 10 : 14} />
        ))}
      </svg>
    </div>
  );
}

const SEEN_CLASS: Readonly<Record<Seen, string>> = { all: "seen", part: "partly", none: "unseen", before: "before" };

interface LostProps {
  label: string;
  lost: number;
  of: number;
  unit: string;
  ends?: boolean; // not lost, only ended early
}

function Lost({ label, lost, of, unit, ends = false }: LostProps) {
  return (
    <div class={lost > 0 ? "row-lost" : ""}>
      <dt>{label}</dt>
      <dd title={`${exact(lost)} ${unit}s`}>
        {lost === 0 ? "nothing" : ends ? `${plural(lost, unit)} ended early` : `${plural(lost, unit)} · ${percent(lost, lost + of)}`}
      </dd>
    </div>
  );
}

function Pair({ label, title, children }: { label: string; title?: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd title={title}>{children}</dd>
    </div>
  );
}

function Room({ record }: { record: Health }) {
  const fill = record.flows_capacity > 0 ? record.flows_active / record.flows_capacity : 0;
  const share = cpuShare.value;
  return (
    <dl class="pairs">
      <Pair label="Flow table" title={`${exact(record.flows_active)} of ${exact(record.flows_capacity)} flows`}>
        {count(record.flows_active)} of {count(record.flows_capacity)}
        <Meter fill={fill} label="Flow table" />
      </Pair>
      <Pair label="Queue">
        {record.queue_fill > 0 ? percent(record.queue_fill, 1) : "empty"}
        <Meter fill={record.queue_fill} label="Queue" />
      </Pair>
      <Pair label="Behind by">{record.lag_s < 0.05 ? "nothing" : duration(record.lag_s)}</Pair>
      <Pair label="Memory">{text(size(record.rss_bytes))}</Pair>
      <Pair label="Processor">{share === null ? "measuring" : `${percent(share, 1)} of a core`}</Pair>
      <Pair label="Stored">
        {plural(record.flows_stored, "flow")} · {text(size(record.disk_bytes))}
      </Pair>
    </dl>
  );
}

function Interface({ state }: { state: InterfaceState }) {
  const lost = state.nic_dropped + state.kernel_dropped;
  return (
    <li class={state.up ? "up" : "down"}>
      <span class="dot" aria-hidden="true" />
      <b>{state.name}</b>
      <span class="muted">
        {state.up ? `${plural(state.frames, "packet")} · ${lost === 0 ? "none lost" : `${count(lost)} lost`}` : state.error || "down"}
        {state.outages > 0 && ` · ${plural(state.outages, "outage")}`}
      </span>
    </li>
  );
}

/** The rest, for whoever looks for it: counted, never hidden. */
function More({ record }: { record: Health }) {
  const rejected = Object.entries(record.rejected).filter(([, amount]) => amount > 0);
  const total = rejected.reduce((sum, [, amount]) => sum + amount, 0);
  return (
    <details class="more">
      <summary>
        {total > 0 ? `${plural(total, "packet")} in no flow` : "Every packet is in a flow"}, and more
      </summary>
      <dl class="pairs">
        {rejected.map(([why, amount]) => (
          <Pair key={why} label={why.replaceAll("_", " ")} title={exact(amount)}>
            {count(amount)}
          </Pair>
        ))}
        <Pair label="Names not looked at">{count(record.samples_dropped)}</Pair>
        <Pair label="Clock steps">{count(record.clock_steps)}</Pair>
        <Pair label="Written to disk">{text(size(record.written_bytes))}</Pair>
        <Pair label="Running for">{duration(record.now - record.started)}</Pair>
        <Pair label="Home networks">{record.home_networks.join(", ") || "private ranges"}</Pair>
      </dl>
    </details>
  );
}

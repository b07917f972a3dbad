// One flow in the table. A click on a value asks for its like; a click elsewhere opens the details.

import { Component, type ComponentChildren } from "preact";
import type { FlowRow } from "../../api/types";
import { DIRECTIONS, stateText } from "../../lib/connstate";
import { countryName } from "../../lib/country";
import type { Field } from "../../lib/filter";
import { destinationOf, placeOf, protocolOf, sourceOf, type End, type Names } from "../../lib/names";
import { clock, moment, precise } from "../../lib/time";
import { count, exact, size, text } from "../../lib/units";
import { filterBy } from "../../state/flows";
import { openFlow } from "../../state/opened";
import { SplitBar } from "../../ui/Bar";
import { FateMark, Icon, type IconName } from "../../ui/Icon";

const WAY_ICONS: Readonly<Record<string, IconName>> = {
  inbound: "down",
  outbound: "up",
  local: "local",
  external: "transit",
};
interface LineProps {
  flow: FlowRow;
  names: Names;
  index: number; // from 0; -1 where all rows are in the document and need no number
  fresh: boolean; // came in while somebody looks; what it is at first, it stays
}

/** Nearly all rows stay as they are from one second to the next: only new ones are drawn. */
export class FlowLine extends Component<LineProps> {
  private readonly fresh = this.props.fresh;

  override shouldComponentUpdate(next: Readonly<LineProps>): boolean {
    return next.flow !== this.props.flow || next.names !== this.props.names || next.index !== this.props.index;
  }

  override render() {
    return <Line {...this.props} fresh={this.fresh} />;
  }
}

function Line({ flow, names, index, fresh }: LineProps) {
  const state = stateText(flow.state, flow.reason, flow.proto);
  const source = sourceOf(flow, names);
  const destination = destinationOf(flow, names);
  const protocol = protocolOf(flow);
  const open = (): void => {
    if (document.getSelection()?.isCollapsed !== false) openFlow(flow);
  };
  return (
    <tr role="row" aria-rowindex={index < 0 ? undefined : index + 2} class={fresh ? "fresh" : ""} onClick={open}>
      <td role="cell" class="c-state" title={`${flow.state}: ${state.sentence}`}>
        <FateMark fate={state.fate} /> <span>{state.word}</span>
      </td>
      <td role="cell" class="c-time">
        <button type="button" class="row-open" title={precise(flow.end)} aria-label={labelOf(flow, source, destination)}>
          {moment(flow.end, Date.now() / 1000)}
        </button>
      </td>
      <td role="cell" class={`c-dir way-${flow.direction}`}>
        <Value field="direction" value={flow.direction}>
          <Icon name={WAY_ICONS[flow.direction] ?? "transit"} size={14} />
          {DIRECTIONS[flow.direction] ?? flow.direction}
        </Value>
      </td>
      <EndCell kind="from" end={source} />
      <EndCell kind="to" end={destination} named={flow.name !== ""} />
      <Place flow={flow} />
      <td role="cell" class="c-proto">
        <Value field="proto" value={flow.proto} say={flow.proto.toUpperCase()}>
          {protocol.main}
        </Value>
        <span class="sub">{protocol.detail}</span>
      </td>
      <td role="cell" class="c-packets num" title={`${exact(flow.packets_out)} out, ${exact(flow.packets_in)} back`}>
        {count(flow.packets_out + flow.packets_in)}
      </td>
      <Bytes flow={flow} />
    </tr>
  );
}

function labelOf(flow: FlowRow, source: End, destination: End): string {
  return `Details of the flow of ${clock(flow.end)} from ${source.name || source.ip} to ${destination.name || destination.ip}`;
}

interface ValueProps {
  field: Field;
  value: string;
  say?: string;
  children: ComponentChildren;
}

/** A value that filters. For the mouse only: the details offer the same to the keyboard. */
function Value({ field, value, say = value, children }: ValueProps) {
  const narrow = (event: MouseEvent): void => {
    event.stopPropagation();
    filterBy(field, value);
  };
  return (
    <button type="button" class="value" tabIndex={-1} onClick={narrow} title={`Only flows with ${say}`}>
      {children}
    </button>
  );
}

function EndCell({ kind, end, named = false }: { kind: "from" | "to"; end: End; named?: boolean }) {
  const address = (
    <Value field="address" value={end.ip}>
      <bdi>{end.ip}</bdi>
    </Value>
  );
  const port = end.port && (
    <>
      <span class="muted">{end.ip.includes(":") ? " " : ":"}</span>
      <Value field="port" value={end.port} say={`port ${end.port}`}>
        {end.port}
      </Value>
    </>
  );
  if (end.name === "") {
    return (
      <td role="cell" class={`c-${kind}`}>
        <span class="end mono">{address}</span>
        <span class="sub mono">{end.port && <>port {port && <Value field="port" value={end.port}>{end.port}</Value>}</>}</span>
      </td>
    );
  }
  return (
    <td role="cell" class={`c-${kind}`}>
      <span class="end">
        <Value field={named ? "name" : "address"} value={named ? end.name : end.ip} say={end.name}>
          <bdi>{end.name}</bdi>
        </Value>
      </span>
      <span class="sub mono">
        {address}
        {port}
      </span>
    </td>
  );
}

function Place({ flow }: { flow: FlowRow }) {
  const { country, org } = placeOf(flow);
  const transit = flow.direction === "external" && flow.src_country !== flow.dst_country;
  const words = transit ? `${flow.src_country} to ${flow.dst_country}` : countryName(country);
  return (
    <td role="cell" class="c-where">
      <span class={country === "Local" || country === "Unknown" ? "muted" : ""}>
        <Value field="country" value={country} say={countryName(country)}>
          {words}
        </Value>
      </span>
      <span class="sub" title={org}>
        <bdi>{org}</bdi>
      </span>
    </td>
  );
}

const SMALLEST = 2; // powers of ten of bytes, between which the bar grows
const LARGEST = 9;

function Bytes({ flow }: { flow: FlowRow }) {
  const total = flow.bytes_out + flow.bytes_in;
  const share = (Math.log10(Math.max(1, total)) - SMALLEST) / (LARGEST - SMALLEST);
  const received = flow.direction === "inbound" ? flow.bytes_out : flow.bytes_in;
  return (
    <td role="cell" class="c-bytes num" title={`${text(size(flow.bytes_out))} out, ${text(size(flow.bytes_in))} back`}>
      {text(size(total))}
      <SplitBar down={received} up={total - received} share={Math.max(0.04, share)} />
    </td>
  );
}

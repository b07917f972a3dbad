// Everything known about one flow, in the order one asks: who, what became of it, how much, when, raw.

import type { ComponentChildren } from "preact";
import type { FlowRow } from "../../api/types";
import { DIRECTIONS, stateText } from "../../lib/connstate";
import { countryName } from "../../lib/country";
import type { Field } from "../../lib/filter";
import { flagsText, historyText } from "../../lib/history";
import { destinationOf, endpoint, protocolOf, sourceOf, type End } from "../../lib/names";
import { precise } from "../../lib/time";
import { duration, exact, milliseconds, size, text } from "../../lib/units";
import { names } from "../../state/names";
import { filterBy } from "../../state/flows";
import { CopyButton } from "../../ui/Copy";
import { Dialog } from "../../ui/Dialog";
import { FateMark } from "../../ui/Icon";

export function FlowDetails({ flow, close }: { flow: FlowRow; close: () => void }) {
  const source = sourceOf(flow, names.value);
  const destination = destinationOf(flow, names.value);
  const state = stateText(flow.state, flow.reason, flow.proto);
  const title = (
    <>
      <bdi>{source.name || source.ip}</bdi> to <bdi>{destination.name || destination.ip}</bdi>
    </>
  );
  return (
    <Dialog kind="panel" label="Flow details" title={title} close={close}>
      <p class="lead">
        <FateMark fate={state.fate} /> {state.sentence || state.word}. {text(size(flow.bytes_out + flow.bytes_in))} in{" "}
        {duration(flow.duration)} over {protocolOf(flow).main}.
      </p>
      <Ends flow={flow} source={source} destination={destination} />
      <Amounts flow={flow} />
      <Names flow={flow} />
      <Connection flow={flow} />
      <Timing flow={flow} />
      <details class="raw">
        <summary>Raw record</summary>
        <CopyButton value={JSON.stringify(flow, null, 2)} what="the record as JSON" label="Copy as JSON" />
        <pre>{JSON.stringify(flow, null, 2)}</pre>
      </details>
    </Dialog>
  );
}

function Group({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="group">
      <h3>{title}</h3>
      <dl class="facts">{children}</dl>
    </section>
  );
}

interface FactProps {
  label: string;
  value: string;
  copy?: boolean;
  mono?: boolean;
  filter?: { field: Field; value: string };
  title?: string;
}

/** One fact; nothing at all when there is none. */
function Fact({ label, value, copy = false, mono = false, filter, title }: FactProps) {
  if (value === "") return null;
  return (
    <div>
      <dt>{label}</dt>
      <dd class={mono ? "mono" : ""} title={title}>
        <bdi>{value}</bdi>
        {copy && <CopyButton value={value} what={`${label}: ${value}`} />}
        {filter && (
          <button type="button" class="link only" aria-label={`only these: ${label} ${value}`} onClick={() => filterBy(filter.field, filter.value)}>
            only these
          </button>
        )}
      </dd>
    </div>
  );
}

function Ends({ flow, source, destination }: { flow: FlowRow; source: End; destination: End }) {
  return (
    <>
      <EndGroup title="From" end={source} mac={flow.src_mac} country={flow.src_country} asn={flow.src_asn} org={flow.src_org} />
      <EndGroup title="To" end={destination} mac={flow.dst_mac} country={flow.dst_country} asn={flow.dst_asn} org={flow.dst_org} />
    </>
  );
}

interface EndGroupProps {
  title: string;
  end: End;
  mac: string;
  country: string;
  asn: number;
  org: string;
}

function EndGroup({ title, end, mac, country, asn, org }: EndGroupProps) {
  const network = asn > 0 ? `AS${asn} ${org}`.trim() : org;
  return (
    <Group title={title}>
      <Fact label="Name" value={end.name} copy />
      <Fact label="Address" value={end.ip} mono copy filter={{ field: "address", value: end.ip }} />
      <Fact label="Port" value={end.port} mono {...(end.port ? { filter: { field: "port" as const, value: end.port } } : {})} />
      <Fact label="Country" value={countryName(country)} filter={{ field: "country", value: country }} />
      <Fact label="Network" value={network} {...(asn > 0 ? { filter: { field: "asn" as const, value: String(asn) } } : {})} />
      <Fact label="MAC" value={mac} mono copy />
    </Group>
  );
}

function Amounts({ flow }: { flow: FlowRow }) {
  const rows: [string, string, string][] = [
    ["Packets", exact(flow.packets_out), exact(flow.packets_in)],
    ["On the wire", text(size(flow.bytes_out)), text(size(flow.bytes_in))],
    ["IP", text(size(flow.ip_bytes_out)), text(size(flow.ip_bytes_in))],
    ["Payload", text(size(flow.payload_out)), text(size(flow.payload_in))],
  ];
  if (flow.proto === "tcp") rows.push(["TCP flags", flagsText(flow.flags_out), flagsText(flow.flags_in)]);
  return (
    <section class="group">
      <h3>How much</h3>
      <table class="amounts">
        <thead>
          <tr>
            <th scope="col">
              <span class="sr">What</span>
            </th>
            <th scope="col">Out</th>
            <th scope="col">Back</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([label, out, back]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{out}</td>
              <td>{back}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Names({ flow }: { flow: FlowRow }) {
  const question = [flow.dns_query, flow.dns_type].filter(Boolean).join(" ");
  const shown = [flow.service, flow.name, flow.sni, question, flow.http_host, flow.ssh_client, flow.ssh_server, flow.ja4];
  if (shown.every((value) => value === "")) return null;
  return (
    <Group title="What it said">
      <Fact label="Service" value={flow.service.toUpperCase()} />
      <Fact label="Name" value={flow.name} copy {...(flow.name ? { filter: { field: "name" as const, value: flow.name } } : {})} />
      <Fact label="Asked for (TLS)" value={flow.sni === flow.name ? "" : flow.sni} copy />
      <Fact label="ALPN" value={flow.alpn} mono />
      <Fact label="JA4" value={flow.ja4} mono copy />
      <Fact label="DNS question" value={question} copy />
      <Fact label="DNS answer" value={flow.dns_query ? flow.dns_rcode || "none seen" : ""} />
      <Fact label="Addresses" value={flow.dns_answers} mono copy />
      <Fact label="HTTP host" value={flow.http_host} copy />
      <Fact label="User agent" value={flow.user_agent} copy />
      <Fact label="SSH client" value={flow.ssh_client} mono />
      <Fact label="SSH server" value={flow.ssh_server} mono />
    </Group>
  );
}

const REASONS: Readonly<Record<string, string>> = {
  active: "still going on",
  idle: "silent for too long",
  closed: "ended by both sides",
  reused: "the same ports began again",
  evicted: "the flow table was full",
  shutdown: "the sensor stopped",
};

function Connection({ flow }: { flow: FlowRow }) {
  const state = stateText(flow.state, flow.reason, flow.proto);
  const marks = [flow.partial && "beginning not seen", flow.gso && "some frames stood for several packets"];
  return (
    <Group title="Connection">
      <Fact label="State" value={`${flow.state}, ${state.word.toLowerCase()}`} filter={{ field: "state", value: flow.state }} />
      <Fact label="History" value={flow.history} mono title={historyText(flow.history)} />
      <Fact label="In words" value={historyText(flow.history)} />
      <Fact label="Written because" value={REASONS[flow.reason] ?? flow.reason} />
      <Fact label="Direction" value={DIRECTIONS[flow.direction] ?? flow.direction} filter={{ field: "direction", value: flow.direction }} />
      <Fact label="Protocol" value={flow.proto.toUpperCase()} filter={{ field: "proto", value: flow.proto }} />
      <Fact label="Interface" value={flow.interface} />
      <Fact label="VLAN" value={flow.vlan > 0 ? String(flow.vlan) : ""} />
      <Fact label="Tunnel" value={flow.tunnel.toUpperCase()} />
      <Fact label="Note" value={marks.filter(Boolean).join("; ")} />
      <Fact label="Community ID" value={flow.community_id} mono copy />
      <Fact label="5-tuple" value={tuple(flow)} mono copy />
    </Group>
  );
}

function tuple(flow: FlowRow): string {
  const source = endpoint({ ...sourceOf(flow, new Map()), name: "" });
  const destination = endpoint({ ...destinationOf(flow, new Map()), name: "" });
  return `${flow.proto} ${source} ${destination}`;
}

function Timing({ flow }: { flow: FlowRow }) {
  const spread = (mean: number, variance: number): string => `${mean.toFixed(0)} ± ${Math.sqrt(variance).toFixed(0)} B`;
  const several = flow.packets_out + flow.packets_in > 1;
  const tcp = flow.proto === "tcp";
  const gaps = `${duration(flow.iat_mean)} on average, ${duration(flow.iat_min)} to ${duration(flow.iat_max)}`;
  return (
    <Group title="When and how">
      <Fact label="Began" value={precise(flow.start)} />
      <Fact label="Ended" value={precise(flow.end)} />
      <Fact label="Took" value={duration(flow.duration)} />
      <Fact label="Round trip" value={flow.rtt_ms === null ? "" : milliseconds(flow.rtt_ms)} />
      <Fact label="Sent again" value={tcp ? `${exact(flow.retrans)} segments` : ""} />
      <Fact label="Not captured" value={tcp ? `${exact(flow.gaps)} gaps` : ""} />
      <Fact label="Packet size" value={`${spread(flow.size_mean, flow.size_var)}, ${flow.size_min} to ${flow.size_max}`} />
      <Fact label="Between packets" value={several ? gaps : ""} />
    </Group>
  );
}

// Names before addresses: what to call an address, and both ends of a flow.

import type { FlowRow, HostRow } from "../api/types";

export type Names = ReadonlyMap<string, string>;

/** A name for every address the sensor can name: its own, else vendor and the end of the address. */
export function namesOf(hosts: readonly HostRow[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const host of hosts) {
    const name = host.name || (host.local && host.vendor ? `${brand(host.vendor)} ${ending(host.ip)}` : "");
    if (name) names.set(host.ip, name);
  }
  return names;
}

/** The word people know a vendor by: registers hold the whole name of the company. */
function brand(vendor: string): string {
  return vendor.split(/[\s,]+/)[0] ?? vendor;
}

function ending(ip: string): string {
  const v4 = ip.lastIndexOf(".");
  return v4 >= 0 ? ip.slice(v4) : ip.slice(ip.lastIndexOf(":"));
}

/** One end of a flow, as a row shows it. */
export interface End {
  ip: string;
  name: string; // "" unknown
  port: string; // "443", "" where the protocol has none
}

const PORTED: ReadonlySet<string> = new Set(["tcp", "udp", "sctp", "udplite", "dccp"]);

export function sourceOf(flow: FlowRow, names: Names): End {
  return { ip: flow.src_ip, name: names.get(flow.src_ip) ?? "", port: portOf(flow, flow.src_port) };
}

export function destinationOf(flow: FlowRow, names: Names): End {
  const name = flow.name || (names.get(flow.dst_ip) ?? "");
  return { ip: flow.dst_ip, name, port: portOf(flow, flow.dst_port) };
}

function portOf(flow: FlowRow, port: number): string {
  return PORTED.has(flow.proto) ? String(port) : "";
}

/** "192.0.2.1:443", "[2001:db8::1]:443", or the address alone. */
export function endpoint({ ip, port }: End): string {
  if (port === "") return ip;
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** What a flow speaks: the service if it was recognised, else the protocol; upper case as usual. */
export function protocolOf(flow: FlowRow): { main: string; detail: string } {
  const proto = flow.proto === "ipv6-icmp" ? "ICMPv6" : flow.proto.toUpperCase();
  const isIcmp = flow.proto === "icmp" || flow.proto === "ipv6-icmp";
  if (isIcmp) return { main: proto, detail: `type ${flow.src_port}` };
  if (flow.service === "") return { main: proto, detail: portOf(flow, flow.dst_port) };
  const port = portOf(flow, flow.dst_port);
  return { main: flow.service.toUpperCase(), detail: port ? `${proto} ${port}` : proto };
}

/** Where the far end is: country code and organisation of whichever end is not local. */
export function placeOf(flow: FlowRow): { country: string; org: string } {
  if (flow.dst_country !== "Local") return { country: flow.dst_country, org: flow.dst_org };
  return { country: flow.src_country, org: flow.src_org };
}

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlowRow, HostRow } from "../api/types";
import { countryCode, countryName } from "./country";
import { stateText, STATE_CODES } from "./connstate";
import { flagsText, historyText } from "./history";
import { destinationOf, endpoint, namesOf, placeOf, protocolOf, sourceOf } from "./names";
import { visibleRows } from "./windowed";

const host = (ip: string, more: Partial<HostRow> = {}): HostRow => ({ ip, name: "", vendor: "", local: true, ...more }) as HostRow;
const flow = (more: Partial<FlowRow> = {}): FlowRow =>
  ({
    src_ip: "192.168.1.2", src_port: 50_000, dst_ip: "2001:db8::1", dst_port: 443, proto: "tcp", service: "", name: "",
    src_country: "Local", dst_country: "DE", src_org: "", dst_org: "Netz", ...more,
  }) as FlowRow;

test("names before vendors before addresses", () => {
  const names = namesOf([
    host("192.168.1.2", { name: "NAS-2", vendor: "Synology" }),
    host("192.168.1.77", { vendor: "Espressif Inc., Shanghai" }),
    host("fe80::1:77", { vendor: "Espressif" }),
    host("203.0.113.7", { vendor: "Router", local: false }),
    host("192.168.1.9"),
  ]);
  assert.deepEqual([...names.values()], ["NAS-2", "Espressif .77", "Espressif :77"]);
  assert.equal(sourceOf(flow(), names).name, "NAS-2");
  assert.equal(destinationOf(flow({ name: "www.example.org" }), names).name, "www.example.org");
});

test("ends are written as usual; protocols without ports have none", () => {
  assert.equal(endpoint(sourceOf(flow(), new Map())), "192.168.1.2:50000");
  assert.equal(endpoint(destinationOf(flow(), new Map())), "[2001:db8::1]:443");
  assert.equal(endpoint(sourceOf(flow({ proto: "icmp", src_port: 8 }), new Map())), "192.168.1.2");
  assert.deepEqual(protocolOf(flow({ service: "tls" })), { main: "TLS", detail: "TCP 443" });
  assert.deepEqual(protocolOf(flow()), { main: "TCP", detail: "443" });
  assert.deepEqual(protocolOf(flow({ proto: "ipv6-icmp", src_port: 128 })), { main: "ICMPv6", detail: "type 128" });
});

test("the place is that of the far end", () => {
  assert.deepEqual(placeOf(flow()), { country: "DE", org: "Netz" });
  assert.deepEqual(placeOf(flow({ src_country: "FR", src_org: "R", dst_country: "Local" })), { country: "FR", org: "R" });
  assert.equal(placeOf(flow({ dst_country: "Local" })).country, "Local");
});

test("countries by code and by name; former states are not meant", () => {
  assert.deepEqual(["DE", "Local", "", "zz", "Unknown"].map(countryName), ["Germany", "Local", "Unknown", "zz", "Unknown"]);
  assert.deepEqual(["germany", "de", "Russia", "nowhere"].map(countryCode), ["DE", "DE", "RU", ""]);
});

test("every state has words; a flow reported on its way is active whatever its state", () => {
  for (const code of STATE_CODES) assert.ok(stateText(code, "").sentence.length > 0, code);
  assert.equal(stateText("S1", "active").word, "Active");
  assert.equal(stateText("SF", "idle", "udp").word, "Answered");
  assert.equal(stateText("NEW", "").word, "NEW");
});

test("letters and flags become words", () => {
  assert.equal(historyText("ShA"), "source asks to connect, destination accepts, source acknowledges");
  assert.equal(historyText("^dd"), "destination sends data, sends data");
  assert.equal(flagsText(0x12), "SYN ACK");
  assert.equal(flagsText(0), "none");
});

test("only rows in view are drawn, and always at least one", () => {
  assert.deepEqual(visibleRows(25, 44, -5_000, 800), { start: 0, end: 25 });
  const { start, end } = visibleRows(500, 44, -4_400, 880);
  assert.deepEqual([start, end], [92, 128]);
  assert.equal(visibleRows(500, 44, -90_000, 880).end, 500);
  assert.deepEqual(visibleRows(500, 0, 0, 880), { start: 0, end: 500 });
});

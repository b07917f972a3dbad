import assert from "node:assert/strict";
import { test } from "node:test";
import { FIELDS, classify, fromSearch, isEmpty, same, toSearch, valueText, withField, type Filter } from "./filter";

test("what goes into the address comes out again", () => {
  const hard = ["a b", "&=?#%+", "<script>", "טלפון", "🖨️", "192.168.0.0/16", "2001:db8::1"];
  for (const field of FIELDS) {
    for (const value of hard) {
      const filter: Filter = { [field]: value };
      assert.deepEqual(fromSearch(toSearch(filter)), filter, `${field}=${value}`);
    }
  }
  const full = Object.fromEntries(FIELDS.map((field, at) => [field, hard[at % hard.length] ?? ""]));
  assert.deepEqual(fromSearch(toSearch(full)), full);
});

test("parameters of others survive, unknown ones are not taken", () => {
  assert.equal(toSearch({ port: "443" }, "?range=1h&port=80"), "?range=1h&port=443");
  assert.equal(toSearch({}, "?port=80"), "");
  assert.deepEqual(fromSearch("?range=1h&evil=1&port=80"), { port: "80" });
  assert.deepEqual(fromSearch("?port=&name=%20%20"), {});
});

test("values are trimmed and bounded", () => {
  assert.equal(withField({}, "name", `  ${"x".repeat(300)}`).name?.length, 200);
  assert.ok(isEmpty(withField({ name: "x" }, "name", "")));
  assert.ok(same({ name: "x" }, { name: "x" }));
  assert.ok(!same({ name: "x" }, { name: "x", port: "1" }));
});

test("typed text is understood", () => {
  const cases: [string, string, string][] = [
    ["192.168.1.20", "address", "192.168.1.20"],
    ["10.0.0.0/8", "address", "10.0.0.0/8"],
    ["2001:DB8::1", "address", "2001:db8::1"],
    ["fe80::/10", "address", "fe80::/10"],
    ["443", "port", "443"],
    ["0443", "port", "443"],
    ["TCP", "proto", "tcp"],
    ["as64500", "asn", "64500"],
    ["S0", "state", "S0"],
    ["DE", "country", "DE"],
    ["germany", "country", "DE"],
    ["France", "country", "FR"],
    ["country:germany", "country", "DE"],
    ["country:local", "country", "Local"],
    ["asn:AS64500", "asn", "64500"],
    ["name:443", "name", "443"],
    ["direction:inbound", "direction", "inbound"],
    ["de", "name", "de"],
    ["99999", "name", "99999"],
    ["example.org", "name", "example.org"],
    ["cafe:8080", "name", "cafe:8080"],
    ["local", "name", "local"],
  ];
  for (const [typed, field, value] of cases) assert.deepEqual(classify(typed), { field, value }, typed);
  assert.equal(classify("  "), undefined);
});

test("chips read as words", () => {
  assert.equal(valueText("country", "DE"), "Germany");
  assert.equal(valueText("country", "Unknown"), "Unknown");
  assert.equal(valueText("asn", "64500"), "AS64500");
  assert.equal(valueText("direction", "external"), "Transit");
});

// Which flows are shown: in the address bar, in the query to the server, and as words.

import { STATE_CODES, DIRECTIONS } from "./connstate";
import { countryCode, countryName } from "./country";

export const FIELDS = ["address", "port", "proto", "country", "asn", "name", "state", "direction"] as const;
export type Field = (typeof FIELDS)[number];

/** Every field narrows; an absent field does not. Values are what the server takes. */
export type Filter = Readonly<Partial<Record<Field, string>>>;

export const FIELD_WORDS: Readonly<Record<Field, string>> = {
  address: "Address",
  port: "Port",
  proto: "Protocol",
  country: "Country",
  asn: "Network",
  name: "Name",
  state: "State",
  direction: "Direction",
};

const PROTOCOLS: readonly string[] = ["tcp", "udp", "icmp", "ipv6-icmp", "sctp", "gre", "esp", "igmp"];
const LONGEST = 200; // characters of a value; the server refuses more anyway

export function isField(key: string): key is Field {
  return (FIELDS as readonly string[]).includes(key);
}

export function isEmpty(filter: Filter): boolean {
  return FIELDS.every((field) => filter[field] === undefined);
}

export function same(one: Filter, other: Filter): boolean {
  return FIELDS.every((field) => one[field] === other[field]);
}

/** A copy with one field set, or dropped when the value is "". */
export function withField(filter: Filter, field: Field, value: string): Filter {
  const next: Partial<Record<Field, string>> = { ...filter };
  const trimmed = value.trim().slice(0, LONGEST);
  if (trimmed === "") delete next[field];
  else next[field] = trimmed;
  return next;
}

/** Read the filter from the search part of an address; what it does not know it leaves alone. */
export function fromSearch(search: string): Filter {
  const parameters = new URLSearchParams(search);
  return FIELDS.reduce<Filter>((filter, field) => withField(filter, field, parameters.get(field) ?? ""), {});
}

/** Write the filter into the search part of an address, keeping the parameters of others. */
export function toSearch(filter: Filter, search = ""): string {
  const parameters = new URLSearchParams(search);
  for (const field of FIELDS) {
    const value = filter[field];
    if (value === undefined) parameters.delete(field);
    else parameters.set(field, value);
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

/** How a value reads on a chip. */
export function valueText(field: Field, value: string): string {
  if (field === "country") return countryName(value);
  if (field === "asn") return `AS${value}`;
  if (field === "direction") return DIRECTIONS[value] ?? value;
  return value;
}

/** Something typed that means one field. */
export interface Guess {
  field: Field;
  value: string;
}

const CLASSES: readonly ((text: string) => Guess | undefined)[] = [
  explicit,
  (text) => (isAddress(text) ? { field: "address", value: text.toLowerCase() } : undefined),
  (text) => (isPort(text) ? { field: "port", value: String(Number(text)) } : undefined),
  (text) => (PROTOCOLS.includes(text.toLowerCase()) ? { field: "proto", value: text.toLowerCase() } : undefined),
  (text) => (/^as\d{1,10}$/i.test(text) ? { field: "asn", value: text.slice(2) } : undefined),
  (text) => (STATE_CODES.includes(text) ? { field: "state", value: text } : undefined),
  (text) => (/^[A-Z]{2}$/.test(text) || text.length > 3 ? country(text) : undefined),
];

/** Tell what a typed text means; a text that is nothing else is part of a name. */
export function classify(typed: string): Guess | undefined {
  const text = typed.trim();
  if (text === "") return undefined;
  for (const attempt of CLASSES) {
    const guess = attempt(text);
    if (guess) return guess;
  }
  return { field: "name", value: text };
}

function explicit(text: string): Guess | undefined {
  const at = text.indexOf(":");
  const key = text.slice(0, Math.max(0, at)).toLowerCase();
  const value = text.slice(at + 1).trim();
  if (!isField(key) || value === "") return undefined;
  if (key === "country") return { field: key, value: countryCode(value) || value.toUpperCase() };
  if (key === "asn") return { field: key, value: value.replace(/^as/i, "") };
  return { field: key, value };
}

function country(text: string): Guess | undefined {
  const code = countryCode(text);
  return /^[A-Z]{2}$/.test(code) ? { field: "country", value: code } : undefined;
}

function isAddress(text: string): boolean {
  if (/^\d{1,3}(\.\d{1,3}){3}(\/\d{1,2})?$/.test(text)) return true;
  return /^[0-9a-f:.]+(\/\d{1,3})?$/i.test(text) && text.split(":").length > 2;
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
}

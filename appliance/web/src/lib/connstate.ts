// Zeek's connection states in words: what became of a flow, and how it is marked.

/** done: both sides spoke and ended. open: still going. none: nobody answered. cut: refused or reset. part: beginning not seen. */
export type Fate = "done" | "open" | "none" | "cut" | "part";

export interface StateText {
  fate: Fate;
  word: string;
  sentence: string;
}

const STATES: Readonly<Record<string, StateText>> = {
  S0: { fate: "none", word: "No answer", sentence: "Tried, and nobody answered" },
  S1: { fate: "open", word: "Open", sentence: "Established, end not seen" },
  SF: { fate: "done", word: "Finished", sentence: "Established and ended in good order" },
  REJ: { fate: "cut", word: "Refused", sentence: "Tried and refused" },
  S2: { fate: "open", word: "Half closed", sentence: "Established; the source closed, the destination never did" },
  S3: { fate: "open", word: "Half closed", sentence: "Established; the destination closed, the source never did" },
  RSTO: { fate: "cut", word: "Reset", sentence: "Established, then broken off by the source" },
  RSTR: { fate: "cut", word: "Reset", sentence: "Established, then broken off by the destination" },
  RSTOS0: { fate: "none", word: "Given up", sentence: "The source tried and broke off before an answer" },
  RSTRH: { fate: "cut", word: "Reset", sentence: "The destination answered and broke off; the beginning was not seen" },
  SH: { fate: "none", word: "One-sided", sentence: "The source opened and closed; no answer was seen" },
  SHR: { fate: "part", word: "One-sided", sentence: "Only the answers were seen" },
  OTH: { fate: "part", word: "Midstream", sentence: "Already going when the sensor first saw it" },
};

/** Codes in the order a menu shows them. */
export const STATE_CODES: readonly string[] = Object.keys(STATES);

/** What a conn_state means; `reason` "active" is a flow reported while it goes on. */
export function stateText(state: string, reason: string, proto = "tcp"): StateText {
  const known = STATES[state] ?? { fate: "part", word: state || "Unknown", sentence: "" };
  if (reason === "active") return { fate: "open", word: "Active", sentence: "Still going on" };
  if (proto === "tcp") return known;
  if (state === "SF") return { fate: "done", word: "Answered", sentence: "Both sides sent something" };
  if (state === "S0") return { fate: "none", word: "One way", sentence: "Only the source sent something" };
  if (state === "SHR") return { fate: "part", word: "One way", sentence: "Only the destination sent something" };
  return known;
}

export const DIRECTIONS: Readonly<Record<string, string>> = {
  outbound: "Out",
  inbound: "In",
  local: "Local",
  external: "Transit",
};

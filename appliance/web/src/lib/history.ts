// Zeek's history letters and TCP flags, in words.

const FLAGS = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"] as const;

/** Names of the bits set; "none" for 0. */
export function flagsText(flags: number): string {
  const set = FLAGS.filter((_, bit) => flags & (1 << bit));
  return set.length > 0 ? set.join(" ") : "none";
}

const LETTERS: Readonly<Record<string, string>> = {
  s: "asks to connect",
  h: "accepts",
  a: "acknowledges",
  d: "sends data",
  f: "closes",
  r: "resets",
  c: "has a bad checksum",
  g: "skips data",
  t: "sends data again",
  w: "has no room",
  i: "contradicts itself",
  q: "sends several flags that exclude each other",
};

/** "source asks to connect, destination accepts, ..."; upper case is the source. */
export function historyText(history: string): string {
  const steps: string[] = [];
  let last = "";
  for (const letter of history) {
    const words = LETTERS[letter.toLowerCase()];
    if (!words) continue; // "^" says the direction was turned round
    const who = letter === letter.toUpperCase() ? "source" : "destination";
    steps.push(who === last ? words : `${who} ${words}`);
    last = who;
  }
  return steps.join(", ");
}

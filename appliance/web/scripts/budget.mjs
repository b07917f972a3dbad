// What the page may weigh, compressed as it travels. A build above a limit fails.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const KB = 1000;
const LIMITS = [
  { what: "script", matches: (name) => name.endsWith(".js"), limit: 60 * KB },
  { what: "style", matches: (name) => name.endsWith(".css"), limit: 10 * KB },
  { what: "whole page", matches: () => true, limit: 80 * KB },
];

/** Measure the files of a built page (gzip -9), print a table, throw above a limit. */
export function checkBudget(dist) {
  const files = readdirSync(join(dist, "assets")).map((name) => join("assets", name));
  const sizes = ["index.html", ...files].map((name) => {
    const content = readFileSync(join(dist, name));
    return { name, plain: content.length, gzip: gzipSync(content, { level: 9 }).length };
  });
  for (const { name, plain, gzip } of sizes) {
    console.log(`${name.padEnd(32)}${String(plain).padStart(8)} B${String(gzip).padStart(8)} B gzip`);
  }
  for (const { what, matches, limit } of LIMITS) {
    const total = sizes.filter(({ name }) => matches(name)).reduce((sum, { gzip }) => sum + gzip, 0);
    console.log(`${what.padEnd(32)}${" ".repeat(10)}${String(total).padStart(8)} B of ${limit}`);
    if (total > limit) throw new Error(`${what}: ${total} bytes compressed, at most ${limit} are allowed`);
  }
}

// Names of countries, from the browser's own list.

const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });

/** "Germany" for "DE"; "Local", "Unknown" and what is no code stay as they are. */
export function countryName(code: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code === "" ? "Unknown" : code;
  try {
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}

let codes: Map<string, string> | undefined;

/** "DE" for "de" or "germany"; "" if there is no such country. */
export function countryCode(text: string): string {
  const wanted = text.trim().toLowerCase();
  if (wanted === "local" || wanted === "unknown") return wanted === "local" ? "Local" : "Unknown";
  codes ??= allCodes();
  return codes.get(wanted) ?? "";
}

/** False for codes of states that are no more: "DD" is named Germany, but no database uses it. */
function isCurrent(code: string): boolean {
  return Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`;
}

function allCodes(): Map<string, string> {
  const found = new Map<string, string>();
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (const first of letters) {
    for (const second of letters) {
      const code = first + second;
      const name = countryName(code);
      if (name === code || name === "Unknown Region" || !isCurrent(code)) continue;
      found.set(code.toLowerCase(), code);
      found.set(name.toLowerCase(), code);
    }
  }
  return found;
}

// Bundle src/ into dist/: index.html, hashed files under assets/, .gz and .br beside them, licences.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { checkBudget } from "./budget.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const fresh = join(root, "dist.new");
const assets = join(fresh, "assets");
const common = {
  absWorkingDir: root,
  outdir: assets,
  bundle: true,
  minify: true,
  metafile: true,
  legalComments: "none",
  charset: "utf8",
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  target: ["es2022", "chrome111", "firefox115", "safari16.4"],
  logLevel: "warning",
};

/** The written file that came from one entry point, as a path inside dist. */
function written(metafile, entry) {
  const hit = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entry);
  if (!hit) throw new Error(`nothing was built from ${entry}`);
  return `/assets/${basename(hit[0])}`;
}

function copyIcon() {
  const icon = readFileSync(join(root, "src/icon.svg"));
  const name = `icon-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`;
  writeFileSync(join(assets, name), icon);
  return `/assets/${name}`;
}

/** The licences of what ends up in the bundle: they ask to be passed on with it. */
function writeLicences(metafile) {
  const names = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) names.add(match[1]);
  }
  const texts = [...names].sort().map((name) => {
    const folder = join(root, "node_modules", name);
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} comes without a licence file`);
    return `${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  writeFileSync(join(fresh, "licences.txt"), texts.join("\n" + "-".repeat(80) + "\n\n"));
}

function compress() {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  for (const name of readdirSync(assets)) {
    const content = readFileSync(join(assets, name));
    writeFileSync(join(assets, `${name}.gz`), gzipSync(content, { level: 9 }));
    writeFileSync(join(assets, `${name}.br`), brotliCompressSync(content, quality));
  }
}

rmSync(fresh, { recursive: true, force: true });
mkdirSync(assets, { recursive: true });
const app = await build({
  ...common,
  entryPoints: { app: "src/main.tsx", style: "src/styles/index.css" },
  format: "esm",
  splitting: true,
  jsx: "automatic",
  jsxImportSource: "preact",
});
const theme = await build({ ...common, entryPoints: { theme: "src/theme.ts" }, format: "iife" });
const script = written(app.metafile, "src/main.tsx");
const style = written(app.metafile, "src/styles/index.css");
const chunks = Object.keys(app.metafile.outputs)
  .map((path) => `/assets/${basename(path)}`)
  .filter((path) => path.endsWith(".js") && path !== script);
const html = readFileSync(join(root, "src/index.html"), "utf8")
  .replace("%icon%", copyIcon())
  .replace("%theme%", written(theme.metafile, "src/theme.ts"))
  .replace("%style%", style)
  .replace("%script%", script)
  .replace("%preload%", chunks.map((path) => `<link rel="modulepreload" href="${path}">`).join("\n    "));
writeFileSync(join(fresh, "index.html"), html);
writeLicences(app.metafile);
checkBudget(fresh);
compress();

const target = join(root, "dist");
const old = join(root, "dist.old");
rmSync(old, { recursive: true, force: true });
if (existsSync(target)) renameSync(target, old);
try {
  renameSync(fresh, target);
} catch {
  cpSync(fresh, target, { recursive: true });
  rmSync(fresh, { recursive: true, force: true });
}
rmSync(old, { recursive: true, force: true });
console.log(`built ${relative(process.cwd(), target) || target}`);

/**
 * Bundle every widget and the page host into lmwidget/static/: one self-contained ES module
 * (and one style sheet) each, because notebooks load a widget from a blob URL, where nothing
 * else can be imported.
 */
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, join, parse } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const LIMIT = 100 * 1024;
const here = fileURLToPath(new URL(".", import.meta.url));
const out = join(here, "..", "lmwidget", "static");
const watch = process.argv.includes("--watch");

const widgets = join(here, "src", "widgets");
const entries = readdirSync(widgets)
  .filter((name) => name.endsWith(".js"))
  .map((name) => join(widgets, name));
entries.push(join(here, "src", "host.js"));

mkdirSync(out, { recursive: true });

/** @type {esbuild.BuildOptions} */
const options = {
  entryPoints: entries,
  outdir: out,
  entryNames: "[name]",
  bundle: true,
  format: "esm",
  target: ["chrome109", "firefox110", "safari16"],
  charset: "utf8",
  legalComments: "none",
  minify: !watch,
  sourcemap: watch ? "inline" : false,
  logLevel: "info",
};

if (watch) {
  const context = await esbuild.context(options);
  await context.watch();
} else {
  await esbuild.build(options);
  const stems = entries.map((path) => basename(path, ".js"));
  for (const name of readdirSync(out).filter((file) => /\.(js|css|map)$/.test(file))) {
    if (!stems.includes(parse(name).name)) rmSync(join(out, name));
    else if (name.endsWith(".js")) weigh(name);
  }
}

/** @param {string} name */
function weigh(name) {
  const { size } = statSync(join(out, name));
  if (size > LIMIT) throw new Error(`${name} is ${size} bytes; the limit is ${LIMIT}`);
}

/**
 * Pictures to look at: node js/tests/pages/query_key.mjs [state-width-theme …] writes
 * artifacts/gallery/query_key-*.png, and says how long 20,000 points take.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { chromium } from "playwright";

const out = fileURLToPath(new URL("../../../artifacts/gallery/", import.meta.url));
mkdirSync(out, { recursive: true });
await esbuild.build({
  entryPoints: [fileURLToPath(new URL("query_key.js", import.meta.url))],
  bundle: true,
  format: "esm",
  outfile: `${out}query_key.js`,
  logLevel: "error",
});
writeFileSync(
  `${out}query_key.html`,
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Query and key</title><link rel="stylesheet" href="query_key.css"><body><script type="module" src="query_key.js"></script></body></html>',
);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"],
});
const wanted = process.argv.slice(2);
const names = ["view", "sink", "wide", "space", "tokens", "full"].flatMap((state) => [
  `${state}-900-light`,
  `${state}-360-dark`,
]);
for (const name of wanted.length > 0 ? wanted : names) {
  const [state, width, theme] = name.split("-");
  const page = await browser.newPage({ viewport: { width: Number(width), height: 800 } });
  page.on("pageerror", (error) => console.log(name, "ERROR", error.message));
  await page.goto(`file://${out}query_key.html?state=${state}&theme=${theme}`);
  await page.waitForTimeout(600);
  if (state === "full") {
    const frames = await page.evaluate(async () => {
      const area = /** @type {HTMLElement} */ (document.querySelector(".lmw-space-area"));
      const times = [];
      for (let i = 0; i < 20; i++) {
        const start = performance.now();
        area.dispatchEvent(new KeyboardEvent("keydown", { key: i % 2 ? "+" : "ArrowLeft" }));
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b)[10];
    });
    console.log(`${name}: ${frames.toFixed(0)} ms a frame while moving 20,000 points`);
  }
  await page.screenshot({ path: `${out}query_key-${name}.png`, fullPage: true });
  await page.close();
}
await browser.close();

/**
 * Pictures to look at: node js/tests/pages/saliency_matrix.mjs [name …] writes artifacts/saliency_matrix/*.png.
 * A name is state-width-theme[-at:<x>:<y> of the matrix][-click:<x>:<y>][-button:<name>][-press:<key>]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { chromium } from "playwright";

const out = fileURLToPath(new URL("../../../artifacts/saliency_matrix/", import.meta.url));
mkdirSync(out, { recursive: true });
await esbuild.build({
  entryPoints: [fileURLToPath(new URL("saliency_matrix.js", import.meta.url))],
  bundle: true,
  format: "esm",
  outfile: `${out}page.js`,
  logLevel: "error",
});
writeFileSync(
  `${out}page.html`,
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Matrix</title><link rel="stylesheet" href="page.css"><body><script type="module" src="page.js"></script></body></html>',
);

const args =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --allow-file-access-from-files";
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: args.split(" "),
});
const wanted = process.argv.slice(2);
const names =
  wanted.length > 0
    ? wanted
    : [
        "translation-900-light",
        "marked-900-light",
        "marked-900-dark",
        "story-900-light-at:330:260",
        "pinned-900-dark",
        "words-360-light",
        "sentences-900-light",
        "long-900-light-at:400:200",
        "huge-1600-dark-at:700:300",
        "middle-900-light",
        "own-900-light",
        "one-900-light",
        "unsigned-1600-light",
        "broken-900-light",
        "partial-360-dark",
        "odd-900-light",
        "checked-900-light",
        "still-900-light",
      ];
for (const name of names) {
  const [state, width, theme, ...acts] = name.split("-");
  const page = await browser.newPage({ viewport: { width: Number(width), height: 760 } });
  page.on("pageerror", (error) => console.log(name, "ERROR", error.message));
  page.on("console", (message) => message.type() === "error" && console.log(name, message.text()));
  await page.goto(`file://${out}page.html?state=${state}&theme=${theme}`);
  await page.waitForTimeout(500);
  const took = await page.evaluate(() => Math.round(/** @type {any} */ (globalThis).drawn));
  if (took > 300) console.log(`${name}: ${took} ms`);
  for (const act of acts) {
    const [what, first, second] = act.split(":");
    if (what === "press") await page.keyboard.press(first);
    else if (what === "button")
      await page.getByRole("button", { name: first, exact: true }).click();
    else {
      const { x, y } = await page.locator(".lmw-matrix-window").boundingBox();
      const [px, py] = [x + Number(first), y + Number(second)];
      await (what === "click" ? page.mouse.click(px, py) : page.mouse.move(px, py));
    }
    await page.waitForTimeout(250);
  }
  const [height, wide] = await page.evaluate(() => [
    document.documentElement.scrollHeight,
    document.documentElement.scrollWidth,
  ]);
  if (wide > Number(width)) console.log(`${name}: the page is ${wide} px wide`);
  await page.setViewportSize({
    width: Number(width),
    height: Math.max(300, Math.min(height, 1300)),
  });
  await page.screenshot({ path: `${out}${name.replaceAll(/[: ]/g, "_")}.png` });
  await page.close();
}
await browser.close();

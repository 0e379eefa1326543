/**
 * Pictures to look at: node js/tests/pages/graph_scenes.mjs [name …] writes artifacts/graph/*.png.
 * A name is state-width-theme[-hover:<side>:<token>][-click:<side>:<token>][-button:<name>]
 * [-press:<key>][-at:<x>:<y> of the long text][-map:<x>:<y> of the minimap, clicked][-wheel:<y>]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { chromium } from "playwright";

const out = fileURLToPath(new URL("../../../artifacts/graph/", import.meta.url));
mkdirSync(out, { recursive: true });
await esbuild.build({
  entryPoints: [fileURLToPath(new URL("graph_scenes.js", import.meta.url))],
  bundle: true,
  format: "esm",
  outfile: `${out}graph_scenes.js`,
  logLevel: "error",
});
writeFileSync(
  `${out}graph_scenes.html`,
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Gallery</title><link rel="stylesheet" href="graph_scenes.css"><body><script type="module" src="graph_scenes.js"></script></body></html>',
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
        "difference-900-light",
        "difference-900-dark",
        "differencepin-900-light",
        "differencepin-900-dark",
        "differencearcs-900-light",
        "differencelines-900-dark",
        "gradient-900-light",
        "difference-360-light",
        "pair-900-light",
        "pairab-900-dark",
        "pair-360-light",
        "renormalised-900-light",
        "chat-900-light",
        "folded-900-light",
        "folded-900-dark",
        "folded-360-light",
        "foldedarcs-900-light",
        "foldedlines-900-light",
        "written-900-light",
        "written-900-dark",
        "written-360-light",
        "writtenwhole-900-light",
        "writtenarcs-900-light",
        "writtenlines-900-light",
        "writtenlong-900-light",
        "cross-900-light",
        "crosspin-900-dark",
        "crosspin-360-light",
        "cross-1600-light",
        "lines-900-light",
        "lines-360-light",
        "rtl-900-light",
        "rtlcross-900-light",
      ];
for (const name of names) {
  const [state, width, theme, ...acts] = name.split("-");
  const page = await browser.newPage({ viewport: { width: Number(width), height: 780 } });
  page.on("pageerror", (error) => console.log(name, "ERROR", error.message));
  page.on("console", (message) => message.type() === "error" && console.log(name, message.text()));
  await page.goto(`file://${out}graph_scenes.html?state=${state}&theme=${theme}`);
  await page.waitForTimeout(500);
  for (const act of acts) {
    const [what, side, token] = act.split(":");
    if (what === "press") await page.keyboard.press(side);
    else if (what === "wheel") await page.mouse.wheel(0, Number(side));
    else if (what === "at" || what === "map") {
      const place = page.locator(what === "at" ? ".lmw-long .lmw-scroller" : ".lmw-minimap");
      const { x, y } = await place.boundingBox();
      await page.mouse.move(x + Number(side), y + Number(token));
      if (what === "map") await page.mouse.click(x + Number(side), y + Number(token));
    } else {
      const locator =
        what === "button"
          ? page.getByRole("button", { name: side, exact: true })
          : page.locator(`.lmw-option[data-side="${side}"][data-token="${token}"]`);
      await (what === "hover" ? locator.hover() : locator.click());
    }
    await page.waitForTimeout(420);
  }
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({
    width: Number(width),
    height: Math.max(300, Math.min(height, 1000)),
  });
  await page.screenshot({ path: `${out}${name.replaceAll(":", "_")}.png` });
  await page.close();
}
await browser.close();

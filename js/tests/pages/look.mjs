/** What the scripts that take pictures share: a page made of one bundle, opened in Chromium. */

import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { chromium } from "playwright";

const ARGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --allow-file-access-from-files";

/** Chromium, as the tests start it. */
export function browse() {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: ARGS.split(" ") });
}

/**
 * Bundle a script of this folder into a page of its own.
 * @param {string} entry the script, such as "gallery.js"
 * @param {string} folder below artifacts, where page and pictures go
 * @returns {Promise<{out: string, url: (query: Record<string, string>) => string}>}
 */
export async function pageOf(entry, folder) {
  const out = fileURLToPath(new URL(`../../../artifacts/${folder}/`, import.meta.url));
  mkdirSync(out, { recursive: true });
  await esbuild.build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    format: "esm",
    outfile: `${out}page.js`,
    logLevel: "error",
  });
  writeFileSync(
    `${out}page.html`,
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Pictures</title><link rel="stylesheet" href="page.css"><body><script type="module" src="page.js"></script></body></html>',
  );
  return { out, url: (query) => `file://${out}page.html?${new URLSearchParams(query)}` };
}

/**
 * A page that tells what goes wrong in it.
 * @param {import("playwright").Browser} browser
 * @param {string} name of the picture
 * @param {{width: number, height: number, dark?: boolean}} size
 */
export async function openPage(browser, name, { width, height, dark = false }) {
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
  });
  page.on("pageerror", (error) => console.log(name, "ERROR", error.message, error.stack));
  page.on("console", (said) => said.type() === "error" && console.log(name, said.text()));
  return page;
}

/**
 * The whole page as a picture, up to a height.
 * @param {import("playwright").Page} page
 * @param {string} path
 * @param {number} [most] pixels
 */
export async function shoot(page, path, most = 1000) {
  const [height, wide] = await page.evaluate(() => [
    document.documentElement.scrollHeight,
    document.documentElement.scrollWidth,
  ]);
  const { width } = /** @type {{width: number}} */ (page.viewportSize());
  if (wide > width) console.log(`${path}: the page is ${wide} px wide`);
  await page.setViewportSize({ width, height: Math.max(300, Math.min(height, most)) });
  await page.waitForTimeout(100);
  await page.screenshot({ path });
}

/**
 * Do one thing to a picture of attention between tokens: hover:<side>:<token>, click:<side>:<token>,
 * button:<name>, press:<key>, wheel:<y>, at:<x>:<y> of a long text, map:<x>:<y> of its minimap.
 * @param {import("playwright").Page} page
 * @param {string} act
 */
export async function actOnTokens(page, act) {
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

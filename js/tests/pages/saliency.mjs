/**
 * Pictures to look at: node js/tests/pages/saliency.mjs [name …] writes artifacts/saliency/*.png.
 * A name is state-width-theme[-hover:<token>][-click:<token>][-button:<name>][-press:<key>]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { chromium } from "playwright";

const out = fileURLToPath(new URL("../../../artifacts/saliency/", import.meta.url));
mkdirSync(out, { recursive: true });
await esbuild.build({
  entryPoints: [fileURLToPath(new URL("saliency.js", import.meta.url))],
  bundle: true,
  format: "esm",
  outfile: `${out}saliency.js`,
  logLevel: "error",
});
writeFileSync(
  `${out}saliency.html`,
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Saliency</title><link rel="stylesheet" href="saliency.css"><body><script type="module" src="saliency.js"></script></body></html>',
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
        "short-900-light-hover:9",
        "sentences-900-light-hover:0",
        "removed-900-dark",
        "checked-900-light",
        "checked-360-dark",
        "answer-900-light",
        "step-900-dark",
        "step-360-light",
        "question-900-light",
        "labels-900-light",
        "masks-900-light",
        "several-900-light",
        "entropy-900-light",
        "refused-900-light",
        "unable-900-dark",
        "levels-900-light-button:Method: Integrated gradients",
        "levels-360-dark-button:More controls",
        "loading-900-light",
        "chat-360-light",
        "rtl-900-light",
      ];
for (const name of names) {
  const [state, width, theme, ...acts] = name.split("-");
  const page = await browser.newPage({ viewport: { width: Number(width), height: 640 } });
  page.on("pageerror", (error) => console.log(name, "ERROR", error.message));
  page.on("console", (message) => message.type() === "error" && console.log(name, message.text()));
  await page.goto(`file://${out}saliency.html?state=${state}&theme=${theme}`);
  await page.waitForTimeout(400);
  for (const act of acts) {
    const [what, ...rest] = act.split(":");
    const value = rest.join(":");
    if (what === "press") await page.keyboard.press(value);
    else if (what === "button")
      await page.getByRole("button", { name: value, exact: true }).click();
    else {
      const token = page.locator(`[role="option"][data-token="${value}"]`);
      await (what === "hover" ? token.hover() : token.click());
    }
    await page.waitForTimeout(300);
  }
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({
    width: Number(width),
    height: Math.max(300, Math.min(height, 1100)),
  });
  await page.screenshot({ path: `${out}${name.replaceAll(/[: ]/g, "_")}.png` });
  await page.close();
}
await browser.close();

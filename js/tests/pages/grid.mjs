/**
 * Pictures of pages that AttentionGrid.to_html wrote:
 * node js/tests/pages/grid.mjs page.html [name …] writes artifacts/grid/<page>-<name>.png.
 * A name is width-theme[-hover:<x>:<y> of the sheet][-click:<x>:<y>][-button:<name>][-token:<index>]
 * [-press:<key>][-select:<label>:<value>]
 */
import { mkdirSync } from "node:fs";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { browse, openPage, shoot } from "./look.mjs";

const out = fileURLToPath(new URL("../../../artifacts/grid/", import.meta.url));
mkdirSync(out, { recursive: true });
const browser = await browse();
const [file, ...wanted] = process.argv.slice(2);
const names = wanted.length > 0 ? wanted : ["900-light", "900-dark", "360-light", "1600-light"];
for (const name of names) {
  const [width, theme, ...acts] = name.split("-");
  const size = { width: Number(width), height: 900, dark: theme === "dark" };
  const page = await openPage(browser, name, size);
  await page.goto(`file://${resolve(file)}`);
  await page.waitForSelector("[data-lmw-ready]", { timeout: 5000 });
  for (const act of acts) {
    const [what, first, second] = act.split(":");
    const box = await page.locator(".lmw-grid-scroller").boundingBox();
    const [x, y] = [(box?.x ?? 0) + Number(first), (box?.y ?? 0) + Number(second)];
    if (what === "hover") await page.mouse.move(x, y);
    else if (what === "click") await page.mouse.click(x, y);
    else if (what === "press") await page.keyboard.press(first);
    else if (what === "button") await page.getByRole("button", { name: first }).first().click();
    else if (what === "token")
      await page.locator(`.lmw-strip [data-token="${first}"]`).first().hover();
    else if (what === "select") await page.getByLabel(first, { exact: true }).selectOption(second);
    await page.waitForTimeout(250);
  }
  const stem = basename(file, ".html");
  await shoot(page, `${out}${stem}-${name.replaceAll(/[: ]/g, "_")}.png`, 1800);
  await page.close();
}
await browser.close();

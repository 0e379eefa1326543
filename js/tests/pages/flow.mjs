/**
 * Pictures of pages that AttentionFlow.to_html wrote, to be looked at:
 * node js/tests/pages/flow.mjs FOLDER name-width-theme[-node:<level>:<token>][-click:<level>:<token>]
 * [-button:<name>][-press:<key>][-wheel:<y>] … writes FOLDER/<name>.png. The level L is the label
 * at the left.
 */
import { browse, openPage, shoot } from "./look.mjs";

const [folder, ...names] = process.argv.slice(2);
const browser = await browse();
for (const name of names) {
  const [file, width, theme, ...acts] = name.split("-");
  const size = { width: Number(width), height: 900, dark: theme === "dark" };
  const page = await openPage(browser, name, size);
  await page.goto(`file://${folder}/${file}.html`);
  await page.waitForTimeout(400);
  for (const act of acts) {
    const [what, first, second] = act.split(":");
    if (what === "press") await page.keyboard.press(first);
    else if (what === "wheel") {
      await page.locator(".lmw-flow-scroller").hover();
      await page.mouse.wheel(0, Number(first));
    } else if (what === "button") await page.getByRole("button", { name: first }).first().click();
    else {
      const { x, y } = await placeOf(page, Number(first), Number(second));
      await page.mouse.move(x, y);
      if (what === "click") await page.mouse.click(x, y);
    }
    await page.waitForTimeout(500);
  }
  await shoot(page, `${folder}/${name.replaceAll(":", "_")}.png`, 1200);
  await page.close();
}
await browser.close();

/** Where a node is: between the input's and the last layer's x, at the height of its label. */
async function placeOf(page, level, token) {
  return page.evaluate(
    ([level, token]) => {
      const label = document.querySelector(`.lmw-flow-left[data-row="${token}"]`);
      const box = label.getBoundingClientRect();
      if (Number.isNaN(level)) return { x: box.left + 10, y: box.top + 12 };
      const sheet = document.querySelector(".lmw-flow-sheet");
      const left = sheet.getBoundingClientRect().left;
      const at = (name) => Number.parseFloat(sheet.style.getPropertyValue(name));
      const numbers = [...document.querySelectorAll(".lmw-flow-number")];
      const last = Number(numbers.at(-1).dataset.level);
      const [from, to] = [at("--lmw-left") + 14, at("--lmw-right") - 14];
      return { x: left + from + ((to - from) * level) / last, y: box.top + 12 };
    },
    [level, token],
  );
}

/**
 * Pictures to look at: node js/tests/pages/matrix.mjs [name …] writes artifacts/matrix/*.png.
 * A name is state-width-theme[-at:<x>:<y> of the plot][-click:<x>:<y>][-twice:<x>:<y>]
 * [-button:<name>][-press:<key>][-wheel:<y> with Ctrl]
 */
import { browse, openPage, pageOf, shoot } from "./look.mjs";

const { out, url } = await pageOf("matrix.js", "matrix");
const browser = await browse();
const all = [
  "tiny-900-light-at:200:150",
  "mary-900-light-click:300:200",
  "mary-360-dark-at:200:200",
  "pinned-1600-dark",
  "sixty-900-light-at:300:300",
  "row-900-dark",
  "log-900-light",
  "half-900-light",
  "book-900-light-at:300:400",
  "book-900-dark-twice:400:400",
  "book-1600-light",
  "book-360-light",
  "bookpin-900-light-wheel:-1500",
  "signed-900-light",
  "booksigned-900-dark",
  "nan-900-light",
  "odd-900-light",
  "odd-360-dark",
  "chat-900-light",
  "turns-900-light-at:200:200",
  "cross-900-light",
  "tall-900-light",
  "flat-900-light",
];
const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : all) {
  const [state, width, theme, ...acts] = name.split(/-(?!\d)|-(?=\d+-)/);
  const page = await openPage(browser, name, { width: Number(width), height: 1000 });
  await page.goto(url({ state, theme }));
  await page.waitForTimeout(600);
  for (const act of acts) {
    const [what, first, second] = act.split(":");
    const { x, y } = await page.locator(".lmw-plot").boundingBox();
    const point = [x + Number(first), y + Number(second)];
    if (what === "press") await page.keyboard.press(first);
    else if (what === "button")
      await page.getByRole("button", { name: first, exact: true }).click();
    else if (what === "wheel") {
      await page.mouse.move(x + 400, y + 400);
      await page.keyboard.down("Control");
      for (let i = 0; i < 10; i++) await page.mouse.wheel(0, Number(first) / 10);
      await page.keyboard.up("Control");
    } else if (what === "click") await page.mouse.click(point[0], point[1]);
    else if (what === "twice") await page.mouse.dblclick(point[0], point[1]);
    else await page.mouse.move(point[0], point[1]);
    await page.waitForTimeout(600);
  }
  await shoot(page, `${out}${name.replaceAll(":", "_")}.png`);
  await page.close();
}
await browser.close();

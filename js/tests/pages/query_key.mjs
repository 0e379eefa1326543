/**
 * Pictures to look at: node js/tests/pages/query_key.mjs [state-width-theme …] writes
 * artifacts/query_key/*.png, and says how long 20,000 points take.
 */
import { browse, openPage, pageOf } from "./look.mjs";

const { out, url } = await pageOf("query_key.js", "query_key");
const browser = await browse();
const wanted = process.argv.slice(2);
const names = ["view", "sink", "wide", "space", "tokens", "full"].flatMap((state) => [
  `${state}-900-light`,
  `${state}-360-dark`,
]);
for (const name of wanted.length > 0 ? wanted : names) {
  const [state, width, theme] = name.split("-");
  const page = await openPage(browser, name, { width: Number(width), height: 800 });
  await page.goto(url({ state, theme }));
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
  await page.screenshot({ path: `${out}${name}.png`, fullPage: true });
  await page.close();
}
await browser.close();

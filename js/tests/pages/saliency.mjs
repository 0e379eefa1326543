/**
 * Pictures to look at: node js/tests/pages/saliency.mjs text|matrix|compare [name …] writes
 * artifacts/saliency/<widget>-*.png. A name is state-width-theme[-hover:<token>][-click:<token>]
 * [-at:<x>:<y> of the matrix][-choose:<x>:<y>][-button:<name>][-press:<key>]
 */
import { browse, openPage, pageOf, shoot } from "./look.mjs";

/** @type {Record<string, string>} */
const NAMES = {
  text: `short-900-light-hover:9 sentences-900-light-hover:0 removed-900-dark checked-900-light
    checked-360-dark answer-900-light step-900-dark step-360-light question-900-light
    labels-900-light masks-900-light several-900-light entropy-900-light refused-900-light
    unable-900-dark levels-360-dark-button:More_controls loading-900-light chat-360-light
    rtl-900-light`,
  matrix: `translation-900-light marked-900-light marked-900-dark story-900-light-at:330:260
    pinned-900-dark words-360-light sentences-900-light long-900-light-at:400:200
    huge-1600-dark-at:700:300 middle-900-light own-900-light one-900-light unsigned-1600-light
    broken-900-light partial-360-dark odd-900-light checked-900-light still-900-light
    tall-900-light bysentence-900-light-button:More_controls error-900-light`,
  compare: `review-900-light-hover:3 review-360-dark twelve-1600-light twelve-900-dark pinned-900-dark
    long-900-light odd-900-light rtl-900-light cjk-900-light chat-900-light broken-900-light
    partial-900-light error-900-dark unable-900-light loading-900-light empty-900-light
    review-900-light-button:Show_as_table review-900-light-button:More_controls
    review-900-light-button:Edit_the_text`,
};
const [widget = "text", ...wanted] = process.argv.slice(2);
const { out, url } = await pageOf("saliency.js", "saliency");
const browser = await browse();
for (const name of wanted.length > 0 ? wanted : NAMES[widget].split(/\s+/)) {
  const [state, width, theme, ...acts] = name.split("-");
  const page = await openPage(browser, name, { width: Number(width), height: 700 });
  await page.goto(url({ widget, state, theme }));
  await page.waitForTimeout(500);
  for (const act of acts) {
    const [what, first, second] = act.split(":");
    if (what === "press") await page.keyboard.press(first);
    else if (what === "button")
      await page.getByRole("button", { name: first.replaceAll("_", " "), exact: true }).click();
    else if (what === "at" || what === "choose") {
      const box = await page.locator(".lmw-matrix-window").boundingBox();
      const [x, y] = [(box?.x ?? 0) + Number(first), (box?.y ?? 0) + Number(second)];
      await (what === "choose" ? page.mouse.click(x, y) : page.mouse.move(x, y));
    } else {
      const token = page.locator(`[role="option"][data-token="${first}"], [data-unit="${first}"]`);
      await (what === "hover" ? token : token.first()).first().hover();
      if (what === "click") await token.first().click();
    }
    await page.waitForTimeout(300);
  }
  await shoot(page, `${out}${widget}-${name.replaceAll(/[: ]/g, "_")}.png`, 1300);
  await page.close();
}
await browser.close();

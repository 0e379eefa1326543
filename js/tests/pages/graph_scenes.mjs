/**
 * Pictures to look at: node js/tests/pages/graph_scenes.mjs [name …] writes artifacts/graph/*.png.
 * A name is state-width-theme[-hover:<side>:<token>][-click:<side>:<token>][-button:<name>]
 * [-press:<key>][-at:<x>:<y> of the long text][-map:<x>:<y> of the minimap, clicked][-wheel:<y>]
 */
import { actOnTokens, browse, openPage, pageOf, shoot } from "./look.mjs";

const { out, url } = await pageOf("graph_scenes.js", "graph");
const browser = await browse();
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
  const page = await openPage(browser, name, { width: Number(width), height: 780 });
  await page.goto(url({ state, theme }));
  await page.waitForTimeout(500);
  for (const act of acts) await actOnTokens(page, act);
  await shoot(page, `${out}${name.replaceAll(":", "_")}.png`);
  await page.close();
}
await browser.close();

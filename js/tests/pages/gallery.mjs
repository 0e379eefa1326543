/**
 * Pictures to look at: node js/tests/pages/gallery.mjs [name …] writes artifacts/gallery/*.png.
 * A name is state-width-theme[-hover:<side>:<token>][-click:<side>:<token>][-button:<name>]
 * [-press:<key>][-at:<x>:<y> of the long text][-map:<x>:<y> of the minimap, clicked][-wheel:<y>]
 */
import { actOnTokens, browse, openPage, pageOf, shoot } from "./look.mjs";

const { out, url } = await pageOf("gallery.js", "gallery");
const browser = await browse();
const wanted = process.argv.slice(2);
const names =
  wanted.length > 0
    ? wanted
    : [
        "mary-800-light-hover:query:13",
        "all-800-light",
        "all-1600-dark",
        "pinned-800-light",
        "long-800-light",
        "longone-800-light-hover:query:12",
        "odd-800-light",
        "chat-800-light",
        "arcs-800-light-hover:query:13",
        "arcsall-800-dark",
        "cross-360-light",
        "crosslong-900-light-click:query:4",
        "all-360-dark",
        "book-900-light-at:120:300",
        "bookpin-900-light",
        "bookpin-1600-dark",
        "bookall-900-dark",
        "bookchat-900-light",
        "bookchat-360-light",
        "bookfind-900-light",
        "book-900-light-button:whole text-at:120:560",
        "bookshort-900-light",
        "loading-800-light",
        "empty-800-light",
        "error-800-dark",
      ];
for (const name of names) {
  const [state, width, theme, ...acts] = name.split("-");
  const page = await openPage(browser, name, { width: Number(width), height: 780 });
  const live = /^(loading|pinned)$/.test(state) ? { live: "1" } : {};
  await page.goto(url({ state, theme, ...live }));
  await page.waitForTimeout(500);
  for (const act of acts) await actOnTokens(page, act);
  await shoot(page, `${out}${name.replaceAll(":", "_")}.png`);
  await page.close();
}
await browser.close();

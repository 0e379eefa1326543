/** Arcs over one line of text: above for what lies before a token, below for what comes after. */

import { layers, markRuns, option } from "../../attention/parts.js";
import { isRightToLeft } from "../../attention/text.js";
import { div, h } from "../../core/dom.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Side} Side */
/** @typedef {import("./types").View} View */

const TALL = 190;
const SHORT = 120;
const LINE = 28;
const NUMBERS = 18;

/**
 * @param {Tokens} tokens
 * @param {{causal: boolean, onScroll: () => void}} options
 * @returns {View}
 */
export function arcsView(tokens, { causal, onScroll }) {
  const up = causal ? TALL : SHORT;
  const down = causal ? 0 : SHORT;
  const canvases = layers();
  const rows = tokens.text.map((_, index) => option(tokens, "query", index));
  const line = h(
    "div",
    {
      class: "lmw-line",
      role: "listbox",
      "aria-label": "Tokens",
      "aria-orientation": "horizontal",
      dir: isRightToLeft(tokens) ? "rtl" : "ltr",
      style: { "margin-top": `${up}px`, "margin-bottom": `${down + NUMBERS}px` },
    },
    rows,
  );
  markRuns(tokens, rows);
  const sheet = div("lmw-sheet", canvases.element, line, canvases.numbers);
  const scroller = div("lmw-scroller lmw-scroller-line", sheet);
  const element = div("lmw-arcs", scroller);
  scroller.addEventListener("scroll", onScroll, { passive: true });

  const size = { width: 0, height: up + LINE + NUMBERS + down };
  /** Left edge and width of every token on the sheet. @type {[number, number][]} */
  let places = [];
  const x = (/** @type {number} */ i) => places[i][0] + places[i][1] / 2 - scroller.scrollLeft;

  return {
    element,
    ...canvases.ink,
    groups: [line],
    measure() {
      size.width = scroller.clientWidth;
      const start = scroller.getBoundingClientRect().left;
      // In right-to-left lines scrollLeft runs from 0 to negative: measure from the left edge seen.
      places = rows.map((row) => {
        const rect = row.getBoundingClientRect();
        return [rect.left - start + scroller.scrollLeft, rect.width];
      });
      return size;
    },
    sees(query, key) {
      if (!places[query] || !places[key]) return false;
      const [a, b] = [x(query), x(key)];
      return Math.max(a, b) > -20 && Math.min(a, b) < size.width + 20;
    },
    trace(context, query, key) {
      const [a, b] = [x(query), x(key)];
      const above = key <= query;
      const y = above ? up - 2 : up + LINE + NUMBERS + 2;
      if (query === key) {
        context.moveTo(a - 5, y);
        context.bezierCurveTo(a - 11, y - 20, a + 11, y - 20, a + 5, y);
        return;
      }
      const room = (above ? up : down) - 8;
      const height =
        room * (1 - Math.exp(-(14 + Math.abs(a - b) * 0.55) / room)) * (above ? -1 : 1);
      context.moveTo(a, y);
      context.bezierCurveTo(a, y + height * 1.33, b, y + height * 1.33, b, y);
    },
    box(_, index) {
      const place = places[index];
      if (!place) return null;
      const left = place[0] - scroller.scrollLeft;
      if (left + place[1] < 0 || left > size.width) return null;
      return { x: left, y: up + 2, width: place[1], height: LINE - 4 };
    },
    numberPlace(_, index) {
      const [left, width] = places[index];
      return { x: left + width / 2, y: up + LINE, align: "center" };
    },
    tokenElement: (_, index) => rows[index] ?? null,
    scrollTo(_, index) {
      const at = x(index);
      if (at > 40 && at < size.width - 40) return;
      scroller.scrollLeft += at - size.width / 2;
    },
    range() {
      let first = 0;
      while (first < places.length && !this.box("query", first)) first += 1;
      let last = first;
      while (last < places.length && this.box("query", last)) last += 1;
      return [first, last];
    },
    destroy() {
      scroller.removeEventListener("scroll", onScroll);
      element.remove();
    },
  };
}

/** Two columns of tokens, queries left and keys right, with curves between them. */

import { layers, option } from "../../attention/parts.js";
import { div, h } from "../../core/dom.js";
import { headings, runLabels, traceAcross } from "./parts.js";
import { ruler } from "./ruler.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Side} Side */
/** @typedef {import("./types").View} View */

const ROW = 24;
const PAD = 4;

/**
 * @param {{query: Tokens, key: Tokens}} tokens
 * @param {{names: [string, string], turns: import("./types").Turns | null,
 *   onScroll: () => void}} options names: heading of each column
 * @returns {View}
 */
export function columnsView(tokens, { names, turns, onScroll }) {
  const canvases = layers();
  const left = column("query", tokens.query, names[0], turns);
  const right = column("key", tokens.key, names[1], turns);
  const gap = div("lmw-gap");
  const sheet = div(
    "lmw-sheet",
    canvases.element,
    left.holder,
    gap,
    right.holder,
    canvases.numbers,
  );
  const scroller = div("lmw-scroller", sheet);
  const element = div("lmw-columns", headings(names), scroller);
  const rows = Math.max(tokens.query.text.length, tokens.key.text.length);
  const whole = rows * ROW + 2 * PAD;
  sheet.style.height = `${whole}px`;
  scroller.style.setProperty("--lmw-rows", String(rows));
  /** Kept: to ask the document between changes to it would lay it out each time. */
  let scrolled = 0;
  const watchScroll = () => {
    scrolled = scroller.scrollTop;
    onScroll();
  };
  scroller.addEventListener("scroll", watchScroll, { passive: true });

  const size = { width: 0, height: 0, from: 0, to: 0 };
  const seen = () => ({ top: scrolled, height: size.height });
  const overview = ruler(element, scroller, rows, whole, seen);
  /** Measured text boxes: x and width by side and token. @type {Map<string, [number, number]>} */
  const boxes = new Map();

  const y = (/** @type {number} */ index) => PAD + (index + 0.5) * ROW - scrolled;
  const elements = { query: left.rows, key: right.rows };

  /** @param {Side} side @returns {[number, number]} */
  function range(side) {
    const first = Math.floor((scrolled - PAD) / ROW);
    const last = Math.ceil((scrolled + size.height - PAD) / ROW);
    return [Math.max(0, first), Math.min(elements[side].length, last)];
  }

  /** @param {Side} side @param {number} index @returns {[number, number]} */
  function textBox(side, index) {
    const id = side + index;
    const known = boxes.get(id);
    if (known) return known;
    const text = /** @type {HTMLElement} */ (elements[side][index].firstElementChild);
    const origin = sheet.getBoundingClientRect().left;
    const rect = text.getBoundingClientRect();
    /** @type {[number, number]} */
    const box = [rect.left - origin, rect.width];
    boxes.set(id, box);
    return box;
  }

  return {
    element,
    ...canvases.ink,
    groups: [left.list, right.list],
    measure() {
      boxes.clear();
      scrolled = scroller.scrollTop;
      size.width = scroller.clientWidth;
      size.height = scroller.clientHeight;
      size.from = gap.offsetLeft;
      size.to = gap.offsetLeft + gap.offsetWidth;
      element.style.setProperty("--lmw-from", `${size.from}px`);
      element.style.setProperty("--lmw-to", `${size.to}px`);
      return size;
    },
    sees(query, key) {
      const inside = (/** @type {number} */ v) => v > -ROW / 2 && v < size.height + ROW / 2;
      return inside(y(query)) || inside(y(key));
    },
    trace(context, query, key) {
      traceAcross(context, size, y(query), y(key));
    },
    box(side, index) {
      const middle = y(index);
      if (middle < -ROW || middle > size.height + ROW || !elements[side][index]) return null;
      const [x, width] = textBox(side, index);
      return { x, y: middle - ROW / 2 + 2, width, height: ROW - 4 };
    },
    numberPlace(side, index) {
      const [x, width] = textBox(side, index);
      const top = PAD + index * ROW;
      return side === "key"
        ? { x: x + width + 4, y: top, align: "left" }
        : { x: x - 4, y: top, align: "right" };
    },
    tokenElement: (side, index) => elements[side][index] ?? null,
    scrollTo(_, index) {
      const middle = PAD + (index + 0.5) * ROW;
      const top = scroller.scrollTop;
      if (middle > top + ROW && middle < top + scroller.clientHeight - ROW) return;
      scroller.scrollTop = middle - scroller.clientHeight / 2;
      scrolled = scroller.scrollTop;
    },
    range,
    overview: overview.paint,
    destroy() {
      scroller.removeEventListener("scroll", watchScroll);
      element.remove();
    },
  };
}

/**
 * @param {Side} side
 * @param {Tokens} tokens
 * @param {string} name
 * @param {import("./types").Turns | null} turns
 */
function column(side, tokens, name, turns) {
  const rows = tokens.text.map((_, index) => option(tokens, side, index));
  const list = h(
    "div",
    {
      class: "lmw-column",
      role: "listbox",
      "aria-label": name,
      "aria-orientation": "vertical",
    },
    rows,
  );
  const labels = runLabels(tokens, ROW, PAD, turns);
  const holder = div(`lmw-side lmw-side-${side}`, labels, list);
  if (labels.length > 0) holder.classList.add("lmw-has-runs");
  return { holder, list, rows };
}

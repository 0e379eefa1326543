/** Two columns of a text of thousands of tokens: a window on them, and the whole text beside it. */

import { layers } from "../../../attention/parts.js";
import { div, h } from "../../../core/dom.js";
import { clamp } from "../../../core/format.js";
import { headings, traceAcross } from "../parts.js";
import { bundled } from "./bundles.js";
import { minimap } from "./minimap.js";
import { mover } from "./mover.js";
import { blockNames, FONT, TALL } from "./names.js";
import { pace } from "./pace.js";
import { blockWidth, paper } from "./paper.js";
import { watchLong } from "./pointer.js";
import { recycledRows } from "./rows.js";
import { asBlocks, centred, firstOf, rowsOf } from "./window.js";
import { zoomControl } from "./zoom.js";

/** @typedef {import("../../../core/types").Tokens} Tokens */
/** @typedef {import("../types").Side} Side */
/** @typedef {import("../types").View} View */

const HEIGHT = 600;
const OVERSCAN = 3;
/** Width of a weight beside a token: on a narrow page it may cover the end of a long one. */
const NUMBER = 34;
const SIDES = /** @type {const} */ (["query", "key"]);
/** Lines from the tokens in view, of few rows and of many; and lines that come from outside. */
const STARTING = { window: 600, whole: 1200 };
const ENDING = 100;
const MANY_ROWS = 120;

/**
 * @param {{query: Tokens, key: Tokens}} tokens
 * @param {{names: [string, string], onScroll: () => void}} options names: heading of each column
 * @returns {View}
 */
export function longView(tokens, { names, onScroll }) {
  const counts = { query: tokens.query.text.length, key: tokens.key.text.length };
  const room = { rows: Math.max(counts.query, counts.key), height: HEIGHT };
  const columns = {
    query: recycledRows("query", tokens.query, names[0]),
    key: recycledRows("key", tokens.key, names[1]),
  };
  const canvases = layers();
  const under = h("canvas", { class: "lmw-canvas", width: "1", height: "1" });
  canvases.element.prepend(under);
  const gap = div("lmw-gap");
  const surface = div(
    "lmw-surface",
    canvases.element,
    div("lmw-side lmw-side-query", columns.query.list),
    gap,
    div("lmw-side lmw-side-key", columns.key.list),
    canvases.numbers,
  );
  const sheet = div("lmw-long-sheet", surface);
  const scroller = div("lmw-scroller", sheet);
  const move = mover(scroller, sheet, room, onScroll);
  const map = minimap(tokens, move, room);
  const zoom = zoomControl(scroller, move, room);
  const body = div("lmw-long-body", scroller, map.element);
  const element = h(
    "div",
    { class: "lmw-columns lmw-long", style: { "--lmw-tall": `${HEIGHT}px` } },
    div("lmw-long-head", headings(names), zoom.element),
    body,
  );
  if (SIDES.some((side) => tokens[side].role || tokens[side].segment))
    surface.classList.add("lmw-has-turns");
  const ground = paper(under, tokens);
  const speed = pace();
  const size = { width: 0, height: HEIGHT, from: 0, to: 0, most: 0 };
  /** Measured text boxes: x and width by side and token. @type {Map<string, [number, number]>} */
  const boxes = new Map();
  let boxesFor = 0;
  /** @type {import("../../../core/types").Theme} */
  let theme = "light";

  const low = () => asBlocks(move.window, room);
  const y = (/** @type {Side} */ side, /** @type {number} */ index) =>
    (index + 0.5 - firstOf(move.window, counts[side])) * move.rowHeight;
  /** What lies out of view is drawn towards where it is, nearer than it is. @param {number} at */
  const folded = (at) => {
    const away = Math.max(-at, at - HEIGHT);
    if (away <= 0) return at;
    const near = (1.15 * HEIGHT * away) / (away + 2 * HEIGHT);
    return at < 0 ? -near : HEIGHT + near;
  };
  const range = (/** @type {Side} */ side) => rowsOf(move.window, counts[side]);
  const named = blockNames(range);

  /** @param {Side} side @param {number} width @returns {[number, number]} */
  const besideGap = (side, width) => [side === "query" ? size.from - width : size.to, width];

  /** @param {Side} side @param {number} index @returns {[number, number]} */
  function textBox(side, index) {
    if (low()) {
      if (named.middle(side, index) !== undefined)
        return besideGap(
          side,
          Math.min(size.most, named.width(columns[side].element(index)?.textContent)),
        );
      const width = blockWidth(tokens[side].text[index], move.rowHeight, size.most);
      const [x] = besideGap(side, width);
      return [side === "query" ? x - 4 : x + 4, width];
    }
    const id = side + index;
    const known = boxes.get(id);
    if (known) return known;
    const text = columns[side].element(index)?.firstElementChild;
    const rect = text?.getBoundingClientRect() ?? { left: 0, width: 0 };
    /** @type {[number, number]} */
    const box = [rect.left - surface.getBoundingClientRect().left, rect.width];
    boxes.set(id, box);
    return box;
  }

  function placeRows() {
    const rowHeight = move.rowHeight;
    const blocks = low();
    if (boxesFor !== rowHeight) {
      boxesFor = rowHeight;
      boxes.clear();
      const font = clamp(rowHeight * 0.6, 11, 14);
      surface.classList.toggle("lmw-blocks", blocks);
      surface.style.setProperty("--lmw-row", `${blocks ? TALL : rowHeight}px`);
      surface.style.setProperty("--lmw-row-font", `${blocks ? FONT : font}px`);
    }
    for (const side of SIDES) {
      const { list, show, count } = columns[side];
      const shift = firstOf(move.window, count) * rowHeight;
      list.style.transform = `translateY(${-shift}px)`;
      if (blocks) named.place(side, (index) => y(side, index), HEIGHT);
      show(blocks ? named.chosen[side] : inView(side), (row, index) => {
        const middle = blocks ? named.middle(side, index) : undefined;
        row.style.top = `${middle === undefined ? index * rowHeight : shift + middle - TALL / 2}px`;
        if (blocks) row.classList.toggle("lmw-named", middle !== undefined);
      });
    }
  }

  /** @param {Side} side */
  function inView(side) {
    const [first, last] = range(side);
    const from = Math.max(0, first - OVERSCAN);
    const to = Math.min(counts[side], last + OVERSCAN);
    return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  }

  function layOut() {
    placeRows();
    ground.paint(move.window, size, theme);
    map.place();
    zoom.show();
  }

  const text = {
    /** @param {import("../../../core/types").Theme} now */
    layOut(now) {
      theme = now;
      layOut();
    },
    /** @param {Parameters<typeof named.choose>[0]} now */
    spotlight(now) {
      if (!low()) return;
      named.choose(now);
      placeRows();
    },
    /** @param {string} name @param {Side} side @param {Uint8Array} marked */
    flag(name, side, marked) {
      columns[side].flag(name, marked);
      if (side !== map.side) return;
      map.flag(name, marked);
      map.refresh();
    },
    /** @param {import("../types").PointerEvents} on */
    watch: (on) =>
      watchLong(
        {
          element: scroller,
          surface,
          columns,
          mover: move,
          room,
          placeAt(x, at) {
            const side = x < size.from ? "query" : x >= size.to ? "key" : null;
            if (!side) return null;
            const index = Math.floor(firstOf(move.window, counts[side]) + at / move.rowHeight);
            return index >= 0 && index < counts[side] ? { side, index } : null;
          },
          layOut,
          zoomInto: zoom.into,
        },
        on,
      ),
    zoom: zoom.zoom,
    /** @param {boolean} moving */
    budget(moving) {
      const now = speed.next(performance.now());
      if (moving) return { starting: now, ending: Math.min(ENDING, now / 4) };
      const rows = move.window.span;
      return { starting: rows < MANY_ROWS ? STARTING.window : STARTING.whole, ending: ENDING };
    },
    bundle: () => bundled(move.rowHeight),
  };

  return {
    element,
    ...canvases.ink,
    groups: [columns.query.list, columns.key.list],
    edge: body,
    window: text,
    measure() {
      boxes.clear();
      move.settle();
      size.width = scroller.clientWidth;
      size.from = gap.offsetLeft;
      size.to = gap.offsetLeft + gap.offsetWidth;
      size.most = Math.max(24, size.from - 64);
      named.setFont(getComputedStyle(surface).fontFamily);
      element.style.setProperty("--lmw-from", `${size.from}px`);
      element.style.setProperty("--lmw-to", `${size.to}px`);
      map.measure(map.element.clientWidth);
      return size;
    },
    sees(query, key) {
      const inside = (/** @type {number} */ v) => v > 0 && v < HEIGHT;
      return inside(y("query", query)) || inside(y("key", key));
    },
    trace(context, query, key) {
      traceAcross(context, size, folded(y("query", query)), folded(y("key", key)));
    },
    box(side, index) {
      const middle = y(side, index);
      if (middle < -TALL || middle > HEIGHT + TALL || index >= counts[side]) return null;
      const [x, width] = textBox(side, index);
      const name = low() ? named.middle(side, index) : undefined;
      const block = low() ? clamp(move.rowHeight, 2, 8) : move.rowHeight - 4;
      const height = name === undefined ? block : TALL;
      return { x, y: (name ?? middle) - height / 2, width, height };
    },
    numberPlace(side, index) {
      const name = named.middle(side, index);
      if (low() && name === undefined) return null;
      const [x, width] = textBox(side, index);
      const top = ((low() ? name : undefined) ?? y(side, index)) - 12;
      return side === "key"
        ? { x: Math.min(x + width + 4, size.width - NUMBER), y: top, align: "left" }
        : { x: Math.max(x - 4, NUMBER), y: top, align: "right" };
    },
    tokenElement: (side, index) => columns[side].element(index),
    scrollTo(side, index) {
      const [first, last] = range(side);
      if (index > first && index < last - 1) return;
      move.glide(centred(move.window, index, room));
    },
    range,
    overview: map.paint,
    destroy() {
      move.destroy();
      element.remove();
    },
  };
}

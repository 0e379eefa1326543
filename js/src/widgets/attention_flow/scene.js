/** The picture on the screen: axis, labels, canvases, and which node is asked about. */

import { runs } from "../../attention/text.js";
import { div, h, replace } from "../../core/dom.js";
import { axis } from "./axis.js";
import { beyond } from "./beyond.js";
import { cursor } from "./cursor.js";
import { geometry } from "./geometry.js";
import { labels } from "./labels.js";
import { paintSteps, paintTrace } from "./painter.js";
import { watchPointer } from "./pointer.js";
import { layOut, ROW } from "./rows.js";
import { labelWidth } from "./widths.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Node} Node */
/** @typedef {import("./types").Edge} Edge */
/** @typedef {import("./types").Trace} Trace */
/** @typedef {import("./types").Layout} Layout */
/** @typedef {import("./geometry.js").Geometry} Geometry */

const SHARE = 50;
const RUN = 20;
const MARGIN = 14;
const NONE = new Float64Array(0);
/** Narrower pictures have labels at the left only. */
const TWO_SIDES = 520;

/**
 * @typedef {object} Shown
 * @property {Trace | null} trace
 * @property {Float64Array | null} shares of the input tokens, beside their names
 * @property {Edge[]} edges of the trace, filtered, weakest first
 * @property {Node | null} node whose trace it is
 * @property {Node | null} pinned
 * @property {number | null} hover row that is hovered
 */

/**
 * @param {HTMLElement} stage
 * @param {{onPaint: () => void, onHover: (node: Node | null, byKeyboard: boolean) => void,
 *   onEdge: (edge: Edge | null, at: {x: number, y: number}) => void,
 *   onPick: (node: Node | null) => void, onLayer: (level: number) => void,
 *   describe: (node: Node) => string}} on
 */
export function createScene(stage, { onPaint, onHover, onEdge, onPick, onLayer, describe }) {
  const canvas = (/** @type {string} */ name) =>
    h("canvas", { class: `lmw-flow-canvas lmw-flow-${name}`, width: "1", height: "1" });
  const [base, overlay] = [canvas("base"), canvas("overlay")];
  const canvases = h("div", { class: "lmw-flow-canvases", "aria-hidden": "true" }, base, overlay);
  const turns = h("div", { class: "lmw-flow-runs", "aria-hidden": "true" });
  const sheet = div("lmw-flow-sheet", canvases, turns);
  const scroller = div("lmw-flow-scroller", sheet);
  const scale = axis(onLayer);
  stage.append(scale.element, scroller);
  const outside = beyond(stage, (token) => reveal(token));

  /** @type {Set<number>} */
  const opened = new Set();
  const names = labels(sheet, (row) => {
    for (let i = row.from; i < row.to; i++) opened.add(i);
    refold();
  });

  /** @type {Tokens | null} */
  let tokens = null;
  /** @type {Uint8Array | null} */
  let keep = null;
  /** @type {Layout} */
  let layout = layOut(0, null, opened);
  let levels = 1;
  /** @type {number[]} */
  let layerNumbers = [];
  /** @type {Edge[]} */
  let steps = [];
  /** @type {Theme} */
  let theme = "light";
  /** @type {Shown} */
  let shown = { trace: null, shares: null, edges: [], node: null, pinned: null, hover: null };
  /** @type {Geometry} */
  let place = geometry({ width: 0, height: 0, from: 0, to: 0, scroll: 0 }, layout, 1);

  function measure() {
    const width = scroller.clientWidth;
    const height = scroller.clientHeight;
    const text = tokens ? labelWidth(tokens, width) : 0;
    const run = tokens && runs(tokens).length > 0 ? RUN : 0;
    const from = run + text + SHARE + MARGIN;
    const to = width - (width >= TWO_SIDES ? text + MARGIN : MARGIN);
    const frame = { width, height, from, to, scroll: scroller.scrollTop };
    sheet.style.setProperty("--lmw-left", `${from - MARGIN}px`);
    sheet.style.setProperty("--lmw-run", `${run}px`);
    sheet.style.setProperty("--lmw-share", `${SHARE}px`);
    sheet.style.setProperty("--lmw-right", `${to + MARGIN}px`);
    sheet.classList.toggle("lmw-flow-one-side", width < TWO_SIDES);
    place = geometry(frame, layout, levels);
  }

  function paintBase() {
    paintSteps(base, place, steps, theme, shown.node === null && shown.hover === null);
  }
  function paintOverlay() {
    const { trace, shares, edges, node, pinned, hover } = shown;
    paintTrace(overlay, place, { trace, edges, node, pinned }, theme);
    names.show({
      shares,
      theme,
      hover,
      pinned: pinned?.token ?? null,
    });
    names.update(place.frame.scroll, place.frame.height);
    if (tokens) outside.show(tokens, place, shares ?? NONE);
  }
  function paint() {
    if (!tokens) return;
    paintBase();
    paintOverlay();
    scale.set(place, layerNumbers, (shown.node ?? shown.pinned)?.level ?? null);
    keys.place();
    onPaint();
  }

  function scrolled() {
    place = geometry({ ...place.frame, scroll: scroller.scrollTop }, layout, levels);
    paint();
  }

  /** Rows anew; the scroll position stays. */
  function refold() {
    if (!tokens) return;
    layout = layOut(tokens.text.length, keep, opened);
    sheet.style.height = `${layout.height}px`;
    names.set(tokens, layout);
    drawRuns();
    measure();
    paint();
  }

  function drawRuns() {
    if (!tokens) return;
    replace(
      turns,
      runs(tokens).map(({ name, from, to }) => {
        const top = layout.y[from] - ROW / 2 + 2;
        const height = layout.y[to - 1] + ROW / 2 - 2 - top;
        const style = { top: `${top}px`, height: `${Math.max(2, height)}px` };
        const text = height > 7 * name.length + 8 ? h("span", null, name) : null;
        return h("div", { class: "lmw-flow-run", title: name, style }, text);
      }),
    );
  }

  const keys = cursor(sheet, {
    place: () => place,
    start: () => shown.pinned,
    onMove: (node) => {
      reveal(node.token);
      onHover(node, true);
    },
    onLeave: () => onHover(null, true),
    onPick: (node) => onPick(node),
    onEscape: () => onPick(null),
    describe,
  });
  const pointer = watchPointer(scroller, {
    place: () => place,
    edges: () => shown.edges,
    onHover: (node) => onHover(node, false),
    onEdge,
    onPick,
  });

  /** Bring a row into view. @param {number} token */
  function reveal(token) {
    const y = layout.y[token];
    const { scrollTop, clientHeight } = scroller;
    if (y > scrollTop + ROW / 2 && y < scrollTop + clientHeight - ROW / 2) return;
    scroller.scrollTop = y - clientHeight / 2;
    scrolled();
  }

  scroller.addEventListener("scroll", scrolled, { passive: true });
  const observer = new ResizeObserver(() => {
    measure();
    paint();
  });
  observer.observe(scroller);

  return {
    /** @param {Tokens | null} next @param {number[]} numbers */
    setTokens(next, numbers) {
      tokens = next;
      layerNumbers = numbers;
      levels = numbers.length + 1;
      opened.clear();
      stage.hidden = !next;
    },
    /** @param {Uint8Array | null} next 1 for tokens that have a row */
    fold(next) {
      keep = next;
      refold();
    },
    /** @param {Edge[]} next @param {Theme} nextTheme */
    setSteps(next, nextTheme) {
      steps = next;
      theme = nextTheme;
      paint();
    },
    /** @param {Shown} next */
    show(next) {
      const alone = shown.node === null && shown.hover === null;
      shown = next;
      if (!tokens) return;
      if (alone !== (next.node === null && next.hover === null)) paintBase();
      paintOverlay();
      scale.set(place, layerNumbers, (next.node ?? next.pinned)?.level ?? null);
      keys.place();
    },
    reveal,
    get layout() {
      return layout;
    },
    /** Where a node is in the viewport. @param {Node} node */
    boxOf(node) {
      const origin = scroller.getBoundingClientRect();
      const [x, y] = [origin.left + place.x(node.level), origin.top + place.y(node.token)];
      if (node.level === 0) return { left: origin.left, right: x, top: y - 12, bottom: y + 8 };
      return { left: x - 8, right: x + 8, top: y - 8, bottom: y + 8 };
    },
    focus: () => keys.element.focus(),
    destroy() {
      scroller.removeEventListener("scroll", scrolled);
      observer.disconnect();
      pointer.destroy();
      keys.destroy();
      replace(stage);
    },
  };
}

/** @typedef {ReturnType<typeof createScene>} Scene */

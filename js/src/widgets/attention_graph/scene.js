/** The picture: a layout, its ink, and the token that stands out. Hover never leaves this file. */

import { fitCanvas } from "../../core/canvas.js";
import { tooltip } from "../../core/tooltip.js";
import { arcsView } from "./arcs.js";
import { beyond } from "./beyond.js";
import { columnsView } from "./columns.js";
import { targetsOf } from "./edges.js";
import { numberPool, otherSide, samePlace } from "./isolate.js";
import { marker } from "./marks.js";
import { clearOverlay, crossFade, paintBase, paintIsolated } from "./painter.js";
import { watchPointer } from "./pointer.js";
import { pairTip, tokenTip } from "./tips.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").EdgeSet} EdgeSet */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Target} Target */
/** @typedef {import("./types").View} View */

/** The tooltip waits until the pointer rests; for a pair it is the answer and comes at once. */
const DWELL = 380;

/**
 * What is drawn: everything that does not change while the pointer moves.
 * @typedef {object} Drawing
 * @property {EdgeSet} set
 * @property {number[]} heads
 * @property {Theme} theme
 * @property {(head: number, query: number, key: number) => number | null} weight
 */

/**
 * @typedef {object} SceneOptions
 * @property {"columns" | "arcs"} layout
 * @property {boolean} causal
 * @property {Place["side"]} side what hovering shows in the arcs
 * @property {[string, string]} names headings of the columns
 * @property {() => boolean} brief whether a table already shows the numbers
 */

/**
 * @typedef {object} SceneEvents
 * @property {(place: Place | null) => void} onPin
 * @property {(place: Place | null, targets: Target[]) => void} onIsolate
 * @property {(edges: {drawn: number, total: number}) => void} onPaint
 */

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} parent
 * @param {{query: Tokens, key: Tokens}} tokens
 * @param {SceneOptions} options
 * @param {SceneEvents} on
 */
export function createScene(root, parent, tokens, { layout, causal, side, names, brief }, on) {
  const arcs = layout === "arcs";
  let mode = side;
  const onScroll = () => frame(repaint);
  const view = arcs
    ? arcsView(tokens.query, { causal, onScroll })
    : columnsView(tokens, { names, onScroll });
  parent.appendChild(view.element);
  const tip = tooltip(root);
  const numbers = numberPool(view);
  const outside = beyond(view, tokens);
  const marks = marker(view, tokens);

  /** @type {Drawing | null} */
  let drawing = null;
  /** The only head drawn while its chip is hovered. @type {number | null} */
  let previewed = null;
  let size = { width: 0, height: 0 };
  /** @type {Place | null} */
  let hover = null;
  /** @type {Place | null} */
  let pinned = null;
  /** @type {Place | null} */
  let shown = null;
  /** @type {Target[]} */
  let targets = [];
  /** @type {Set<() => void>} */
  const pending = new Set();
  let request = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let dwell;

  /** Run once, just before the next frame. @param {() => void} work */
  function frame(work) {
    pending.add(work);
    request ||= requestAnimationFrame(() => {
      request = 0;
      const jobs = [...pending];
      pending.clear();
      for (const job of jobs) job();
    });
  }

  /** In the arcs every token is query and key: the mode says which is meant. @param {Place | null} place */
  const meant = (place) => (place && arcs ? { side: mode, index: place.index } : place);

  /** While a token is pinned, hovering the other side asks about the pair. */
  const asksPair = () =>
    Boolean(pinned && hover && (arcs ? hover.index !== pinned.index : hover.side !== pinned.side));

  function repaint() {
    if (!drawing) return;
    on.onPaint(paintBase(view, drawing.set, size, drawing.theme, previewed));
    shown = null;
    isolate();
    if (!shown) {
      clearIsolated();
      view.overview?.(drawing.set, drawing.theme, null);
    }
    root.dataset.lmwReady = "true";
  }

  function isolate() {
    if (!drawing) return;
    const next = asksPair() ? pinned : (hover ?? pinned);
    if (!samePlace(next, shown)) {
      shown = next;
      targets = next ? targetsOf(drawing.set, next.side, next.index) : [];
      if (next) paintIsolatedToken(drawing, next);
      else clearIsolated();
      view.overview?.(drawing.set, drawing.theme, next && targets);
      on.onIsolate(next, targets);
    }
    marks.show({ hover, pinned, shown, targets });
  }

  /** @param {Drawing} now @param {Place} place */
  function paintIsolatedToken(now, place) {
    view.element.classList.add("lmw-isolated");
    paintIsolated(view, size, now.theme, place, targets);
    numbers.show(place, targets, now.theme, now.heads.length > 1);
    outside.show(otherSide(place.side), targets);
  }

  function clearIsolated() {
    view.element.classList.remove("lmw-isolated");
    clearOverlay(view);
    numbers.hide();
    outside.hide();
  }

  function showTip() {
    const element = hover && view.tokenElement(hover.side, hover.index);
    if (!drawing || !hover || !element) return;
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const anchor = { left, right, top, bottom: bottom + (arcs ? 16 : 0) };
    const where = arcs ? "below" : hover.side === "query" ? "left" : "right";
    const { theme, heads, weight, set } = drawing;
    if (asksPair() && pinned) {
      const [query, key] =
        pinned.side === "query" ? [pinned.index, hover.index] : [hover.index, pinned.index];
      const rows = heads.map((head) => ({ head, weight: weight(head, query, key) }));
      tip.show(anchor, pairTip(tokens, query, key, rows, theme), { side: where });
    } else if (!brief()) {
      const looks = { theme, severalHeads: heads.length > 1 };
      const content = tokenTip(tokens, hover, targetsOf(set, hover.side, hover.index), looks);
      tip.show(anchor, content, { side: where });
    }
  }

  const pointer = watchPointer(view, {
    onHover(place, byKeyboard) {
      hover = meant(place);
      clearTimeout(dwell);
      tip.hide();
      frame(isolate);
      if (!hover || byKeyboard) return;
      dwell = setTimeout(showTip, asksPair() ? 0 : DWELL);
    },
    onPick(place) {
      const picked = meant(place);
      if (picked || pinned) on.onPin(samePlace(picked, pinned) ? null : picked);
    },
  });

  function remeasure() {
    const { width, height } = size;
    size = { ...view.measure() };
    if (size.width !== width || size.height !== height) repaint();
  }
  const observer = new ResizeObserver(remeasure);
  observer.observe(view.element);
  size = { ...view.measure() };

  return {
    /** @param {Drawing} next @param {boolean} fade */
    draw(next, fade) {
      if (fade) crossFade(view);
      drawing = next;
      size = { ...view.measure() };
      repaint();
      // JupyterLab hides everything for a moment while its theme changes: no resize is told.
      frame(remeasure);
    },
    /** The data have not arrived: tokens stand without edges. */
    drawNothing() {
      drawing = null;
      fitCanvas(view.base, size.width, size.height);
      clearIsolated();
    },
    /** @param {number | null} head */
    preview(head) {
      if (head === previewed) return;
      previewed = head;
      frame(repaint);
    },
    /** What hovering shows in the arcs. @param {Place["side"]} next */
    turn(next) {
      mode = next;
    },
    /** @param {Place | null} place */
    pin(place) {
      pinned = place;
      if (place) view.scrollTo(place.side, place.index);
      isolate();
      const element = place && view.tokenElement(place.side, place.index);
      if (element) pointer.select(element);
    },
    flag: marks.flag,
    /** Give the focus to the tokens. */
    focus: () => view.groups[0].querySelector(/** @type {"div"} */ ("[tabindex='0']"))?.focus(),
    destroy() {
      cancelAnimationFrame(request);
      clearTimeout(dwell);
      observer.disconnect();
      pointer.destroy();
      tip.destroy();
      view.destroy();
    },
  };
}

/** @typedef {ReturnType<typeof createScene>} Scene */

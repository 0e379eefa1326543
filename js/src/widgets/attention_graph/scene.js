/** The picture: a layout, its ink, and the token that stands out. Hover never leaves this file. */

import { fitCanvas } from "../../core/canvas.js";
import { frames } from "../../core/frames.js";
import { tooltip } from "../../core/tooltip.js";
import { arcsView } from "./arcs.js";
import { beyond } from "./beyond.js";
import { columnsView } from "./columns.js";
import { numberPool, samePlace } from "./isolate.js";
import { linesView } from "./lines.js";
import { longView } from "./long/view.js";
import { marker } from "./marks.js";
import { clearOverlay, crossFade, paintBase, paintIsolated, paintUnder } from "./painter.js";
import { watchPointer } from "./pointer.js";
import { pairTip, tokenTip } from "./tips.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./drawing.js").Drawing} Drawing */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Target} Target */
/** @typedef {import("./types").View} View */

/** The tooltip waits until the pointer rests; for a pair it is the answer and comes at once. */
const DWELL = 380;

/** Where the tooltip goes, so that it covers no edges; else beside the columns. @type {Record<string, {query: "below", key: "below" | "right"}>} */
const WHERE = {
  arcs: { query: "below", key: "below" },
  lines: { query: "below", key: "right" },
};

/** Scrolling and zooming are over when this long nothing has moved. */
const REST = 140;

/**
 * @typedef {object} SceneOptions
 * @property {"columns" | "long" | "arcs" | "lines"} layout
 * @property {boolean} causal
 * @property {Place["side"]} side what hovering shows in the arcs
 * @property {[string, string]} names headings of the columns
 * @property {import("./types").Turns | null} turns that can be one row each
 * @property {() => boolean} brief whether a table already shows the numbers
 */

/**
 * @typedef {object} SceneEvents
 * @property {(place: Place | null) => void} onPin
 * @property {(place: Place | null) => void} onHover
 * @property {(place: Place | null, targets: Target[]) => void} onIsolate
 * @property {(seen: import("./edges.js").Seen) => void} onPaint
 */

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} parent
 * @param {{query: Tokens, key: Tokens}} tokens
 * @param {SceneOptions} options
 * @param {SceneEvents} on
 */
export function createScene(root, parent, tokens, options, on) {
  const { layout, causal, side, names, turns, brief } = options;
  const arcs = layout === "arcs";
  const coming = frames();
  const frame = coming.next;
  let mode = side;
  const onScroll = () => frame(scrolled);
  const views = {
    arcs: () => arcsView(tokens.query, { causal, onScroll }),
    columns: () => columnsView(tokens, { names, turns, onScroll }),
    long: () => longView(tokens, { names, onScroll }),
    lines: () => linesView(tokens, { names }),
  };
  const view = views[layout]();
  parent.appendChild(view.element);
  const tip = tooltip(root);
  const numbers = numberPool(view);
  const outside = beyond(view, tokens);
  const marks = marker(view, tokens);

  /** @type {Drawing | null} */
  let drawing = null;
  /** @type {Theme} */
  let theme = "light";
  /** The only head drawn while its chip is hovered. @type {number | null} */
  let previewed = null;
  /** What the base shows, and how many of its lines are drawn. @type {import("./edges.js").Seen | null} */
  let seen = null;
  let drawn = 0;
  let size = { width: 0, height: 0 };
  /** @type {Place | null} */
  let hover = null;
  /** Hovered when the isolated token was last painted. @type {Place | null} */
  let hovered = null;
  /** @type {Place | null} */
  let pinned = null;
  /** Hovered in a linked widget. @type {Place | null} */
  let linked = null;
  /** What stands out when nobody asks: the token read last, at a step of a written text. @type {Place | null} */
  let usual = null;
  /** @type {Place | null} */
  let shown = null;
  /** The one that the overview and the table were last told of. @type {Place | null} */
  let told = null;
  /** @type {Target[]} */
  let targets = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let dwell;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let rest;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let hidden;

  /** In the arcs every token is query and key: the mode says which is meant. @param {Place | null} place */
  const meant = (place) => (place && arcs ? { side: mode, index: place.index } : place);

  /** While a token is pinned, hovering the other side asks about the pair. */
  const asksPair = () =>
    Boolean(pinned && hover && (arcs ? hover.index !== pinned.index : hover.side !== pinned.side));

  function repaint(moving = false) {
    view.window?.layOut(theme);
    if (!drawing) return;
    seen = paintBase(view, drawing.set, size, drawing.ink, previewed, moving);
    drawn = 0;
    if (!moving) {
      on.onPaint(seen);
      frame(paintRest);
    }
    shown = null;
    isolate();
    if (!shown) {
      clearIsolated();
      if (!moving) view.overview?.(drawing.set, drawing.ink, null, []);
    }
    root.dataset.lmwReady = "true";
  }

  /** Lines too many for one frame. */
  function paintRest() {
    if (!drawing || !seen) return;
    drawn = paintUnder(view, drawing.ink, seen.lines, drawn);
    if (drawn < seen.lines.length) frame(paintRest);
  }

  /** While a text moves, what is not read in motion waits until it rests. */
  function scrolled() {
    clearTimeout(rest);
    if (!view.window) {
      told = null;
      return repaint();
    }
    repaint(true);
    tip.hide();
    rest = setTimeout(() => frame(repaint), REST);
  }

  function isolate() {
    if (!drawing) return;
    const next = asksPair() ? pinned : (hover ?? linked ?? pinned ?? usual);
    const at = hover ?? linked;
    const named = view.window && !samePlace(at, hovered);
    if (named || !samePlace(next, shown)) standOut(drawing, next, at);
    marks.show({ hover: at, pinned, shown, targets, ink: drawing.ink });
  }

  /** @param {Drawing} now @param {Place | null} place @param {Place | null} at hovered, here or in a linked widget */
  function standOut(now, place, at) {
    shown = place;
    hovered = at;
    const fresh = !samePlace(place, told);
    if (fresh) targets = place ? now.targets(place) : [];
    view.window?.spotlight({ hover: at, pinned, shown, targets, ink: now.ink });
    if (place) paintIsolatedToken(now, place);
    else clearIsolated();
    if (fresh) tell(now, place);
  }

  /** What is beside the picture follows: the whole text in small, the table. @param {Drawing} now @param {Place | null} place */
  function tell(now, place) {
    told = place;
    view.overview?.(now.set, now.ink, place, targets);
    on.onIsolate(place, targets);
  }

  /** @param {Drawing} now @param {Place} place */
  function paintIsolatedToken(now, place) {
    view.element.classList.add("lmw-isolated");
    paintIsolated(view, size, now.ink, place, targets);
    numbers.show(place, targets, now.ink, now.heads.length > 1);
    outside.show(place, targets, now.ink);
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
    const where = WHERE[layout]?.[hover.side] ?? (hover.side === "query" ? "left" : "right");
    const { heads, weight, ink } = drawing;
    if (asksPair() && pinned) {
      const [query, key] =
        pinned.side === "query" ? [pinned.index, hover.index] : [hover.index, pinned.index];
      const rows = heads.map((head) => ({ head, weight: weight(head, query, key) }));
      tip.show(anchor, pairTip(tokens, query, key, rows, ink), { side: where });
    } else if (!brief()) {
      const looks = { ink, severalHeads: heads.length > 1 };
      const content = tokenTip(tokens, hover, drawing.targets(hover), looks);
      tip.show(anchor, content, { side: where });
    }
  }

  const pointerEvents = {
    /** @param {Place | null} place @param {boolean} byKeyboard */
    onHover(place, byKeyboard) {
      hover = meant(place);
      on.onHover(hover);
      clearTimeout(dwell);
      tip.hide();
      frame(isolate);
      if (!hover || byKeyboard) return;
      dwell = setTimeout(showTip, asksPair() ? 0 : DWELL);
    },
    /** @param {Place | null} place */
    onPick(place) {
      const picked = meant(place);
      if (picked || pinned) on.onPin(samePlace(picked, pinned) ? null : picked);
    },
  };
  const pointer = view.window?.watch(pointerEvents) ?? watchPointer(view, pointerEvents);

  function remeasure() {
    const { width, height } = size;
    size = { ...view.measure() };
    if (size.width === width && size.height === height) return;
    told = null;
    repaint();
  }

  /** JupyterLab hides everything for a moment while its theme changes, and tells of no resize. */
  function unhide(tries = 0) {
    clearTimeout(hidden);
    remeasure();
    if (size.width === 0 && tries < 10) hidden = setTimeout(unhide, 50, tries + 1);
  }
  const observer = new ResizeObserver(remeasure);
  observer.observe(view.element);
  size = { ...view.measure() };

  return {
    /** @param {Drawing} next @param {boolean} fade */
    draw(next, fade) {
      if (fade) crossFade(view);
      drawing = next;
      theme = next.ink.theme;
      told = null;
      size = { ...view.measure() };
      repaint();
      if (size.width === 0) hidden = setTimeout(unhide, 50);
      frame(remeasure);
    },
    /** The data have not arrived: tokens stand without edges. @param {Theme} now */
    drawNothing(now) {
      drawing = null;
      theme = now;
      size = { ...view.measure() };
      view.window?.layOut(theme);
      fitCanvas(view.base, size.width, size.height);
      clearIsolated();
    },
    /** @param {number | null} head */
    preview(head) {
      const next = head !== null && drawing?.heads.includes(head) ? head : null;
      if (next === previewed) return;
      previewed = next;
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
      if (place) pointer.select(place);
    },
    /** Hovered in a linked widget. @param {Place | null} place */
    light(place) {
      const inside = place && place.index >= 0 && place.index < tokens[place.side].text.length;
      linked = inside ? place : null;
      frame(isolate);
    },
    /** What stands out when nothing is hovered or pinned. @param {Place | null} place */
    rest(place) {
      if (samePlace(place, usual)) return;
      usual = place;
      if (place) view.scrollTo(place.side, place.index);
      isolate();
    },
    /** The weights of the pinned token are known better. */
    refresh() {
      told = null;
      shown = null;
      isolate();
    },
    /** Into view. @param {Place} place */
    bring: (place) => view.scrollTo(place.side, place.index),
    /** Whether there is a window to zoom. @param {-1 | 0 | 1} step */
    zoom(step) {
      view.window?.zoom(step);
      return view.window !== undefined;
    },
    flag: marks.flag,
    /** Give the focus to the tokens. */
    focus: () => view.groups[0].querySelector(/** @type {"div"} */ ("[tabindex='0']"))?.focus(),
    destroy() {
      coming.cancel();
      clearTimeout(dwell);
      clearTimeout(rest);
      clearTimeout(hidden);
      observer.disconnect();
      pointer.destroy();
      tip.destroy();
      view.destroy();
    },
  };
}

/** @typedef {ReturnType<typeof createScene>} Scene */

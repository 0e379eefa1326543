/** The picture: a layout, its ink, and the token that stands out. Hover never leaves this file. */

import { fitCanvas } from "../../core/canvas.js";
import { roving } from "../../core/keyboard.js";
import { tokenName } from "../../core/tokens.js";
import { tooltip } from "../../core/tooltip.js";
import { arcsView } from "./arcs.js";
import { beyond } from "./beyond.js";
import { columnsView } from "./columns.js";
import { targetsOf } from "./edges.js";
import {
  inWords,
  numberPool,
  otherSide,
  pairTip,
  placeOf,
  samePlace,
  tokenTip,
} from "./isolate.js";
import { clearOverlay, crossFade, paintBase, paintIsolated } from "./painter.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").EdgeSet} EdgeSet */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Target} Target */
/** @typedef {import("./types").View} View */

const DWELL = 280;
const LINGER = 70;

/**
 * What is drawn: everything that does not change while the pointer moves.
 * @typedef {object} Drawing
 * @property {EdgeSet} set
 * @property {number[]} heads
 * @property {Theme} theme
 * @property {(head: number, query: number, key: number) => number | null} weight
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
 * @param {{layout: "columns" | "arcs", causal: boolean, side: Place["side"], names: [string, string]}} options
 * @param {SceneEvents} on
 */
export function createScene(root, parent, tokens, { layout, causal, side, names }, on) {
  const arcs = layout === "arcs";
  let mode = side;
  const onScroll = () => frame(repaint);
  /** @type {View} */
  const view = arcs
    ? arcsView(tokens.query, { causal, side: () => mode, onScroll })
    : columnsView(tokens, { names, onScroll });
  parent.appendChild(view.element);
  const tip = tooltip(root);
  const numbers = numberPool(view);
  const outside = beyond(view, tokens);

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
  /** Elements whose class or name differ from their rest state. @type {Set<HTMLElement>} */
  const touched = new Set();
  const pending = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let dwell;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let linger;
  let request = 0;

  /** Run once before the next frame. @param {() => void} work */
  function frame(work) {
    pending.add(work);
    if (request) return;
    request = requestAnimationFrame(() => {
      request = 0;
      const jobs = [...pending];
      pending.clear();
      for (const job of jobs) job();
    });
  }

  /** The place as meant: in the arcs a token is both, and the mode says which is asked for. @param {Place | null} place */
  const meant = (place) => (place && arcs ? { side: mode, index: place.index } : place);

  /** While a token is pinned, hovering the other side asks about the pair. */
  const asksPair = () =>
    Boolean(pinned && hover && (arcs ? hover.index !== pinned.index : hover.side !== pinned.side));

  function repaint() {
    if (!drawing) return;
    on.onPaint(paintBase(view, drawing.set, size, drawing.theme, previewed));
    isolate(true);
    root.dataset.lmwReady = "true";
  }

  /** @param {boolean} [force] */
  function isolate(force = false) {
    if (!drawing) return;
    const next = asksPair() ? pinned : (hover ?? pinned);
    const changed = force || !samePlace(next, shown);
    if (changed) {
      shown = next;
      targets = next ? targetsOf(drawing.set, next.side, next.index) : [];
      paintOverlay();
    }
    markElements();
    if (changed) on.onIsolate(shown, targets);
  }

  function paintOverlay() {
    if (!drawing) return;
    view.element.classList.toggle("lmw-isolated", shown !== null);
    if (!shown) {
      clearOverlay(view);
      numbers.hide();
      outside.hide();
      return;
    }
    const several = drawing.heads.length > 1;
    paintIsolated(view, drawing.set, size, drawing.theme, shown, targets);
    numbers.show(shown, targets, drawing.theme, several);
    outside.show(otherSide(shown.side), targets);
  }

  /** @param {Place | null} place */
  const elementOf = (place) => (place ? view.tokenElement(place.side, place.index) : null);

  /** Classes and names of the hovered, the pinned and the strongest targets. */
  function markElements() {
    for (const element of touched) {
      element.classList.remove("lmw-hover", "lmw-pinned");
      element.setAttribute("aria-selected", "false");
      const { side, token } = element.dataset;
      element.setAttribute(
        "aria-label",
        tokenName(tokens[side === "key" ? "key" : "query"], Number(token)),
      );
    }
    touched.clear();
    const touch = (/** @type {HTMLElement | null} */ element) => {
      if (element) touched.add(element);
      return element;
    };
    touch(elementOf(hover))?.classList.add("lmw-hover");
    const pin = touch(elementOf(pinned));
    pin?.classList.add("lmw-pinned");
    pin?.setAttribute("aria-selected", "true");
    if (!shown) return;
    touch(elementOf(shown))?.setAttribute("aria-label", inWords(tokens, shown, targets));
  }

  function showTip() {
    const element = elementOf(hover);
    if (!drawing || !hover || !element) return tip.hide();
    const anchor = element.getBoundingClientRect();
    const side = arcs ? "below" : hover.side === "query" ? "left" : "right";
    if (asksPair() && pinned) {
      const query = pinned.side === "query" ? pinned.index : hover.index;
      const key = pinned.side === "query" ? hover.index : pinned.index;
      const { weight, heads, theme } = drawing;
      const rows = heads.map((head) => ({ head, weight: weight(head, query, key) }));
      tip.show(anchor, pairTip(tokens, query, key, rows, theme), { side });
    } else {
      const options = { theme: drawing.theme, severalHeads: drawing.heads.length > 1 };
      const place = meant(hover) ?? hover;
      tip.show(
        anchor,
        tokenTip(tokens, place, targetsOf(drawing.set, place.side, place.index), options),
        { side },
      );
    }
  }

  /** @param {Place | null} place @param {number} [delay] until the tooltip */
  function hoverOn(place, delay = DWELL) {
    clearTimeout(linger);
    if (samePlace(place, hover)) return;
    hover = meant(place);
    clearTimeout(dwell);
    tip.hide();
    frame(isolate);
    if (hover) dwell = setTimeout(showTip, asksPair() ? 0 : delay);
  }

  const leave = () => {
    clearTimeout(linger);
    linger = setTimeout(() => hoverOn(null), LINGER);
  };
  /** @param {PointerEvent} event */
  const over = (event) => {
    if (event.pointerType === "touch") return;
    const place = placeOf(event);
    if (place) hoverOn(place);
    else leave();
  };
  /** @param {MouseEvent} event */
  const click = (event) => {
    const place = meant(placeOf(event));
    if (place || pinned) on.onPin(samePlace(place, pinned) ? null : place);
  };
  view.element.addEventListener("pointerover", over);
  view.element.addEventListener("pointerleave", leave);
  view.element.addEventListener("click", click);

  const keys = view.groups.map((group) =>
    roving(group, ".lmw-option", {
      orientation: arcs ? "horizontal" : "vertical",
      onMove(element) {
        if (!element.matches(":focus-visible")) return;
        hoverOn(placeOf(/** @type {any} */ ({ target: element })), 600);
      },
      onActivate(element) {
        const place = meant(placeOf(/** @type {any} */ ({ target: element })));
        on.onPin(samePlace(place, pinned) ? null : place);
      },
    }),
  );
  const blur = () => hoverOn(null);
  for (const group of view.groups) group.addEventListener("focusout", blur);

  const observer = new ResizeObserver(() => {
    const before = `${size.width} ${size.height}`;
    size = view.measure();
    if (`${size.width} ${size.height}` !== before) repaint();
  });
  observer.observe(view.element);
  size = view.measure();

  return {
    view,
    /** @param {Drawing} next @param {boolean} fade */
    draw(next, fade) {
      if (fade) crossFade(view);
      drawing = next;
      size = view.measure();
      repaint();
    },
    /** The data have not arrived: tokens stand without edges. */
    drawNothing() {
      drawing = null;
      fitCanvas(view.base, size.width, size.height);
      clearOverlay(view);
      numbers.hide();
      outside.hide();
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
      hover = meant(hover);
    },
    /** Give the focus to the tokens. */
    focus: () => view.groups[0].querySelector(/** @type {"div"} */ ("[tabindex='0']"))?.focus(),
    /** @param {Place | null} place */
    pin(place) {
      pinned = place;
      if (place) view.scrollTo(place.side, place.index);
      isolate();
      if (place)
        for (const [i, group] of view.groups.entries()) {
          const element = elementOf(place);
          if (element && group.contains(element)) keys[i].select(element);
        }
    },
    /** @param {{query: number[], key: number[]}} found */
    mark(found) {
      for (const element of view.element.querySelectorAll(".lmw-match"))
        element.classList.remove("lmw-match");
      for (const side of /** @type {const} */ (["query", "key"])) {
        for (const index of found[side]) view.tokenElement(side, index)?.classList.add("lmw-match");
      }
    },
    /**
     * Give a class to the tokens marked with 1. Concealed ones are disabled for screen readers.
     * @param {string} name
     * @param {{query?: Uint8Array, key?: Uint8Array}} marked
     */
    flag(name, marked) {
      for (const side of /** @type {const} */ (["query", "key"])) {
        marked[side]?.forEach((one, index) => {
          const element = view.tokenElement(side, index);
          if (element?.classList.contains(name) === (one === 1)) return;
          element?.classList.toggle(name, one === 1);
          if (name === "lmw-concealed") element?.setAttribute("aria-disabled", String(one === 1));
        });
      }
    },
    hideTip: () => tip.hide(),
    destroy() {
      cancelAnimationFrame(request);
      clearTimeout(dwell);
      clearTimeout(linger);
      observer.disconnect();
      for (const group of view.groups) group.removeEventListener("focusout", blur);
      for (const key of keys) key.destroy();
      tip.destroy();
      view.destroy();
    },
  };
}

/** @typedef {ReturnType<typeof createScene>} Scene */

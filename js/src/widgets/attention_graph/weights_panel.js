/** The table beside the picture and the text for the clipboard: one token's weights. */

import { h } from "../../core/dom.js";
import { asText, details, edgesAsText } from "./details.js";
import { samePlace } from "./isolate.js";

/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Target} Target */
/** @typedef {import("./types").EdgeSet} EdgeSet */
/** @typedef {import("../../attention/ink.js").Ink} Ink */
/** @typedef {import("../../core/types").Tokens} Tokens */

/** The table may come a moment after the picture: hovering stays fluid. */
const AFTER = 100;

/**
 * @typedef {object} Shown
 * @property {{query: Tokens, key: Tokens}} tokens
 * @property {EdgeSet} set
 * @property {number[]} heads
 * @property {(head: number, query: number, key: number) => number | null} weight
 * @property {Ink} ink
 */

/**
 * @param {HTMLElement} root
 * @param {{onGo: (place: Place) => void}} on
 */
export function weightsPanel(root, { onGo }) {
  const element = h("aside", {
    class: "lmw-details",
    "aria-label": "Weights of one token",
    tabindex: "0",
  });
  const table = details(element, onGo);
  /** @type {Shown | null} */
  let shown = null;
  /** @type {{place: Place | null, targets: Target[]}} */
  let isolated = { place: null, targets: [] };
  /** @type {Place | null} */
  let pinned = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const visible = () => getComputedStyle(element).display !== "none";

  function selection() {
    const { place, targets } = isolated;
    if (!place || !shown) return null;
    const { weight } = shown;
    return {
      ...shown,
      place,
      targets,
      kept: samePlace(place, pinned),
      weight: (/** @type {number} */ head, /** @type {number} */ other) =>
        place.side === "query"
          ? weight(head, place.index, other)
          : weight(head, other, place.index),
    };
  }
  const refresh = () => {
    if (visible()) table.show(selection());
  };

  return {
    element,
    visible,
    /** @param {Shown | null} next */
    set(next) {
      shown = next;
      if (next) return;
      isolated = { place: null, targets: [] };
      clearTimeout(timer);
      refresh();
    },
    /** @param {Place | null} place @param {Target[]} targets */
    isolate(place, targets) {
      isolated = { place, targets };
      clearTimeout(timer);
      timer = setTimeout(refresh, AFTER);
    },
    /** @param {Place | null} place */
    pin(place) {
      if (samePlace(place, pinned)) return;
      pinned = place;
      clearTimeout(timer);
      timer = setTimeout(refresh, AFTER);
    },
    /** @returns {boolean} whether it is open now */
    toggle() {
      const open = !visible();
      root.dataset.lmwDetails = open ? "open" : "closed";
      refresh();
      return open;
    },
    /** @returns {string | null} */
    copyText() {
      const chosen = selection();
      if (chosen) return asText(chosen);
      return shown ? edgesAsText(shown.set, shown.tokens) : null;
    },
    get isolated() {
      return isolated;
    },
    destroy: () => clearTimeout(timer),
  };
}

/** Classes and accessible names of token elements; only what differs from rest is ever touched. */

import { aria } from "../../core/dom.js";
import { tokenName } from "../../core/tokens.js";
import { inWords } from "./isolate.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Target} Target */
/** @typedef {import("./types").View} View */

const SIDES = /** @type {const} */ (["query", "key"]);

/**
 * @param {View} view
 * @param {{query: Tokens, key: Tokens}} tokens
 */
export function marker(view, tokens) {
  /** @type {Set<HTMLElement>} */
  const touched = new Set();
  /** @param {Place | null} place @returns {HTMLElement | null} */
  const touch = (place) => {
    const element = place && view.tokenElement(place.side, place.index);
    if (element) touched.add(element);
    return element;
  };

  function rest() {
    for (const element of touched) {
      element.classList.remove("lmw-hover", "lmw-pinned");
      aria(element, "selected", "false");
      const { side, token } = element.dataset;
      const name = tokenName(tokens[side === "key" ? "key" : "query"], Number(token));
      aria(element, "label", name);
    }
    touched.clear();
  }

  return {
    /**
     * @param {{hover: Place | null, pinned: Place | null, shown: Place | null, targets: Target[],
     *   ink: import("../../attention/ink.js").Ink}} now
     */
    show({ hover, pinned, shown, targets, ink }) {
      rest();
      touch(hover)?.classList.add("lmw-hover");
      const pin = touch(pinned);
      pin?.classList.add("lmw-pinned");
      pin?.setAttribute("aria-selected", "true");
      if (shown) touch(shown)?.setAttribute("aria-label", inWords(tokens, shown, targets, ink));
    },
    /**
     * Give a class to the tokens marked with 1. Concealed ones are disabled for screen readers.
     * @param {string} name
     * @param {{query?: Uint8Array, key?: Uint8Array}} marked
     */
    flag(name, marked) {
      for (const side of SIDES) {
        if (view.window && marked[side]) {
          view.window.flag(name, side, marked[side]);
          continue;
        }
        marked[side]?.forEach((one, index) => {
          const element = view.tokenElement(side, index);
          if (!element || element.classList.contains(name) === (one === 1)) return;
          element.classList.toggle(name, one === 1);
          if (name === "lmw-concealed") aria(element, "disabled", one === 1);
        });
      }
    },
  };
}

/** What pictures of tokens and links are made of. */

import { h } from "../core/dom.js";
import { tokenElement, tokenName } from "../core/tokens.js";
import { runs } from "./text.js";

/** @typedef {import("../core/types").Tokens} Tokens */
/** @typedef {import("./types").Side} Side */

/** Canvases on top of one another: edges, the edges of before while they fade, and the isolated; and the place of numbers. */
export function layers() {
  // Without a size a canvas is 300 by 150: a short text would scroll.
  const layer = (/** @type {string} */ name) =>
    h("canvas", { class: `lmw-canvas lmw-canvas-${name}`, width: "1", height: "1" });
  const [base, ghost, overlay] = ["base", "ghost", "overlay"].map(layer);
  const element = h("div", { class: "lmw-canvases", "aria-hidden": "true" }, base, ghost, overlay);
  const numbers = h("div", { class: "lmw-numbers", "aria-hidden": "true" });
  return { element, numbers, ink: { base, ghost, overlay, numbers } };
}

/**
 * One token as something to hover, focus and pin.
 * @param {Tokens} tokens
 * @param {Side} side
 * @param {number} index
 */
export function option(tokens, side, index) {
  return h(
    "div",
    {
      class: tokens.text[index].startsWith(" ") ? "lmw-option lmw-spaced" : "lmw-option",
      role: "option",
      tabindex: "-1",
      "aria-selected": "false",
      "aria-label": tokenName(tokens, index),
      dataset: { side, token: String(index) },
    },
    tokenElement(tokens, index, { compact: true }),
  );
}

/** The first token of a chat turn or of a text says whose it is. @param {Tokens} tokens @param {HTMLElement[]} rows */
export function markRuns(tokens, rows) {
  for (const { name, from } of runs(tokens)) {
    rows[from].classList.add("lmw-run-start");
    rows[from].dataset.run = name;
  }
}

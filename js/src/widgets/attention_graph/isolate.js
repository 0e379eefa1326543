/**
 * Which token stands out: the one under the pointer or the focus, else the pinned one. All of it
 * happens in the browser; only a pin reaches the model.
 */

import { MEAN } from "../../attention/ink.js";
import { h } from "../../core/dom.js";
import { tokenName } from "../../core/tokens.js";

/** @typedef {import("../../attention/ink.js").Ink} Ink */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").View} View */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Target} Target */

const NUMBERS = 5;
const WORTH_A_NUMBER = 0.01;

/** @param {Place["side"]} side @returns {Place["side"]} */
export const otherSide = (side) => (side === "query" ? "key" : "query");

/** @param {Place | null} a @param {Place | null} b */
export const samePlace = (a, b) => a?.side === b?.side && a?.index === b?.index;

/** The token an element belongs to. @param {EventTarget | null} element @returns {Place | null} */
export function placeOf(element) {
  const target = element instanceof Element ? element.closest("[data-side]") : null;
  if (!(target instanceof HTMLElement)) return null;
  const side = target.dataset.side === "key" ? "key" : "query";
  return { side, index: Number(target.dataset.token) };
}

/** @param {number} head */
export const headName = (head) => (head === MEAN ? "mean of heads" : `head ${head}`);

/**
 * The top few weights beside their tokens. Elements are made once and moved.
 * @param {View} view
 */
export function numberPool(view) {
  const pool = Array.from({ length: NUMBERS }, () =>
    h("span", { class: "lmw-number", hidden: true }, h("i", { class: "lmw-dot" }), h("span", null)),
  );
  for (const element of pool) view.numbers.appendChild(element);
  let used = 0;

  return {
    /**
     * @param {Place} shown
     * @param {Target[]} targets
     * @param {Ink} ink
     * @param {boolean} dots whether heads need telling apart
     */
    show(shown, targets, ink, dots) {
      const side = otherSide(shown.side);
      const [first, last] = view.range(side);
      let n = 0;
      /** @type {number[]} */
      const taken = [];
      for (const target of targets) {
        if (n >= NUMBERS || ink.size(target.weight) < WORTH_A_NUMBER) break;
        if (target.index < first || target.index >= last) continue;
        const place = view.numberPlace(side, target.index);
        if (!place) continue;
        const { x, y, align } = place;
        // On one line numbers stand next to each other: the stronger one keeps its place.
        if (align === "center" && taken.some((other) => Math.abs(other - x) < (dots ? 48 : 34)))
          continue;
        taken.push(x);
        const element = pool[n];
        element.style.transform = `translate(${x}px, ${y}px) ${SHIFT[align]}`;
        element.lastElementChild?.replaceChildren(ink.short(target.weight));
        const dot = /** @type {HTMLElement} */ (element.firstElementChild);
        dot.hidden = !dots;
        dot.style.background = ink.colour(target.head, target.weight);
        element.hidden = false;
        n += 1;
      }
      for (let i = n; i < used; i++) pool[i].hidden = true;
      used = n;
    },
    hide() {
      for (let i = 0; i < used; i++) pool[i].hidden = true;
      used = 0;
    },
  };
}

const SHIFT = { left: "", right: "translateX(-100%)", center: "translateX(-50%)" };

/**
 * In words, for screen readers: "gave attends to Mary 0.81, John 0.10".
 * @param {{query: Tokens, key: Tokens}} tokens
 * @param {Place} place
 * @param {Target[]} targets
 * @param {Ink} ink
 */
export function inWords(tokens, place, targets, ink) {
  const other = otherSide(place.side);
  const parts = targets
    .slice(0, 4)
    .map((target) => `${tokenName(tokens[other], target.index, 30)} ${ink.short(target.weight)}`);
  const name = tokenName(tokens[place.side], place.index, 60);
  return parts.length > 0
    ? `${name} ${ink.verb(place.side)} ${parts.join(", ")}`
    : `${name}: no edges shown`;
}

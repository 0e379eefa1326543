/** The chosen head beside the sheet: what it is, its numbers, and its weights to be read. */

import { div, h, replace, span } from "../../core/dom.js";
import { number, percent, share } from "../../core/format.js";
import { tokenName } from "../../core/tokens.js";
import { heatmap } from "./heatmap.js";
import { inUnits, nameOf } from "./statistics.js";

/** @typedef {import("./types").CellRead} CellRead */
/** @typedef {import("./types").Texts} Texts */
/** @typedef {import("./heatmap.js").Cells} Cells */

/**
 * @typedef {object} Chosen
 * @property {string} title
 * @property {string} types
 * @property {[name: string, value: number][]} statistics
 * @property {string} note what the weights are, where none is hovered
 */

/** @param {{onHover: (read: CellRead | null) => void}} on */
export function inspector({ onHover }) {
  const title = h("strong", null);
  const types = span("lmw-muted");
  const numbers = h("dl", { class: "lmw-grid-numbers" });
  const readout = h("p", { class: "lmw-grid-readout" });
  const texts = div("lmw-grid-texts");
  const map = heatmap({ onHover });
  const element = h(
    "div",
    { class: "lmw-grid-inspector", role: "group", "aria-label": "The chosen head" },
    div("lmw-grid-heading", title, types),
    map.element,
    readout,
    texts,
    numbers,
  );

  let note = "";

  return {
    element,
    map,
    /** Where the text stands. */
    texts,
    /** @param {Chosen} chosen */
    tell({ title: name, types: words, statistics, note: source }) {
      title.textContent = name;
      types.textContent = words;
      note = source;
      readout.textContent = note;
      replace(
        numbers,
        statistics.flatMap(([key, value]) => [
          h("dt", null, nameOf(key)),
          h("dd", null, inUnits(key, value)),
        ]),
      );
    },
    /** @param {string} text empty: nothing is hovered */
    read(text) {
      readout.textContent = text || note;
      readout.classList.toggle("lmw-muted", text === "");
    },
    destroy: map.destroy,
  };
}

/**
 * One cell in words: "cat" → "The": 0.1234.
 * @param {CellRead} cell
 * @param {Texts} texts
 * @param {boolean} signed
 */
export function cellWords({ weight, query, key, block }, texts, signed) {
  const of = (
    /** @type {import("../../core/types").Tokens} */ tokens,
    /** @type {number} */ at,
    /** @type {number} */ size,
  ) => {
    const last = Math.min(at + size, tokens.text.length) - 1;
    const name = `“${tokenName(tokens, at, 24)}” (${at})`;
    return last > at ? `${name} … “${tokenName(tokens, last, 24)}” (${last})` : name;
  };
  const value = signed ? number(weight, 4) : `${share(weight)} (${percent(weight)})`;
  const largest = block[0] * block[1] > 1 ? "at most " : "";
  return `${of(texts.query, query, block[0])} → ${of(texts.key, key, block[1])}: ${largest}${value}`;
}

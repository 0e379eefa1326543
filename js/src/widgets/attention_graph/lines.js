/** Two lines of text, keys above and queries below, with links between them. */

import { layers, markRuns, option } from "../../attention/parts.js";
import { isRightToLeft } from "../../attention/text.js";
import { twoLines } from "../../attention/two_lines.js";
import { div } from "../../core/dom.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Side} Side */
/** @typedef {import("./types").View} View */

const PLACE = /** @type {const} */ ({ query: "below", key: "above" });

/**
 * @param {{query: Tokens, key: Tokens}} tokens
 * @param {{names: [string, string]}} options names of the two texts, queries first
 * @returns {View}
 */
export function linesView(tokens, { names }) {
  const line = (/** @type {Side} */ side, /** @type {string} */ name) => {
    const rows = tokens[side].text.map((_, index) => option(tokens[side], side, index));
    markRuns(tokens[side], rows);
    return { rows, name, rightToLeft: isRightToLeft(tokens[side]) };
  };
  const lines = { below: line("query", names[0]), above: line("key", names[1]) };
  const text = twoLines(lines);
  const canvases = layers();
  text.element.prepend(canvases.element);
  text.element.append(canvases.numbers);
  const element = div("lmw-lines", text.element);

  return {
    element,
    ...canvases.ink,
    groups: [text.groups.below, text.groups.above],
    orientation: "both",
    measure: text.measure,
    sees: () => true,
    trace: text.trace,
    box: (side, index) => text.boxes[PLACE[side]][index] ?? null,
    numberPlace: (side, index) => text.numberPlace(PLACE[side], index),
    tokenElement: (side, index) => lines[PLACE[side]].rows[index] ?? null,
    scrollTo() {},
    range: (side) => [0, tokens[side].text.length],
    destroy: () => element.remove(),
  };
}

/** What both pictures with two columns are made of. */

import { runs } from "../../attention/text.js";
import { h, span } from "../../core/dom.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Turns} Turns */

/**
 * @param {Tokens} tokens as drawn: a collapsed turn is one of them
 * @param {number} row height of a token
 * @param {number} pad above the first
 * @param {Turns | null} turns null: they cannot be collapsed
 */
export function runLabels(tokens, row, pad, turns) {
  return runs(tokens).map(({ name, from, to }, i) => {
    const style = { top: `${pad + from * row + 3}px`, height: `${(to - from) * row - 6}px` };
    const closed = turns?.collapsed.includes(i) ?? false;
    if (!turns || (to - from === 1 && !closed)) {
      return h("div", { class: "lmw-run", style }, to - from > 1 ? h("span", null, name) : null);
    }
    const what = closed ? `Show the tokens of “${name}”` : `Make “${name}” one row`;
    // The same is among the folded controls, where the keyboard comes to it.
    const attrs = { class: "lmw-run", tabindex: "-1", title: what };
    return h(
      "button",
      {
        ...attrs,
        style,
        "aria-label": what,
        "aria-expanded": String(!closed),
        onclick: (/** @type {Event} */ event) => {
          event.stopPropagation();
          turns.onToggle(i);
        },
      },
      h("span", { "aria-hidden": "true" }, closed ? "+" : name),
    );
  });
}

/** The line over two columns. @param {[string, string]} names of the columns, queries first */
export function headings(names) {
  const one = (/** @type {string} */ where, /** @type {string} */ text) =>
    span(`lmw-heading-${where}`, text);
  return h(
    "div",
    { class: "lmw-headings", "aria-hidden": "true" },
    one("query", names[0]),
    one("gap", "attends to →"),
    one("key", names[1]),
  );
}

/** Space between a token and the end of its curves. */
const REACH = 8;

/**
 * Add the curve of an edge between the columns to the present path.
 * @param {CanvasRenderingContext2D} context
 * @param {{from: number, to: number}} gap
 * @param {number} y0
 * @param {number} y1
 */
export function traceAcross(context, { from, to }, y0, y1) {
  const [x0, x1] = [from + REACH, to - REACH];
  const bend = (x1 - x0) * 0.46;
  context.moveTo(x0, y0);
  context.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1, y1);
}

/** What a cell says of itself: in the tooltip, and to screen readers. */

import { div, h } from "../../core/dom.js";
import { count, number, share } from "../../core/format.js";
import { rangeWords } from "./axis.js";

/** @typedef {import("./types").Reading} Reading */
/** @typedef {import("./types").Matrix} Matrix */
/** @typedef {import("./types").Axis} Axis */
/** @typedef {import("./types").Spot} Spot */

/**
 * A weight to four digits.
 * @param {number} value
 * @param {{unit?: string, signed?: boolean}} figure
 */
export function exact(value, { unit = "share", signed = false }) {
  if (Number.isNaN(value)) return "not a number";
  if (unit === "share" && !signed) return share(value);
  const words = number(value, 4);
  return signed && value > 0 ? `+${words}` : words;
}

/** @param {Axis} axis @param {[number, number]} range */
function namesOf(axis, [from, to]) {
  if (to - from === 1) return axis.name(from);
  return `${axis.label(from)} … ${axis.label(to - 1)}`;
}

/**
 * @param {Reading} reading
 * @param {Matrix} matrix
 * @param {{unit?: string, signed?: boolean}} figure
 */
function headline({ value, unseen, rows, columns }, matrix, figure) {
  if (unseen) return "cannot be seen: the key comes after the query";
  if (value === null) return "not here";
  const size = rows && columns ? [rows[1] - rows[0], columns[1] - columns[0]] : [1, 1];
  const words = exact(value, figure);
  if (size[0] * size[1] === 1) return words;
  const most = matrix.signed ? "largest without its sign" : "largest";
  return `${words}, the ${most} of ${count(size[0])} × ${count(size[1])}`;
}

/**
 * @param {Reading} reading
 * @param {Matrix} matrix
 * @param {{unit?: string, signed?: boolean}} figure
 */
export function tip(reading, matrix, figure) {
  const line = (/** @type {Axis} */ axis, /** @type {[number, number]} */ range) =>
    h(
      "tr",
      null,
      h("td", { class: "lmw-muted" }, rangeWords(axis, range)),
      h("td", { dir: "auto", class: "lmw-tip-token" }, namesOf(axis, range)),
    );
  return h(
    "div",
    null,
    div("lmw-tip-title", headline(reading, matrix, figure)),
    h(
      "table",
      null,
      h(
        "tbody",
        null,
        reading.rows && line(matrix.query, reading.rows),
        reading.columns && line(matrix.key, reading.columns),
      ),
    ),
  );
}

/**
 * The same in one sentence.
 * @param {Reading} reading
 * @param {Matrix} matrix
 * @param {{unit?: string, signed?: boolean}} figure
 */
export function inWords(reading, matrix, figure) {
  const { rows, columns } = reading;
  const side = (/** @type {Axis} */ axis, /** @type {[number, number] | null} */ range) =>
    range ? `${rangeWords(axis, range)} ${namesOf(axis, range)}` : "";
  const to = [side(matrix.query, rows), side(matrix.key, columns)].filter(Boolean).join(" to ");
  return `${to}: ${headline(reading, matrix, figure)}`;
}

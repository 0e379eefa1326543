/** The text under the matrix: what was read and what was written, shaded by a row or by their sum. */

import { div, h } from "../../core/dom.js";
import { textView } from "../../saliency/text.js";
import { shadedBy } from "./said.js";

/** @typedef {import("./types").Grid} Grid */
/** @typedef {import("./types").Spot} Spot */
/** @typedef {import("./types").Theme} Theme */
/** @typedef {import("./types").Measure} Measure */

/** Longer texts are shaded anew for a pinned row, not for a hovered one. */
const QUICK = 700;
const NOTHING = { unit: 0, end: 0 };

/**
 * @param {object} on
 * @param {(spot: Spot | null, box?: DOMRect) => void} on.onHover
 * @param {(spot: Spot) => void} on.onChoose
 * @param {() => void} on.onRelease
 */
export function linkedText({ onHover, onChoose, onRelease }) {
  /** @type {Grid | null} */
  let grid = null;
  /** What the shades on screen were made from. @type {unknown[]} */
  let shaded = [];
  const over = (/** @type {number | null} */ unit, /** @type {DOMRect} */ box) =>
    onHover(unit === null ? null : asColumn(unit), box);
  const input = textView({
    onRelease,
    onChoose: (unit) => onChoose(asColumn(unit)),
    onHover: /** @type {any} */ (over),
    label: "Tokens that were read",
  });
  const answer = textView({
    answer: true,
    label: "Tokens of the answer",
    onRelease,
    onChoose: (unit) => onChoose(asRow(unit)),
    onHover: (unit, box) => onHover(unit === null ? null : asRow(unit), box),
  });
  const by = h("p", { class: "lmw-shaded-by" });
  const label = h("span", { class: "lmw-role", "aria-hidden": "true" }, "answer");
  const written = div("lmw-written", label, answer.element);
  const element = h(
    "section",
    { class: "lmw-linked-text", "aria-label": "Text" },
    by,
    input.element,
    written,
  );

  /** @param {number} unit @returns {Spot} */
  function asColumn(unit) {
    return { row: null, column: unit };
  }

  /** What was written at a unit; what is no row of the matrix stays a column. @param {number} unit @returns {Spot} */
  function asRow(unit) {
    const row = grid?.rows.findIndex((one) => unit >= one.unit && unit < one.end) ?? -1;
    return row < 0 ? asColumn(unit) : { row, column: null };
  }

  return {
    element,
    input: input.element,
    stop: input.stop,
    /** @param {{tokens: unknown, grid: Grid | null, plain: string, hidden: boolean}} now */
    draw({ tokens, grid: next, plain, hidden }) {
      grid = next;
      input.element.hidden = hidden;
      written.hidden = by.hidden = hidden || !next;
      if (!tokens || !next) {
        shaded = [];
        return input.setPlain(plain);
      }
      input.setTokens(next.units.tokens, next.start);
      answer.setTokens(next.units.tokens, next.start);
    },
    /**
     * @param {{grid: Grid, measured: (row: number | null) => Measure, theme: Theme, unit: (row: number | null) => string,
     *   hovered: number | null, pinned: number | null}} now
     */
    shade({ grid: now, measured, theme, unit: unitAt, hovered, pinned }) {
      const quick = now.units.tokens.text.length <= QUICK;
      const row = (quick ? hovered : null) ?? pinned;
      const unit = unitAt(row);
      const found = measured(row);
      if (shaded[0] === found && shaded[1] === theme && shaded[2] === unit) return;
      shaded = [found, theme, unit];
      by.textContent = shadedBy(now, row, found, unit);
      input.shade(found, theme);
      answer.shade(found, theme);
      const { unit: from, end } = row === null ? NOTHING : now.rows[row];
      answer.mark([{ name: "lmw-current", has: (one) => one >= from && one < end }]);
    },
    /** @param {number | null} column @param {number | null} row */
    light(column, row) {
      const inAnswer = grid !== null && column !== null && column >= grid.start;
      input.light(inAnswer ? null : column);
      const wrote = row === null || !grid ? null : grid.rows[row].unit;
      answer.light(inAnswer ? column : column === null ? wrote : null);
    },
    /** @param {Grid | null} now @param {Spot | null} spot */
    pin(now, spot) {
      const column = spot?.column ?? null;
      const inAnswer = now !== null && column !== null && column >= now.start;
      input.pin(inAnswer ? null : column);
      answer.pin(inAnswer ? column : null);
    },
    destroy() {
      input.destroy();
      answer.destroy();
    },
  };
}

/** From what crossed to what is on screen: the units of the level, the scores of the step. */

import { commonLimit, measure } from "../../saliency/measure.js";
import { reachable, rowsOf, summed, unitsOf } from "../../saliency/units.js";

/** @typedef {import("./types").Answer} Answer */
/** @typedef {import("./types").Level} Level */
/** @typedef {import("./types").Shown} Shown */
/** @typedef {import("./types").Tokens} Tokens */
/** @typedef {import("../../core/types").Decoded} Decoded */

/**
 * Everything that does not depend on the step.
 * @param {Tokens} tokens the model's own
 * @param {Level[]} levels
 * @param {string} asked level
 * @param {string} computed level
 * @param {Decoded | null} scores
 */
export function atLevel(tokens, levels, asked, computed, scores) {
  const { level, map } = reachable(levels, asked, computed);
  const units = unitsOf(tokens, level.parts);
  const own = levels.find(({ name }) => name === computed)?.parts ?? null;
  const columns = own ? own[own.length - 1] + 1 : tokens.text.length;
  const rows = rowsOf(scores, columns)?.map((row) => (map ? summed(row, map) : row)) ?? null;
  /** @type {number | null} */
  let limit = null;
  return {
    level: level.name,
    sums: map !== null,
    units,
    rows,
    /** End of the scale that all steps have in common. */
    get limit() {
      limit ??= commonLimit(units.tokens, rows ?? []);
      return limit;
    },
  };
}

/**
 * @param {ReturnType<typeof atLevel>} at
 * @param {boolean} signed
 * @param {Answer | null} answer
 * @param {number | null} step
 * @returns {Shown}
 */
export function shownOf(at, signed, answer, step) {
  const { level, sums, units, rows } = at;
  if (!answer || !rows) {
    const scores = rows?.[0] ?? null;
    const measured = scores && measure(units.tokens, scores, signed);
    return { level, sums, units, scores, measured, start: null, step: null, written: null };
  }
  const count = units.tokens.text.length;
  const unitOf = (/** @type {number} */ token) => units.parts?.[token] ?? token;
  const row = step !== null && step < rows.length ? step : null;
  const reach = unitOf((row === null ? answer.input : answer.seen[row]) - 1) + 1;
  const scores = row === null ? added(rows) : rows[row];
  const options = row === null ? { reach } : { reach, limit: at.limit };
  return {
    level,
    sums,
    units,
    scores,
    measured: measure(units.tokens, scores, signed, options),
    start: answer.start < (units.parts?.length ?? count) ? unitOf(answer.start) : count,
    step: row,
    written: row === null ? null : unitOf(answer.places[row]),
  };
}

/** @param {Float32Array[]} rows */
function added(rows) {
  const sums = new Float64Array(rows[0]?.length ?? 0);
  for (const row of rows) {
    for (let i = 0; i < sums.length; i++) sums[i] += row[i];
  }
  return Float32Array.from(sums);
}

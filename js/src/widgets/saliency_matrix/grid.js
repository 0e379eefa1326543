/** From what crossed to what is drawn: rows and columns, each at a level of its own, both as sums. */

import { commonLimit } from "../../saliency/measure.js";
import { reachable, rowsOf, summed, unitsOf } from "../../saliency/units.js";

/** @typedef {import("./types").Grid} Grid */
/** @typedef {import("./types").Row} Row */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").Level} Level */
/** @typedef {import("./types").Tokens} Tokens */
/** @typedef {import("./types").MatrixAnswer} MatrixAnswer */

const TOKENS = { name: "token", parts: null };

/**
 * @param {Tokens} tokens the model's own
 * @param {Level[]} levels
 * @param {string} asked level of the columns
 * @param {string | null} rowsAsked level of the rows; null: the same
 * @param {Figure} figure
 * @param {import("../../core/types").Decoded | null} scores
 * @returns {Grid | null} null when the scores are of another text, or not here
 */
export function gridOf(tokens, levels, asked, rowsAsked, figure, scores) {
  const { answer, signed, level: computed } = figure;
  const own = levels.find(({ name }) => name === computed)?.parts ?? null;
  const given = rowsOf(scores, own ? own[own.length - 1] + 1 : tokens.text.length);
  if (!answer || !given || given.length !== answer.places.length) return null;
  const { level, map } = reachable(levels, asked, computed);
  const units = unitsOf(tokens, level.parts);
  const unitOf = (/** @type {number} */ token) => units.parts?.[token] ?? token;
  const rowsWanted = rowsAsked ?? (level.name === "turn" ? "token" : level.name); // an answer is one turn
  const coarse =
    rowsWanted === "token" ? TOKENS : (levels.find(({ name }) => name === rowsWanted) ?? level);
  const rowLevel = answer.level === "token" ? coarse.name : answer.level;
  const wrote = answer.places.map((place) => coarse.parts?.[place] ?? place);
  const rows = groups(wrote).map(([from, to]) => {
    const sum = added(given.slice(from, to));
    const seen = Math.max(...answer.seen.slice(from, to));
    const last = answer.ends?.[to - 1] ?? answer.places[to - 1] + 1;
    return {
      ...described(answer, from, to),
      unit: unitOf(answer.places[from]),
      end: unitOf(last - 1) + 1,
      exact: rowLevel === level.name,
      until: unitOf(seen - 1) + 1,
      scores: map ? summed(sum, map) : sum,
    };
  });
  /** @type {number | null} */
  let limit = null;
  const count = units.tokens.text.length;
  return {
    level: level.name,
    rowLevel,
    sums: map !== null,
    units,
    rows,
    signed,
    columns: Math.max(...rows.map((row) => row.until)),
    input: unitOf(answer.input - 1) + 1,
    start: answer.start < tokens.text.length ? unitOf(answer.start) : count,
    whole: added(rows.map((row) => row.scores)),
    get limit() {
      limit ??= commonLimit(
        units.tokens,
        rows.map((row) => row.scores.subarray(0, row.until)),
      );
      return limit;
    },
  };
}

/** @param {MatrixAnswer} answer @param {number} from @param {number} to */
function described({ predictions, values }, from, to) {
  const parts = predictions.slice(from, to);
  const known = parts.every(({ probability }) => probability !== null);
  return {
    steps: /** @type {[number, number]} */ ([from, to]),
    label: parts.map(({ label }) => label).join(""),
    probability: known
      ? parts.reduce((all, { probability }) => all * Number(probability), 1)
      : null,
    value: values.length
      ? values
          .slice(from, to)
          .reduce((/** @type {number} */ all, one) => all + (one ?? Number.NaN), 0)
      : Number.NaN,
  };
}

/** Stretches of equal numbers: first, and the one behind the last. @param {number[]} values @returns {[number, number][]} */
export function groups(values) {
  /** @type {[number, number][]} */
  const found = [];
  values.forEach((value, i) => {
    const last = found.at(-1);
    if (last && values[last[0]] === value) last[1] = i + 1;
    else found.push([i, i + 1]);
  });
  return found;
}

/** @param {Float32Array[]} rows */
function added(rows) {
  if (rows.length === 1) return rows[0];
  const sums = new Float64Array(rows[0]?.length ?? 0);
  for (const row of rows) for (let i = 0; i < sums.length; i++) sums[i] += row[i];
  return Float32Array.from(sums);
}

/** The row that holds a step, or null. @param {Grid | null} grid @param {number | null} step */
export function rowOf(grid, step) {
  const found =
    grid && step !== null
      ? grid.rows.findIndex(({ steps }) => step >= steps[0] && step < steps[1])
      : -1;
  return found < 0 ? null : found;
}

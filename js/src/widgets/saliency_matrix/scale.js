/** Every cell on one scale: what the legend draws, and what the rows measure. */

import { measure } from "../../saliency/measure.js";

/** @typedef {import("./types").Grid} Grid */
/** @typedef {import("./types").Measure} Measure */

/** More cells are no ticks on the legend. */
const MOST_TICKS = 1200;

/**
 * End of the scale of each row.
 * @param {Grid} grid
 * @param {boolean} own each row has a scale of its own
 */
export function limitsOf(grid, own) {
  const { rows, units, signed, limit } = grid;
  if (!own) return new Float32Array(rows.length).fill(limit);
  return Float32Array.from(
    rows,
    ({ scores, until }) => measure(units.tokens, scores, signed, { reach: until }).limit,
  );
}

/**
 * All cells in one list, row after row: scores, or shares of what the row's scale ends with.
 * @param {Grid} grid
 * @param {Float32Array} limits
 * @param {boolean} own
 * @returns {Measure}
 */
export function cellsMeasured(grid, limits, own) {
  const width = grid.columns;
  const scores = new Float32Array(grid.rows.length * width);
  /** @type {number[]} */
  const order = [];
  const beyond = new Set();
  /** @type {number[]} */
  const broken = [];
  grid.rows.forEach((row, i) => {
    for (let column = 0; column < row.until; column++) {
      const at = i * width + column;
      const score = row.scores[column];
      scores[at] = own && limits[i] > 0 ? score / limits[i] : score;
      if (!Number.isFinite(score)) broken.push(at);
      else {
        order.push(at);
        if (Math.abs(score) > limits[i] * (1 + 1e-6)) beyond.add(at);
      }
    }
  });
  return {
    scores,
    signed: grid.signed,
    limit: own ? 1 : grid.limit,
    total: 0,
    order: order.length > MOST_TICKS ? [] : order,
    rank: new Uint32Array(0),
    beyond,
    broken,
    reach: scores.length,
  };
}

/**
 * The measures of rows and of their sum, made when they are first asked for.
 * @param {Grid} grid
 * @param {Float32Array} limits
 */
export function measures(grid, limits) {
  /** @type {Map<number | null, Measure>} */
  const made = new Map();
  return (/** @type {number | null} */ row) => {
    let found = made.get(row);
    if (!found) {
      const { tokens } = grid.units;
      found =
        row === null
          ? measure(tokens, grid.whole, grid.signed, { reach: grid.input })
          : measure(tokens, grid.rows[row].scores, grid.signed, {
              reach: grid.rows[row].until,
              limit: limits[row],
            });
      made.set(row, found);
    }
    return found;
  };
}

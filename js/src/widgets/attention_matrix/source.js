/** Which matrix the state asks for, from what has come: every weight, or an overview of them. */

import { largestOf, rowLargest } from "../../heat/cells.js";
import { makeAxis } from "./axis.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types").Matrix} Matrix */
/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("../../attention/data.js").AttentionData} AttentionData */
/** @typedef {import("../../heat/cells.js").Cells} Cells */

const STRONGEST = 50;

/** Heads shown: the chosen ones that this layer has; all when none is chosen. @param {State} state @param {Figure} figure */
export function headsShown({ heads, layer }, figure) {
  const all = Array.from({ length: figure.heads[layer] ?? 0 }, (_, head) => head);
  const chosen = heads.filter((head) => head in all);
  return chosen.length > 0 ? chosen : all;
}

/**
 * The matrix that the state asks for; null when it is not here.
 * @param {Store} store
 * @returns {Matrix | null}
 */
export function matrixOf(store) {
  const { state, figure, tokens, data, overview } = store;
  if (!tokens) return null;
  const heads = headsShown(state, figure);
  const [query, key] = [tokens.query, tokens.key ?? tokens.query];
  const common = {
    layer: state.layer,
    heads,
    pool: state.pool,
    signed: Boolean(figure.signed),
    causal: figure.causal,
  };
  const [rows, columns] = [query.text.length, key.text.length];
  if (state.pool === "token" && data?.has(state.layer, heads) && data.queries === rows) {
    const cells = meanOf(data, state.layer, heads, rows, columns);
    const largest = rowLargest(cells);
    return {
      ...common,
      number: 0,
      rows,
      columns,
      level: 0,
      cells,
      tile: 0,
      rowLargest: largest,
      strongest: strongestOf(cells),
      query: makeAxis("query", query, null, false),
      key: makeAxis("key", key, null, false),
      broken: brokenOf(largest),
    };
  }
  if (!overview || !serves(overview, state, heads, figure)) return null;
  const named = state.pool === "turn";
  return {
    ...common,
    number: overview.number,
    rows: overview.shape[0],
    columns: overview.shape[1],
    level: overview.level,
    cells: overview.cells,
    tile: overview.tile,
    rowLargest: overview.rowLargest,
    strongest: overview.strongest,
    query: makeAxis("query", query, overview.starts?.query ?? null, named),
    key: makeAxis("key", key, overview.starts?.key ?? null, named),
    broken: brokenOf(overview.rowLargest),
  };
}

/**
 * @param {NonNullable<Store["overview"]>} overview
 * @param {State} state
 * @param {number[]} heads
 * @param {Figure} figure
 */
function serves(overview, state, heads, figure) {
  const sent = headsShown({ ...state, heads: overview.heads }, figure);
  return (
    overview.layer === state.layer && overview.pool === state.pool && sent.join() === heads.join()
  );
}

/**
 * @param {AttentionData} data
 * @param {number} layer
 * @param {number[]} heads
 * @param {number} rows
 * @param {number} columns
 * @returns {Cells}
 */
function meanOf(data, layer, heads, rows, columns) {
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (const head of heads) {
      const { values: given, scale } = data.row(layer, head, row);
      const factor = scale / heads.length;
      for (let i = 0; i < columns; i++) values[row * columns + i] += given[i] * factor;
    }
  }
  return { rows, columns, values };
}

/** @param {Cells} cells */
function strongestOf({ rows, columns, values }) {
  // A value is among the strongest only if few rows have a larger one: look at those rows alone.
  const largest = rowLargest({ rows, columns, values }).map((value) => value || 0);
  const limit = [...largest].sort((a, b) => b - a)[STRONGEST - 1] ?? 0;
  const found = [];
  for (let i = 0; i < values.length; i++) {
    const weight = values[i];
    if (weight === 0 || !(Math.abs(weight) >= limit)) continue;
    found.push({ row: Math.floor(i / columns), column: i % columns, weight });
  }
  found.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
  return found.slice(0, STRONGEST);
}

/** @param {Float32Array} largest */
const brokenOf = (largest) =>
  largest.reduce((sum, value) => sum + (Number.isNaN(value) ? 1 : 0), 0);

/** The largest weight of a matrix. @param {Matrix} matrix */
export const highestOf = (matrix) => largestOf(matrix.rowLargest);

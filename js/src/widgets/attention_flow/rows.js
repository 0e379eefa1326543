/** Which tokens have a row of their own, and where; the others are folded into gaps. */

import { clamp } from "../../core/format.js";

/** @typedef {import("./types").Layout} Layout */
/** @typedef {import("./types").Row} Row */
/** @typedef {import("./types").Trace} Trace */

export const ROW = 24;
const GAP = 20;
const PAD = 6;
/** Tokens that carry less, at any level, may be folded away. */
export const CARRIES = 0.01;

/**
 * 1 for every token that carries enough of what is selected, at any level.
 * @param {Trace} trace
 * @param {number} count
 */
export function carriers(trace, count) {
  const carries = new Uint8Array(count);
  for (const level of trace.levels) {
    for (let i = 0; i < count; i++) if (Math.abs(level[i]) >= CARRIES) carries[i] = 1;
  }
  return carries;
}

/**
 * @param {number} count tokens
 * @param {Uint8Array | null} keep 1 for tokens that have a row; null: all
 * @param {Set<number>} opened tokens of gaps that the reader opened
 * @returns {Layout}
 */
export function layOut(count, keep, opened) {
  /** @type {Row[]} */
  const rows = [];
  const y = new Float32Array(count);
  const folded = new Uint8Array(count);
  let top = PAD;
  const hidden = (/** @type {number} */ i) => keep !== null && !keep[i] && !opened.has(i);
  for (let from = 0; from < count; ) {
    let to = from + 1;
    if (hidden(from)) while (to < count && hidden(to)) to += 1;
    const gap = to - from > 1; // one token takes no more room than its gap
    const height = gap ? GAP : ROW;
    rows.push({ top, height, from, to, gap });
    y.fill(top + height / 2, from, to);
    if (gap) folded.fill(1, from, to);
    top += height;
    from = to;
  }
  return { rows, y, folded, height: top + PAD };
}

/**
 * The row at a height of the sheet; the nearest one outside.
 * @param {Layout} layout
 * @param {number} y
 * @returns {Row | null}
 */
export function rowAt({ rows }, y) {
  let [low, high] = [0, rows.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].top + rows[middle].height <= y) low = middle + 1;
    else high = middle;
  }
  return rows[low] ?? null;
}

/**
 * The token some rows further, gaps stepped over.
 * @param {Layout} layout
 * @param {number} token
 * @param {number} by
 */
export function stepRow({ rows }, token, by) {
  const tokens = rows.filter((row) => !row.gap).map((row) => row.from);
  if (tokens.length === 0) return token;
  let at = tokens.findIndex((other) => other >= token);
  if (at < 0) at = tokens.length - 1;
  return tokens[clamp(at + by, 0, tokens.length - 1)];
}

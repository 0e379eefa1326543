/**
 * Where rows are thinner than lines, the edges between neighbouring tokens are drawn as one: its
 * weight is the share of their attention that goes there, so a fan of thousands stays readable.
 */

import { clamp } from "../../../core/format.js";
import { FLOOR, strongestFirst } from "../edges.js";

/** @typedef {import("../types").EdgeSet} EdgeSet */
/** @typedef {import("../types").Line} Line */

/** Rows lower than this are bundled, into stretches of about this height. */
const THIN = 3;
const STRETCH = 6;

/** How many neighbours make one, 1 when rows are high enough. @param {number} rowHeight */
export const bundled = (rowHeight) => (rowHeight >= THIN ? 1 : Math.ceil(STRETCH / rowHeight));

/**
 * @param {EdgeSet} set
 * @param {{query: [number, number], key: [number, number]}} ranges tokens in view
 * @param {number | null} only one head, or all
 * @param {number} size tokens of a bundle
 * @param {number} most
 * @returns {import("../edges.js").Seen}
 */
export function bundlesInView(set, { query, key }, only, size, most) {
  // Counted from the start of the text, so that they stand still while it scrolls.
  const [q0, k0] = [Math.floor(query[0] / size), Math.floor(key[0] / size)];
  const queries = Math.max(0, Math.ceil(query[1] / size) - q0);
  const keys = Math.max(0, Math.ceil(key[1] / size) - k0) + 2; // and what lies before and after
  /** @type {Map<number, Float32Array>} */
  const sums = new Map();
  for (let i = 0; i < set.count; i++) {
    const q = set.query[i];
    const head = set.head[i];
    if (q < query[0] || q >= query[1] || (only !== null && head !== only)) continue;
    let cells = sums.get(head);
    if (!cells) {
      cells = new Float32Array(queries * keys);
      sums.set(head, cells);
    }
    const k = Math.floor(set.key[i] / size) - k0 + 1;
    const column = clamp(k, 0, keys - 1);
    cells[(Math.floor(q / size) - q0) * keys + column] += set.weight[i];
  }
  /** @type {Line[]} */
  const lines = [];
  const far = (key[1] - key[0]) / size; // drawn towards the edge, as far again
  for (const [head, cells] of sums) {
    for (let cell = 0; cell < cells.length; cell++) {
      const row = Math.floor(cell / keys);
      const from = Math.max(query[0], (q0 + row) * size);
      const to = Math.min(query[1], (q0 + row + 1) * size);
      const weight = cells[cell] / (to - from);
      if (Math.abs(weight) < FLOOR * set.most) continue;
      const column = cell % keys;
      const outside = column === 0 ? -far : column === keys - 1 ? far : 0;
      const middle = (k0 + column - 1 + outside + 0.5) * size - 0.5;
      lines.push({ query: (from + to - 1) / 2, key: middle, head, weight });
    }
  }
  const order = strongestFirst(
    Float32Array.from(lines, ({ weight }) => weight),
    lines.length,
    set.most,
  );
  const drawn = Math.min(most, lines.length);
  return {
    lines: Array.from(order.subarray(0, drawn), (i) => lines[i]),
    starting: { drawn, total: lines.length },
    ending: { drawn: 0, total: 0 },
    bundle: size,
  };
}

/** What came over the wire, decoded; null when bytes are missing. */

import { decode } from "../../core/wire.js";
import { unpacked } from "../../heat/cells.js";

/** @typedef {import("./types").OverviewWire} OverviewWire */
/** @typedef {import("./types").Strong} Strong */
/** @typedef {import("../../core/types").Envelope} Envelope */

/** @param {OverviewWire | null | undefined} wire */
export function decodeOverview(wire) {
  if (!wire?.cells) return null;
  const cells = decode(wire.cells);
  const largest = decode(wire.row_largest);
  const [row, column, weight] = [
    wire.strongest.row,
    wire.strongest.column,
    wire.strongest.weight,
  ].map((envelope) => decode(envelope));
  const starts = wire.starts && {
    query: decode(wire.starts.query)?.data ?? null,
    key: decode(wire.starts.key)?.data ?? null,
  };
  if (!cells || !largest || !row || !column || !weight) return null;
  if (starts && (!starts.query || !starts.key)) return null;
  /** @type {Strong[]} */
  const strongest = Array.from(weight.data, (value, i) => ({
    row: row.data[i],
    column: column.data[i],
    weight: value,
  }));
  return {
    ...wire,
    cells: unpacked(cells),
    rowLargest: /** @type {Float32Array} */ (largest.data),
    strongest,
    starts,
  };
}

/** @param {{number: number, level: number, tiles: [number, number][], cells: Envelope} | null | undefined} wire */
export function decodeTiles(wire) {
  if (!wire?.cells) return null;
  const cells = decode(wire.cells);
  if (!cells) return null;
  const { number, level, tiles } = wire;
  return { number, level, tiles: tiles.map(([y, x], i) => ({ y, x, cells: unpacked(cells, i) })) };
}

/** @param {{number: number, row: number, weights: Envelope} | null | undefined} wire */
export function decodeRow(wire) {
  const weights = decode(wire?.weights);
  if (!wire || !weights) return null;
  return { number: wire.number, row: wire.row, weights: weights.data };
}

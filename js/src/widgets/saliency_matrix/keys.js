/** Where a key leads from a cell. A row alone (its label) stands to the left of its first cell. */

import { clamp } from "../../core/format.js";

/** @typedef {import("./types").Grid} Grid */
/** @typedef {import("./types").Spot} Spot */

const PAGE = 10;

/**
 * @param {Grid} grid
 * @param {Spot} from
 * @param {string} key
 * @returns {Spot | null} null when the key is not ours
 */
export function step(grid, { row, column }, key) {
  const at = row ?? 0;
  const down = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE }[key];
  if (down !== undefined) {
    const next = clamp(at + down, 0, grid.rows.length - 1);
    return { row: next, column: column === null ? null : Math.min(column, last(grid, next)) };
  }
  if (key === "ArrowRight") {
    return { row: at, column: column === null ? 0 : Math.min(column + 1, last(grid, at)) };
  }
  if (key === "ArrowLeft") return { row: at, column: column ? column - 1 : null };
  if (key === "Home") return { row: at, column: 0 };
  return key === "End" ? { row: at, column: last(grid, at) } : null;
}

/** The last cell that had been written. @param {Grid} grid @param {number} row */
function last(grid, row) {
  return grid.rows[row].until - 1;
}

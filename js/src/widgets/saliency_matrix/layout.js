/** Where cells are, in pixels of the content; the answer's columns stand apart from the input's. */

import { clamp } from "../../core/format.js";

/** @typedef {import("./types").Layout} Layout */

export const GAP = 20;
export const HEIGHT = 22;
/** A column this wide has room for its label, turned. */
const LABELLED = 16;
const WIDEST = 46;
/** So few columns have room for words side by side. */
const FEW = 6;
const WIDEST_OF_FEW = 144;
const UPRIGHT = 80;
/** Narrower than this a cell cannot be pointed at. */
const NARROWEST = 4;
/** Up to so many columns every one has its label, and the picture scrolls. */
const MOST_LABELS = 160;
export const HEADING = 18;

/**
 * @param {object} size
 * @param {number} size.available width of the box
 * @param {number} size.columns
 * @param {number} size.input columns of the input
 * @param {number} size.rows
 * @param {number} size.rowLabel width of the widest label of a row
 * @param {number} size.columnLabel and of a column
 * @returns {Layout}
 */
export function layoutOf({ available, columns, input, rows, rowLabel, columnLabel }) {
  const left = Math.ceil(clamp(rowLabel + 16, 56, available < 480 ? 104 : 168));
  const gap = columns > input ? GAP : 0;
  const natural = (available - left - gap - 12) / Math.max(1, columns);
  const labelled = natural >= LABELLED || columns <= MOST_LABELS;
  const least = labelled ? LABELLED : NARROWEST;
  const most =
    columns <= FEW ? Math.max(WIDEST, Math.min(WIDEST_OF_FEW, columnLabel + 16)) : WIDEST;
  const cell = clamp(labelled ? Math.floor(natural) : natural, least, most);
  const upright = cell >= UPRIGHT;
  const turned = labelled && !upright;
  const top = HEADING + (turned ? Math.ceil(clamp(columnLabel + 16, 28, 108)) : 24);
  return {
    cell,
    height: HEIGHT,
    left,
    top,
    labelled,
    upright,
    columns,
    input,
    rows,
    width: Math.ceil(left + columns * cell + gap + 12),
    tall: top + rows * HEIGHT + 2,
  };
}

/** Left edge of a column, from the first one. @param {Layout} layout @param {number} column */
export function edge({ cell, input }, column) {
  return column * cell + (column >= input ? GAP : 0);
}

/** The column at a place, or null in the gap and outside. @param {Layout} layout @param {number} x from the first one */
export function columnAt({ cell, input, columns }, x) {
  if (x < 0) return null;
  const column = Math.floor(x / cell);
  if (column < Math.min(input, columns)) return column;
  const beyond = Math.floor((x - GAP) / cell);
  return beyond >= input && beyond < columns ? beyond : null;
}

/** @param {Layout} layout @param {number} y from the first row */
export function rowAt({ height, rows }, y) {
  const row = Math.floor(y / height);
  return row >= 0 && row < rows ? row : null;
}

/** Columns that reach into a window: the first, and the one behind the last. @param {Layout} layout @param {number} from @param {number} to */
export function columnsIn({ cell, columns }, from, to) {
  return [
    clamp(Math.floor((from - GAP) / cell), 0, columns),
    clamp(Math.ceil(to / cell), 0, columns),
  ];
}

/** @param {Layout} layout @param {number} from @param {number} to */
export function rowsIn({ height, rows }, from, to) {
  return [clamp(Math.floor(from / height), 0, rows), clamp(Math.ceil(to / height), 0, rows)];
}

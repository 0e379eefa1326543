/** Sizes: how large a thumbnail may be so that the whole stays at a glance. */

/** @typedef {import("./types").Metrics} Metrics */

export const SMALLEST = 24;
const LARGEST = 96;
const GAP = 4;
/** Under a thumbnail a bar, with the number where there is room; above it its name. */
const BAR_LINE = 6;
const NUMBER_LINE = 16;
const NAME_LINE = 14;
const ROOM_FOR_NUMBER = 36;
const LEFT = 24;
const TOP = 18;
/** All rows should fit in this; beyond TALLEST the sheet scrolls. */
const AT_A_GLANCE = 840;
export const TALLEST = { beside: 1160, above: 760, narrow: 560 };
/** Room for a scroll bar. */
export const BAR = 12;
const FLAT_SIDE = 52;
const LEAST_NAMED = 40;

/**
 * @param {object} given
 * @param {number} given.width room, in pixels
 * @param {number} given.rows
 * @param {number} given.columns
 * @param {number | null} given.size wished by the reader
 * @param {boolean} given.flat
 * @param {boolean} given.named whether each thumbnail says which head it is
 * @param {boolean} given.numbers whether a number stands under each
 * @returns {Metrics}
 */
export function metrics({ width, rows, columns, size, flat, named, numbers }) {
  const left = flat ? 0 : LEFT;
  const top = named ? 0 : TOP;
  const name = named ? NAME_LINE : 0;
  const least = named ? LEAST_NAMED : SMALLEST;
  const byWidth = (width - left) / columns - GAP;
  const byHeight = (/** @type {number} */ line) => (AT_A_GLANCE - top) / rows - GAP - name - line;
  // Where many rows leave no room for numbers, the bars alone stand under the thumbnails.
  const roomy = Math.min(byWidth, byHeight(NUMBER_LINE)) >= ROOM_FOR_NUMBER;
  const fitting = Math.min(
    LARGEST,
    byWidth,
    Math.max(28, byHeight(roomy ? NUMBER_LINE : BAR_LINE)),
  );
  const side = Math.max(least, Math.floor(size ?? (flat ? FLAT_SIDE : fitting)));
  const line = !numbers ? 0 : side >= ROOM_FOR_NUMBER ? NUMBER_LINE : BAR_LINE;
  const gap = side < 28 ? GAP - 1 : GAP;
  return {
    side,
    pitchX: side + gap,
    pitchY: side + gap + name + line,
    left,
    top,
    name,
    line,
    width: columns * (side + gap) - gap,
    height: rows * (side + gap + name + line) - gap,
    columns,
  };
}

/** What so many columns take at least. @param {number} columns */
export const narrowest = (columns) => LEFT + columns * (SMALLEST + GAP - 1);

/**
 * Columns of a flat arrangement.
 * @param {number} width
 * @param {number | null} size
 */
export const columnsThatFit = (width, size) =>
  Math.max(1, Math.floor((width + GAP) / (Math.max(LEAST_NAMED, size ?? FLAT_SIDE) + GAP)));

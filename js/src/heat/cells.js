/** A matrix of numbers and what it looks like from afar. NaN: not a number. */

/** @typedef {import("../core/types").Decoded} Decoded */

/**
 * @typedef {object} Cells
 * @property {number} rows
 * @property {number} columns
 * @property {Float32Array} values row after row
 */

/**
 * Cells of an envelope of at least two axes, its row scale applied; with more axes, one part of it.
 * @param {Decoded} decoded
 * @param {number} [part]
 * @returns {Cells}
 */
export function unpacked({ data, shape, scale }, part = 0) {
  const [rows, columns] = shape.slice(-2);
  const values = new Float32Array(rows * columns);
  const from = part * rows * columns;
  for (let row = 0; row < rows; row++) {
    const factor = scale ? scale[part * rows + row] : 1;
    const start = row * columns;
    for (let i = start; i < start + columns; i++) values[i] = data[from + i] * factor;
  }
  return { rows, columns, values };
}

/**
 * Each cell the largest of 2^down × 2^across others; of signed ones the largest without its sign.
 * What is not a number counts only where nothing else is.
 * @param {Cells} cells
 * @param {number} down
 * @param {number} across
 * @param {boolean} signed
 * @returns {Cells}
 */
export function coarser(cells, down, across, signed) {
  if (down === 0 && across === 0) return cells;
  const rows = Math.ceil(cells.rows / 2 ** down);
  const columns = Math.ceil(cells.columns / 2 ** across);
  const values = new Float32Array(rows * columns).fill(Number.NaN);
  for (let row = 0; row < cells.rows; row++) {
    const from = row * cells.columns;
    const into = (row >> down) * columns;
    for (let column = 0; column < cells.columns; column++) {
      const value = cells.values[from + column];
      const place = into + (column >> across);
      const best = values[place];
      const larger = signed ? Math.abs(value) > Math.abs(best) : value > best;
      if (larger || Number.isNaN(best)) values[place] = value;
    }
  }
  return { rows, columns, values };
}

/**
 * Largest value of each row without its sign; NaN for a row that is not numbers.
 * @param {Cells} cells
 */
export function rowLargest({ rows, columns, values }) {
  const largest = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let most = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      const size = Math.abs(values[i]);
      if (size > most || Number.isNaN(size)) most = size;
    }
    largest[row] = most;
  }
  return largest;
}

/** The largest number of a list; 0 when there is none. @param {ArrayLike<number>} values */
export function largestOf(values) {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i];
  return most;
}

/** Cells as pixels: one pixel a cell, to be drawn at any size. */

import { largestOf } from "./cells.js";
import { ramp } from "./ramp.js";

/** @typedef {import("./cells.js").Cells} Cells */
/** @typedef {import("../core/types").Theme} Theme */
/** @typedef {"head" | "row" | "global" | "log"} Scale */

/** Where a logarithmic scale begins, unless the largest value is not far above it. */
const LOG_LOW = 1e-4;

/**
 * How numbers become colours.
 * @typedef {object} Look
 * @property {Uint32Array} ramp 256 colours
 * @property {(value: number, high: number) => number} index of the colour
 * @property {(row: number, rows: number) => number} highIn where colour ends in some rows
 * @property {number} high where it ends in general
 * @property {number} low where a logarithmic scale begins
 */

/**
 * @param {object} options
 * @param {Theme} options.theme
 * @param {boolean} options.signed
 * @param {Scale} options.scale
 * @param {Float32Array} options.rowLargest of every row of the matrix
 * @returns {Look}
 */
export function look({ theme, signed, scale, rowLargest }) {
  const most = largestOf(rowLargest) || 1;
  const high = scale === "global" || scale === "row" ? 1 : most;
  const low = scale === "log" ? Math.min(LOG_LOW, high / 100) : 0;
  const decades = Math.log(high / (low || high / 2));
  const share = (/** @type {number} */ size, /** @type {number} */ end) => {
    if (scale === "log") return size <= low ? 0 : Math.log(size / low) / decades;
    return Math.min(1, size / end);
  };
  const index = signed
    ? (/** @type {number} */ value, /** @type {number} */ end) => {
        const part = share(Math.abs(value), end) * 127;
        return 128 + Math.round(value < 0 ? -part : part);
      }
    : (/** @type {number} */ value, /** @type {number} */ end) =>
        value > 0 ? Math.round(share(value, end) * 255) : 0;
  const highIn = (/** @type {number} */ row, /** @type {number} */ rows) =>
    scale === "row" ? largestOf(rowLargest.subarray(row, row + rows)) || 1 : high;
  return { ramp: ramp(theme, signed), index, highIn, high, low };
}

/**
 * Paint cells into a canvas of as many pixels. What is not a number stays clear, and so do the
 * cells after the diagonal when they cannot be seen.
 * @param {HTMLCanvasElement} canvas
 * @param {Cells} cells
 * @param {Look} look
 * @param {{row?: number, column?: number, down?: number, across?: number, causal?: boolean}} [place]
 *   `row`, `column`: of the first cell, in cells; a cell holds 2^down × 2^across weights
 */
export function paint(canvas, cells, look, place = {}) {
  const { row = 0, column = 0, down = 0, across = 0, causal = false } = place;
  const { rows, columns, values } = cells;
  canvas.width = columns;
  canvas.height = rows;
  const context = /** @type {CanvasRenderingContext2D} */ (
    canvas.getContext("2d", { willReadFrequently: true })
  );
  const image = context.createImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let y = 0; y < rows; y++) {
    const first = (row + y) << down;
    const end = causal ? Math.floor((first + 2 ** down - 1) / 2 ** across) - column : columns;
    const last = Math.min(columns - 1, end);
    const high = look.highIn(first, 2 ** down);
    for (let x = 0; x <= last; x++) {
      const value = values[y * columns + x];
      if (!Number.isNaN(value)) pixels[y * columns + x] = look.ramp[look.index(value, high)];
    }
  }
  context.putImageData(image, 0, 0);
}

/** Which part of a matrix is in view: pure arithmetic. */

import { clamp } from "../../core/format.js";

/** @typedef {import("./types").View} View */
/** @typedef {import("./types").Room} Room */

/** Largest cell, in pixels: its number can be read in it. */
export const LARGEST = 48;
/** Cells at which every token can be read. */
export const READABLE = 11;
const EASY = 24;
const TALLEST = 680;
const MOST_AT_FIRST = 40;
/** Up to this proportion cells are square. */
const SQUARE = 2.5;
const THIN = 16;

/**
 * Size of the plot: square cells, unless one side is much longer than the other.
 * @param {number} rows
 * @param {number} columns
 * @param {number} widest
 */
export function plotSize(rows, columns, widest) {
  const [across, down] = [widest / columns, TALLEST / rows];
  const even = Math.min(across, down, MOST_AT_FIRST);
  const ratio = columns / rows;
  const long = ratio > SQUARE || ratio < 1 / SQUARE;
  const least = Math.max(even, THIN);
  const sx = long ? Math.min(across, least) : even;
  const sy = long ? Math.min(down, least) : even;
  return {
    width: Math.max(1, Math.round(columns * sx)),
    height: Math.max(1, Math.round(rows * sy)),
  };
}

/** Everything in view. @param {Room} room @returns {View} */
export const whole = ({ width, height, rows, columns }) => ({
  x: 0,
  y: 0,
  sx: width / columns,
  sy: height / rows,
});

/** The nearest view that shows the matrix and nothing beside it. @param {View} view @param {Room} room @returns {View} */
export function within(view, room) {
  const all = whole(room);
  const sx = clamp(view.sx, all.sx, Math.max(all.sx, LARGEST));
  const sy = clamp(view.sy, all.sy, Math.max(all.sy, LARGEST));
  const x = clamp(view.x, 0, room.columns - room.width / sx);
  const y = clamp(view.y, 0, room.rows - room.height / sy);
  return { x, y, sx, sy };
}

/**
 * Larger or smaller, with one point of the plot held.
 * @param {View} view
 * @param {number} factor
 * @param {number} px of the plot
 * @param {number} py
 * @param {Room} room
 */
export function zoomed(view, factor, px, py, room) {
  const all = whole(room);
  const limit = (/** @type {number} */ size, /** @type {number} */ least) =>
    clamp(size * factor, least, Math.max(least, LARGEST));
  const sx = limit(view.sx, all.sx);
  const sy = limit(view.sy, all.sy);
  const x = view.x + px / view.sx - px / sx;
  const y = view.y + py / view.sy - py / sy;
  return within({ x, y, sx, sy }, room);
}

/** A cell in the middle, large enough to be read. @param {View} view @param {number} row @param {number} column @param {Room} room */
export function centred(view, row, column, room) {
  const [sx, sy] = [Math.max(view.sx, EASY), Math.max(view.sy, EASY)];
  const x = column + 0.5 - room.width / sx / 2;
  const y = row + 0.5 - room.height / sy / 2;
  return within({ x, y, sx, sy }, room);
}

/** Moved as little as shows a cell. @param {View} view @param {number | null} row @param {number | null} column @param {Room} room */
export function revealed(view, row, column, room) {
  const [w, h] = [room.width / view.sx, room.height / view.sy];
  let { x, y } = view;
  if (column !== null) x = Math.min(column, Math.max(x, column + 1 - w));
  if (row !== null) y = Math.min(row, Math.max(y, row + 1 - h));
  return within({ ...view, x, y }, room);
}

/**
 * Between two views. Sizes change by proportion, and places so that what both show stays in place.
 * @param {View} a
 * @param {View} b
 * @param {number} t 0..1
 * @returns {View}
 */
export function between(a, b, t) {
  const part = (
    /** @type {number} */ size,
    /** @type {number} */ from,
    /** @type {number} */ to,
  ) => (Math.abs(from - to) < 1e-9 ? t : (1 / size - 1 / from) / (1 / to - 1 / from));
  const sx = a.sx * (b.sx / a.sx) ** t;
  const sy = a.sy * (b.sy / a.sy) ** t;
  const x = a.x + (b.x - a.x) * part(sx, a.sx, b.sx);
  const y = a.y + (b.y - a.y) * part(sy, a.sy, b.sy);
  return { x, y, sx, sy };
}

/** How many times cells are halved so that one is no smaller than a pixel. @param {number} size pixels of a cell */
export const levelFor = (size) => (size >= 1 ? 0 : Math.ceil(-Math.log2(size) - 1e-9));

/** @param {View} a @param {View} b */
export const sameView = (a, b) => a.x === b.x && a.y === b.y && a.sx === b.sx && a.sy === b.sy;

/**
 * Which part of a long text is in view: `span` rows from row `first`, both with fractions. Only
 * arithmetic; nothing here knows the document.
 */

import { clamp } from "../../../core/format.js";

/** @typedef {{first: number, span: number}} Span */
/** @typedef {{rows: number, height: number}} Room tokens of the longer column, pixels of the view */

/** Texts of more tokens than this are shown through a window. */
export const LONG = 300;
/** Heights of a row at which it is read with ease, at most, and at least as text. */
const EASY = 24;
const TALLEST = 30;
const SHORTEST = 12;

/** The fewest and the most rows a window holds, and as many as are read with ease. @param {Room} room */
export function spans({ rows, height }) {
  return {
    least: Math.min(rows, height / TALLEST),
    easy: Math.min(rows, height / EASY),
    most: rows,
  };
}

/** Whether rows are so low that tokens are drawn as blocks. @param {Span} span @param {Room} room */
export const asBlocks = ({ span }, { height }) => height / span < SHORTEST;

/** The nearest window that the text has. @param {Span} window @param {Room} room @returns {Span} */
export function within({ first, span }, room) {
  const { least, most } = spans(room);
  const held = clamp(span, least, most);
  return { first: clamp(first, 0, room.rows - held), span: held };
}

/**
 * `factor` times as many rows; the row at `anchor` (0 top, 1 bottom) stays where it is.
 * @param {Span} window
 * @param {number} factor
 * @param {number} anchor
 * @param {Room} room
 */
export function zoomed({ first, span }, factor, anchor, room) {
  const { least, most } = spans(room);
  const next = clamp(span * factor, least, most);
  return within({ first: first + anchor * (span - next), span: next }, room);
}

/** A row in the middle; none is cut at the top. @param {Span} window @param {number} row @param {Room} room */
export function centred({ span }, row, room) {
  return within({ first: Math.round(row + 0.5 - span / 2), span }, room);
}

/**
 * The least move after which a row and one beside it are in view.
 * @param {Span} window
 * @param {number} row
 * @param {Room} room
 */
export function revealed({ first, span }, row, room) {
  const margin = Math.min(1, (span - 1) / 2);
  const low = row + 1 + margin - span;
  return within({ first: clamp(first, low, row - margin), span }, room);
}

/**
 * One end of the window moved to a row; the other end stays.
 * @param {Span} window
 * @param {"start" | "end"} end
 * @param {number} row
 * @param {Room} room
 */
export function stretched({ first, span }, end, row, room) {
  const { least } = spans(room);
  if (end === "end") {
    const last = clamp(row, first + least, room.rows);
    return within({ first, span: last - first }, room);
  }
  const last = first + span;
  const start = clamp(row, 0, last - least);
  return within({ first: start, span: last - start }, room);
}

/**
 * On the way from one window to another, t from 0 to 1: rows grow by equal factors, and the point
 * they grow around stands still.
 * @param {Span} a
 * @param {Span} b
 * @param {number} t
 * @returns {Span}
 */
export function between(a, b, t) {
  const span = a.span * (b.span / a.span) ** t;
  const grown = b.span - a.span;
  const share = Math.abs(grown) < 1e-6 * a.span ? t : (span - a.span) / grown;
  return { first: a.first + (b.first - a.first) * share, span };
}

/**
 * The first row in view of a column, with its fraction: a shorter column rests at its end.
 * @param {Span} window
 * @param {number} count rows of the column
 */
export const firstOf = ({ first, span }, count) => clamp(first, 0, Math.max(0, count - span));

/**
 * Rows of a column in view: the first, and one past the last.
 * @param {Span} window
 * @param {number} count
 * @returns {[number, number]}
 */
export function rowsOf(window, count) {
  const first = firstOf(window, count);
  return [Math.floor(first + 1e-6), Math.min(count, Math.ceil(first + window.span - 1e-6))];
}

/** "tokens 120 to 148 of 4,096" @param {Span} window @param {number} rows */
export function inWords(window, rows) {
  const [first, last] = rowsOf(window, rows);
  const n = (/** @type {number} */ value) => value.toLocaleString("en");
  return `tokens ${n(first)} to ${n(last - 1)} of ${n(rows)}`;
}

/** Cells on a canvas: magnitude as fill and bar, sign as hue and solid or dashed bar. */

import { clamp } from "../../core/format.js";
import { colourAt } from "../../saliency/shade.js";
import { columnsIn, edge, rowsIn } from "./layout.js";

/** @typedef {import("./types").Grid} Grid */
/** @typedef {import("./types").Layout} Layout */
/** @typedef {import("./types").Spot} Spot */
/** @typedef {import("./types").Theme} Theme */
/** @typedef {CanvasRenderingContext2D} Context */
/** A part of the content that is in view, in pixels from the first cell. */
/** @typedef {{x: number, y: number, width: number, height: number}} Window */
/** @typedef {{theme: Theme, limits: ArrayLike<number>, inks: Inks}} Look */

export const STEPS = 100;
const BAR = 5;
/** Narrower cells touch one another. */
const APART = 8;
const FONT = '11px system-ui, "Segoe UI", "Noto Sans", sans-serif';

/** @typedef {ReturnType<typeof inksOf>} Inks */

/** Colours of the theme, as the style sheet has them. @param {HTMLElement} element */
export function inksOf(element) {
  const style = getComputedStyle(element);
  const one = (/** @type {string} */ name) => style.getPropertyValue(`--lmw-${name}`).trim();
  return {
    ink: one("ink"),
    muted: one("muted"),
    line: one("line"),
    paper: one("paper"),
    accent: one("accent"),
    for: one("for"),
    against: one("against"),
  };
}

/** @type {Map<string, string>} */
const fills = new Map();

/** @param {number} t −1…1 @param {boolean} signed @param {Theme} theme */
export function fillAt(t, signed, theme) {
  const step = Math.round(t * STEPS);
  const key = `${step}${signed}${theme}`;
  let fill = fills.get(key);
  if (fill === undefined) {
    fill = colourAt(step / STEPS, signed, theme).fill;
    fills.set(key, fill);
  }
  return fill;
}

/** Left and right of a column on the canvas, on whole pixels. @param {Layout} layout @param {number} column @param {number} x of the window */
function across(layout, column, x) {
  const left = edge(layout, column) - x;
  return [Math.round(left), Math.round(left + layout.cell)];
}

/**
 * @param {Context} context
 * @param {Grid} grid
 * @param {Layout} layout
 * @param {Window} view
 * @param {Look} look
 */
export function paintCells(context, grid, layout, view, look) {
  const [first, end] = columnsIn(layout, view.x, view.x + view.width);
  const [top, bottom] = rowsIn(layout, view.y, view.y + view.height);
  const apart = layout.cell >= APART ? 1 : 0;
  const stripes = hatching(context, look.inks);
  for (let row = top; row < bottom; row++) {
    const y = row * layout.height - view.y;
    const { scores, until } = grid.rows[row];
    const limit = look.limits[row];
    for (let column = first; column < Math.min(end, until); column++) {
      const [left, right] = across(layout, column, view.x);
      const box = { x: left, y, width: right - left - apart, height: layout.height - 1 };
      context.fillStyle = look.inks.line;
      context.fillRect(left - apart, y - 1, right - left + apart, layout.height + 1);
      const score = scores[column];
      if (Number.isFinite(score)) paintCell(context, box, score, limit, grid.signed, look);
      else {
        context.fillStyle = look.inks.paper;
        context.fillRect(box.x, box.y, box.width, box.height);
        context.fillStyle = stripes;
        context.fillRect(box.x, box.y, box.width, box.height);
      }
    }
  }
}

/**
 * @param {Context} context
 * @param {Window} box
 * @param {number} score
 * @param {number} limit
 * @param {boolean} signed
 * @param {Look} look
 */
function paintCell(context, box, score, limit, signed, { theme, inks }) {
  const t = limit > 0 ? clamp(score / limit, -1, 1) : 0;
  context.fillStyle = fillAt(t, signed, theme);
  context.fillRect(box.x, box.y, box.width, box.height);
  const bar = BAR * Math.abs(t);
  if (bar < 0.5) return;
  const negative = signed && t < 0;
  context.fillStyle = negative ? inks.against : signed ? inks.for : inks.accent;
  const bottom = box.y + box.height;
  if (Math.abs(score) <= limit * (1 + 1e-6)) strip(context, box, bottom - bar, bar, negative);
  else {
    strip(context, box, bottom - 3, 3, negative);
    strip(context, box, bottom - 8, 3, negative);
  }
}

/** A bar, dashed when it speaks against. @param {Context} context @param {Window} box @param {number} y @param {number} height @param {boolean} dashed */
function strip(context, box, y, height, dashed) {
  if (!dashed) return context.fillRect(box.x, y, box.width, height);
  const [on, all] = box.width < 12 ? [2, 4] : [4, 7];
  const phase = box.width < all ? box.x % all : 0; // narrow cells share one row of dashes
  for (let x = -phase; x < box.width; x += all) {
    const from = Math.max(0, x);
    const to = Math.min(box.width, x + on);
    if (to > from) context.fillRect(box.x + from, y, to - from, height);
  }
}

/** @param {Context} context @param {Inks} inks @returns {CanvasPattern | string} */
function hatching(context, inks) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const pen = /** @type {Context} */ (tile.getContext("2d"));
  pen.strokeStyle = inks.muted;
  pen.lineWidth = 1;
  for (const shift of [-6, 0, 6]) {
    pen.beginPath();
    pen.moveTo(shift, 6);
    pen.lineTo(shift + 6, 0);
    pen.stroke();
  }
  return context.createPattern(tile, "repeat") ?? inks.line;
}

/**
 * The strongest of each row: outlined, joined by a line, with its number.
 * @param {Context} context
 * @param {number[]} columns of each row; -1 where there is none
 * @param {(row: number, column: number) => string} number
 * @param {Layout} layout
 * @param {Window} view
 * @param {Inks} inks
 */
export function paintStrongest(context, columns, number, layout, view, inks) {
  const centres = columns.flatMap((column, row) => {
    if (column < 0) return [];
    const [left, right] = across(layout, column, view.x);
    return [{ row, column, left, right, y: row * layout.height - view.y }];
  });
  const middle = layout.height / 2;
  context.lineJoin = "round";
  for (const [style, width] of /** @type {const} */ ([
    [inks.paper, 4],
    [inks.ink, 1.5],
  ])) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.beginPath();
    for (const { left, right, y } of centres) context.lineTo((left + right) / 2, y + middle);
    context.stroke();
  }
  context.font = FONT;
  context.textBaseline = "middle";
  for (const { row, column, left, right, y } of centres) {
    if (y < -layout.height || y > view.height || right < 0 || left > view.width) continue;
    outline(context, { x: left, y, width: right - left, height: layout.height }, inks.ink, 2, inks);
    const words = number(row, column);
    const wide = context.measureText(words).width;
    const before = right + wide + 6 > view.width;
    context.textAlign = before ? "right" : "left";
    const x = before ? left - 4 : right + 4;
    context.strokeStyle = inks.paper;
    context.lineWidth = 3.5;
    context.strokeText(words, x, y + middle);
    context.fillStyle = inks.ink;
    context.fillText(words, x, y + middle);
  }
}

/** @param {Context} context @param {Window} box @param {string} colour @param {number} width @param {Inks} inks */
function outline(context, box, colour, width, inks) {
  const inset = width / 2;
  const trace = (
    /** @type {string} */ style,
    /** @type {number} */ line,
    /** @type {number} */ by,
  ) => {
    context.strokeStyle = style;
    context.lineWidth = line;
    context.strokeRect(box.x - by - 0.5, box.y - by - 0.5, box.width + 2 * by, box.height + 2 * by);
  };
  trace(inks.paper, 1, inset + 0.5);
  trace(colour, width, 0);
}

/**
 * What is hovered or pinned: its cell outlined, its row and its column between lines.
 * @param {Context} context
 * @param {Spot} spot
 * @param {Layout} layout
 * @param {Window} view
 * @param {{inks: Inks, pinned: boolean, until: number}} style until: end of the row
 */
export function paintSpot(context, { row, column }, layout, view, { inks, pinned, until }) {
  const colour = pinned ? inks.accent : inks.ink;
  const [left, right] = column === null ? [0, 0] : across(layout, column, view.x);
  const y = (row ?? 0) * layout.height - view.y;
  context.fillStyle = colour;
  context.globalAlpha = pinned ? 0.9 : 0.45;
  if (row !== null) {
    const wide = Math.min(view.width, edge(layout, until - 1) + layout.cell - view.x);
    for (const line of [y - 1, y + layout.height - 1]) context.fillRect(0, line, wide, 1);
  }
  if (column !== null) {
    const tall = Math.min(view.height, layout.rows * layout.height - view.y);
    context.fillRect(left - 1, 0, 1, tall);
    context.fillRect(right - 1, 0, 1, tall);
  }
  context.globalAlpha = 1;
  if (row === null || column === null) return;
  outline(
    context,
    { x: left, y, width: right - left, height: layout.height },
    colour,
    pinned ? 2.5 : 1.5,
    inks,
  );
}

/** What is drawn over the cells: hatching, numbers, crosshairs. */

import { luminance } from "../../core/colour.js";
import { number } from "../../core/format.js";
import { widthOf } from "./labels.js";

/** @typedef {import("./types").Matrix} Matrix */
/** @typedef {import("./types").View} View */
/** @typedef {import("./types").Room} Room */
/** @typedef {import("./types").Spot} Spot */
/** @typedef {import("./labels.js").Inks} Inks */
/** @typedef {import("./surface.js").Surface} Surface */
/** @typedef {import("../../heat/paint.js").Look} Look */

const FONT = '11px system-ui, "Segoe UI", "Noto Sans", sans-serif';
const HATCH = 7;

/** Draw inside the plot only. @param {CanvasRenderingContext2D} context @param {Room} room @param {number} [more] pixels around it */
function inside(context, { left, top, width, height }, more = 0) {
  context.save();
  context.beginPath();
  context.rect(left - more, top - more, width + 2 * more, height + 2 * more);
  context.clip();
}

/**
 * Hatch rows that are not numbers.
 * @param {CanvasRenderingContext2D} context
 * @param {Matrix} matrix
 * @param {View} view
 * @param {Room} room
 * @param {Inks} inks
 */
export function drawBroken(context, { broken, rowLargest }, view, room, inks) {
  if (broken === 0) return;
  const end = Math.min(room.rows, Math.ceil(view.y + room.height / view.sy));
  inside(context, room);
  context.beginPath();
  for (let row = Math.floor(view.y); row < end; row++) {
    if (!Number.isNaN(rowLargest[row])) continue;
    const from = row;
    while (row + 1 < end && Number.isNaN(rowLargest[row + 1])) row++;
    const top = room.top + (from - view.y) * view.sy;
    context.rect(room.left, top, room.width, Math.max(1, (row + 1 - from) * view.sy));
  }
  context.fillStyle = inks.paper;
  context.fill();
  context.clip();
  context.strokeStyle = inks.muted;
  context.beginPath();
  for (let x = -room.height; x < room.width; x += HATCH) {
    context.moveTo(room.left + x, room.top);
    context.lineTo(room.left + x + room.height, room.top + room.height);
  }
  context.stroke();
  context.restore();
}

/**
 * Write the weight of each cell in it.
 * @param {CanvasRenderingContext2D} context
 * @param {Surface} cells
 * @param {Look} look
 * @param {View} view
 * @param {Room} room
 */
export function drawNumbers(context, cells, look, view, room) {
  const lastRow = Math.min(room.rows, Math.ceil(view.y + room.height / view.sy));
  const lastColumn = Math.min(room.columns, Math.ceil(view.x + room.width / view.sx));
  inside(context, room);
  context.font = FONT;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (let row = Math.floor(view.y); row < lastRow; row++) {
    for (let column = Math.floor(view.x); column < lastColumn; column++) {
      const { value, unseen, rows } = cells.read(row, column, view);
      const single = rows !== null && rows[1] - rows[0] === 1;
      if (unseen || !single || value === null || Number.isNaN(value)) continue;
      const colour = look.ramp[look.index(value, look.highIn(row, 1))];
      const rgb = [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
      context.fillStyle = luminance(rgb) > 0.19 ? "#000000" : "#ffffff";
      context.fillText(
        inCell(value, view.sx - 4),
        room.left + (column + 0.5 - view.x) * view.sx,
        room.top + (row + 0.5 - view.y) * view.sy,
      );
    }
  }
  context.restore();
}

/** Two digits, or as many as fit. @param {number} value @param {number} most pixels */
export function inCell(value, most) {
  if (value === 0) return "0";
  if (Math.abs(value) < 5e-5) return "≈0";
  const forms = [number(value, 2), ...[4, 3, 2].map((digits) => value.toFixed(digits))];
  const found = forms.find((words) => widthOf(words, FONT) <= most) ?? "";
  return /^-?0\.0+$/.test(found) ? "≈0" : found.replace("-", "−");
}

/**
 * Lines along a row and a column, and a frame around the cell where they meet.
 * @param {CanvasRenderingContext2D} context
 * @param {Spot} spot
 * @param {View} view
 * @param {Room} room
 * @param {Inks} inks
 * @param {boolean} strong pinned, not only hovered
 */
export function drawCross(context, { rows, columns }, view, room, inks, strong) {
  const { left, top, width, height } = room;
  const ink = strong ? inks.accent : inks.ink;
  const thick = strong ? 1.5 : 1;
  const y = rows && ends(rows, view.y, view.sy, top);
  const x = columns && ends(columns, view.x, view.sx, left);
  inside(context, room, 1);
  context.fillStyle = ink;
  context.globalAlpha = strong ? 0.9 : 0.55;
  const [x0, x1] = x ?? [left + width, left + width];
  const [y0, y1] = y ?? [top + height, top + height];
  for (const at of y ? [y0 - thick, y1] : []) {
    context.fillRect(left, at, x0 - left, thick);
    context.fillRect(x1, at, left + width - x1, thick);
  }
  for (const at of x ? [x0 - thick, x1] : []) {
    context.fillRect(at, top, thick, y0 - top);
    context.fillRect(at, y1, thick, top + height - y1);
  }
  context.globalAlpha = 1;
  if (x && y) {
    for (const [colour, line] of /** @type {[string, number][]} */ ([
      [inks.paper, 4],
      [ink, 2],
    ])) {
      context.strokeStyle = colour;
      context.lineWidth = line;
      context.strokeRect(x0, y0, x1 - x0, y1 - y0);
    }
  }
  context.restore();
}

/**
 * Where a range begins and ends, in pixels; never thinner than a line.
 * @param {[number, number]} range @param {number} first @param {number} size @param {number} start
 * @returns {[number, number]}
 */
function ends([from, to], first, size, start) {
  const low = start + (from - first) * size;
  return [low, Math.max(low + 2, start + (to - first) * size)];
}

/** Thumbnails on one canvas, pixel by pixel; and lines for a token over all of them. */

import { mix, parseColour } from "../../core/colour.js";
import { clamp } from "../../core/format.js";
import { ramp } from "../../heat/ramp.js";
import { NOT_A_NUMBER } from "./thumbnails.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("./thumbnails.js").Thumbnails} Thumbnails */
/** @typedef {import("./types").Arrangement} Arrangement */
/** @typedef {import("./types").Metrics} Metrics */
/** @typedef {import("./types").Lit} Lit */

/** Heads that do not pass the filters are this opaque. */
const WHISPER = 0.13;
const PLATE = { light: "#f1f3f6", dark: "#242529" };
const BROKEN = { light: "#c9503a", dark: "#ff9d86" };

/** @typedef {{colours: Uint32Array, broken: number, signed: boolean}} Palette */

/**
 * The colours of cells. Zero is a plate a little off the paper, so that an empty head has a shape.
 * @param {Theme} theme
 * @param {boolean} signed
 * @returns {Palette}
 */
export function palette(theme, signed) {
  const colours = ramp(theme, signed).slice();
  const zero = signed ? 128 : 0;
  for (let i = 0; i < 256; i++) {
    const off = Math.abs(i - zero);
    if (off < 24) colours[i] = lifted(colours[i], PLATE[theme], 1 - off / 24);
  }
  return { colours, broken: pixel(BROKEN[theme]), signed };
}

/** @param {number} value @param {string} plate @param {number} share */
function lifted(value, plate, share) {
  const hex = [value & 255, (value >> 8) & 255, (value >> 16) & 255]
    .map((part) => part.toString(16).padStart(2, "0"))
    .join("");
  return pixel(mix(`#${hex}`, plate, share));
}

/** @param {string} colour */
function pixel(colour) {
  const [r, g, b] = /** @type {number[]} */ (parseColour(colour));
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/**
 * The pixel of each byte of a head.
 * @param {Palette} palette
 * @param {number} factor 1 on the head's own scale; else root of its largest weight over the scale's
 * @param {boolean} faded
 */
export function lookup({ colours, broken, signed }, factor, faded) {
  const found = new Uint32Array(256);
  for (let byte = 0; byte < NOT_A_NUMBER; byte++) {
    const at = signed ? 128 + (byte - 127) * factor : (byte / 254) * 255 * factor;
    found[byte] = colours[clamp(Math.round(at), 0, 255)];
  }
  found[NOT_A_NUMBER] = broken;
  if (faded) {
    const alpha = Math.round(WHISPER * 255) << 24;
    for (let byte = 0; byte < 256; byte++) found[byte] = (found[byte] & 0xffffff) | alpha;
  }
  return found;
}

/**
 * First and last cell of every pixel along a side: several cells where the side has more of them.
 * @param {number} cells
 * @param {number} pixels
 */
export function spread(cells, pixels) {
  const from = new Uint16Array(pixels);
  const to = new Uint16Array(pixels);
  for (let i = 0; i < pixels; i++) {
    from[i] = Math.floor((i * cells) / pixels);
    to[i] = Math.max(from[i], Math.ceil(((i + 1) * cells) / pixels) - 1);
    if (cells <= pixels) to[i] = from[i];
  }
  return { from, to };
}

/**
 * One head into pixels; several cells in one pixel show the largest. What lies ahead of a token
 * that cannot look ahead stays empty.
 * @param {Uint32Array} target pixels of the whole canvas
 * @param {{width: number, height: number}} size of the canvas
 * @param {{x: number, y: number, side: number}} box
 * @param {Thumbnails} thumbnails
 * @param {number} index
 * @param {Uint32Array} table
 * @param {{causal: boolean, signed: boolean, rows: ReturnType<typeof spread>, columns: ReturnType<typeof spread>}} look
 */
export function paintHead(target, size, box, thumbnails, index, table, look) {
  const bytes = thumbnails.of(index);
  const [queryBlock, keyBlock] = thumbnails.block;
  const { rows, columns, causal, signed } = look;
  const most = signed ? largerSigned : Math.max;
  for (let y = Math.max(0, -box.y); y < box.side && box.y + y < size.height; y++) {
    const line = (box.y + y) * size.width;
    const lastQuery = (rows.to[y] + 1) * queryBlock - 1;
    const last = causal ? Math.floor(lastQuery / keyBlock) : thumbnails.columns;
    for (let x = Math.max(0, -box.x); x < box.side && box.x + x < size.width; x++) {
      if (columns.from[x] > last) break;
      let byte = bytes[rows.from[y] * thumbnails.columns + columns.from[x]];
      for (let row = rows.from[y]; row <= rows.to[y]; row++) {
        for (let column = columns.from[x]; column <= columns.to[x]; column++) {
          byte = most(byte, bytes[row * thumbnails.columns + column]);
        }
      }
      target[line + box.x + x] = table[byte];
    }
  }
}

/** @param {number} a @param {number} b */
function largerSigned(a, b) {
  if (a === NOT_A_NUMBER || b === NOT_A_NUMBER) return NOT_A_NUMBER;
  return Math.abs(b - 127) > Math.abs(a - 127) ? b : a;
}

/**
 * What a scale of all heads ends at: a whole share of attention, or the largest difference.
 * @param {Thumbnails} thumbnails
 * @param {boolean} signed
 */
export const globalEnd = (thumbnails, signed) => (signed ? thumbnails.most || 1 : 1);

/**
 * The part of the sheet that is in view.
 * @param {HTMLCanvasElement} canvas
 * @param {{x: number, y: number, width: number, height: number}} view in CSS pixels
 * @param {{thumbnails: Thumbnails, arrangement: Arrangement, metrics: Metrics, palette: Palette,
 *   scale: "head" | "global", causal: boolean}} what
 */
export function paintSheet(canvas, view, what) {
  const { thumbnails, arrangement, metrics, palette: colours, scale, causal } = what;
  const ratio = Math.min(globalThis.devicePixelRatio || 1, 3);
  const size = sized(canvas, view, ratio);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(size.width, size.height);
  const target = new Uint32Array(image.data.buffer);
  const side = Math.round(metrics.side * ratio);
  const { signed } = colours;
  const look = {
    causal,
    signed,
    rows: spread(thumbnails.rows, side),
    columns: spread(thumbnails.columns, side),
  };
  const end = globalEnd(thumbnails, signed);
  const own = [false, true].map((faded) => lookup(colours, 1, faded));
  for (const { head, row, column } of arrangement.spots) {
    const box = {
      x: Math.round((column * metrics.pitchX - view.x) * ratio),
      y: Math.round((row * metrics.pitchY + metrics.name - view.y) * ratio),
      side,
    };
    if (box.y + side <= 0 || box.y >= size.height || box.x + side <= 0 || box.x >= size.width) {
      continue;
    }
    const faded = arrangement.passes[head] === 0;
    const table =
      scale === "head"
        ? own[Number(faded)]
        : lookup(colours, Math.sqrt(thumbnails.largest[head] / end), faded);
    paintHead(target, size, box, thumbnails, head, table, look);
  }
  context.putImageData(image, 0, 0);
}

/** @param {HTMLCanvasElement} canvas @param {{width: number, height: number}} view @param {number} ratio */
function sized(canvas, view, ratio) {
  const width = Math.max(1, Math.round(view.width * ratio));
  const height = Math.max(1, Math.round(view.height * ratio));
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height });
    canvas.style.width = `${view.width}px`;
    canvas.style.height = `${view.height}px`;
  }
  return { width, height };
}

/**
 * @typedef {object} Counts
 * @property {number} query tokens
 * @property {number} key tokens
 * @property {number[]} cells tokens that the sides have room for: the last block may be filled in part
 * @property {boolean} same whether both are one text
 * @property {boolean} causal
 */

/**
 * Thin lines for one token over a head: its row, its column, or both; as far as a token can look.
 * @param {CanvasRenderingContext2D} context
 * @param {{x: number, y: number, width: number, height: number}} box
 * @param {Lit} lit
 * @param {Counts} counts
 */
export function paintLines(context, box, { side, index }, { query, key, cells, same, causal }) {
  const [down, right] = [box.height / cells[0], box.width / cells[1]];
  if (side !== "key" && index < query) {
    const length = causal ? (index + 1) * right : box.width;
    context.fillRect(box.x, Math.floor(box.y + (index + 0.5) * down), length, 1);
  }
  if ((side === "key" || (side === null && same)) && index < key) {
    const from = causal ? index * down : 0;
    const x = Math.floor(box.x + (index + 0.5) * right);
    context.fillRect(x, box.y + from, 1, box.height - from);
  }
}

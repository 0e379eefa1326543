/** One head, large: its cells on a canvas, its tokens along the sides where they fit. */

import { fitCanvas } from "../../core/canvas.js";
import { aria, div, h, isCommand, replace, take } from "../../core/dom.js";
import { clamp } from "../../core/format.js";
import { tokenElement } from "../../core/tokens.js";
import { lookup, paintLines, spread } from "./painter.js";

/** In place of a byte: a token does not look ahead. */
const AHEAD = 256;

/** @typedef {import("./types").Texts} Texts */
/** @typedef {import("./types").Lit} Lit */
/** @typedef {import("./types").CellRead} CellRead */
/** @typedef {import("./painter.js").Palette} Palette */

/** A token needs so many pixels along its side. */
const ROOM = 12;
const NAMES = 76;
const LETTER = 6.5;
const INK = "#e8500a";

/**
 * What is drawn: a reader of cells, from a thumbnail or from exact weights.
 * @typedef {object} Cells
 * @property {number} rows
 * @property {number} columns
 * @property {[number, number]} block
 * @property {number} largest absolute weight, the end of the colours
 * @property {boolean} exact
 * @property {(row: number, column: number) => number} weight
 */

/**
 * @param {{onHover: (read: CellRead | null) => void}} on
 */
export function heatmap({ onHover }) {
  const canvas = h("canvas", { class: "lmw-canvas", width: "1", height: "1" });
  const overlay = h("canvas", { class: "lmw-canvas lmw-grid-overlay", width: "1", height: "1" });
  const plate = h(
    "div",
    { class: "lmw-heat-plate", role: "application", tabindex: "0" },
    canvas,
    overlay,
  );
  const queries = h("div", { class: "lmw-heat-queries", "aria-hidden": "true" });
  const keys = h("div", { class: "lmw-heat-keys", "aria-hidden": "true" });
  const element = div("lmw-heat", keys, queries, plate);

  /** @type {Cells | null} */
  let cells = null;
  /** @type {Texts | null} */
  let texts = null;
  let size = { width: 0, height: 0 };
  /** @type {Lit[]} */
  let lit = [];
  /** Cell that the arrow keys stand on. @type {[number, number]} */
  let cursor = [0, 0];
  let frame = 0;
  let ahead = false;

  /** @param {number} row @param {number} column @returns {CellRead} */
  function read(row, column) {
    const { block, weight } = /** @type {Cells} */ (cells);
    return { weight: weight(row, column), query: row * block[0], key: column * block[1], block };
  }

  const move = (/** @type {PointerEvent} */ event) => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      if (!cells) return;
      const { left, top, width, height } = plate.getBoundingClientRect();
      const at = (/** @type {number} */ share, /** @type {number} */ count) =>
        clamp(Math.floor(share * count), 0, count - 1);
      cursor = [
        at((event.clientY - top) / height, cells.rows),
        at((event.clientX - left) / width, cells.columns),
      ];
      onHover(read(...cursor));
    });
  };
  const leave = () => {
    cancelAnimationFrame(frame);
    onHover(null);
  };
  /** @type {Record<string, [number, number]>} */
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const keydown = (/** @type {KeyboardEvent} */ event) => {
    const step = steps[event.key];
    if (!step || !cells || isCommand(event)) return;
    cursor = [
      clamp(cursor[0] + step[0], 0, cells.rows - 1),
      clamp(cursor[1] + step[1], 0, cells.columns - 1),
    ];
    onHover(read(...cursor));
    take(event);
  };
  plate.addEventListener("pointermove", move);
  plate.addEventListener("pointerleave", leave);
  plate.addEventListener("keydown", keydown);
  plate.addEventListener("blur", leave);

  function paintOver() {
    const context = fitCanvas(overlay, size.width, size.height);
    if (!cells || !texts) return;
    const counts = {
      query: texts.query.text.length,
      key: texts.key.text.length,
      cells: [cells.rows * cells.block[0], cells.columns * cells.block[1]],
      same: texts.query === texts.key,
      causal: ahead,
    };
    context.fillStyle = INK;
    for (const one of lit) paintLines(context, { x: 0, y: 0, ...size }, one, counts);
    for (const [holder, side] of /** @type {[HTMLElement, "query" | "key"][]} */ ([
      [queries, "query"],
      [keys, "key"],
    ])) {
      for (const name of holder.children) {
        const index = Number(/** @type {HTMLElement} */ (name).dataset.token);
        const on = lit.some(
          (one) => one.index === index && (one.side === side || one.side === null),
        );
        name.classList.toggle("lmw-lit", on);
      }
    }
  }

  return {
    element,
    plate,
    /**
     * @param {Cells | null} next null: no head is chosen
     * @param {Texts} pair
     * @param {Palette} palette
     * @param {{causal: boolean, factor: number, width: number, label: string}} look factor: as of lookup()
     */
    draw(next, pair, palette, { causal, factor, width, label }) {
      cells = next;
      texts = pair;
      ahead = causal;
      const counts = [pair.query.text.length, pair.key.text.length];
      const named = counts.map((count) => count * ROOM <= width - NAMES);
      const [left, top] = [pair.query, pair.key].map((side, i) => (named[i] ? longest(side) : 0));
      const room = width - left;
      const aspect = clamp(counts[0] / counts[1], 0.25, 1.2);
      size = { width: room, height: Math.round(room * aspect) };
      if (named[0]) size.height = Math.max(size.height, counts[0] * ROOM);
      element.style.setProperty("--lmw-left", `${left}px`);
      element.style.setProperty("--lmw-top", `${top}px`);
      element.style.height = `${size.height + top}px`;
      aria(plate, "label", label);
      names(queries, named[0] ? pair.query : null, size.height);
      names(keys, named[1] ? pair.key : null, size.width);
      paintCells(fitted(canvas, size), next, palette, causal, factor);
      paintOver();
    },
    /** @param {Lit[]} next */
    light(next) {
      lit = next;
      paintOver();
    },
    destroy() {
      cancelAnimationFrame(frame);
    },
  };
}

/** Pixels that the names of tokens take. @param {import("../../core/types").Tokens} tokens */
const longest = ({ text }) =>
  Math.min(NAMES, 10 + LETTER * Math.max(3, ...text.map((token) => token.length)));

/** @param {HTMLElement} holder @param {import("../../core/types").Tokens | null} tokens @param {number} length */
function names(holder, tokens, length) {
  holder.style.setProperty("--lmw-step", `${length / (tokens?.text.length || 1)}px`);
  const mark = tokens ? `${tokens.text.join("\u0000")}` : "";
  if (holder.dataset.drawn === mark) return;
  holder.dataset.drawn = mark;
  replace(
    holder,
    tokens ? tokens.text.map((_, i) => tokenElement(tokens, i, { compact: true })) : [],
  );
}

/** @param {HTMLCanvasElement} canvas @param {{width: number, height: number}} size */
function fitted(canvas, size) {
  fitCanvas(canvas, size.width, size.height);
  return canvas;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Cells | null} cells
 * @param {Palette} palette
 * @param {boolean} causal
 * @param {number} factor
 */
function paintCells(canvas, cells, palette, causal, factor) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const { width, height } = canvas;
  if (!cells) return context.clearRect(0, 0, width, height);
  const image = context.createImageData(width, height);
  const target = new Uint32Array(image.data.buffer);
  const table = lookup(palette, factor, false);
  const zero = palette.signed ? 127 : 0;
  const [rows, columns] = [spread(cells.rows, height), spread(cells.columns, width)];
  let line = new Uint32Array(0);
  for (let y = 0; y < height; y++) {
    const row = rows.from[y];
    if (y === 0 || row !== rows.from[y - 1]) {
      line = lineOf(cells, [row, rows.to[y]], causal, (weight) =>
        byteOf(weight, cells.largest, palette.signed),
      );
      if (causal) line.fill(AHEAD, lastSeen(cells, rows.to[y]) + 1);
    }
    for (let x = 0; x < width; x++) {
      const byte = farthest(line, columns.from[x], columns.to[x], zero);
      target[y * width + x] = byte === AHEAD ? 0 : table[byte];
    }
  }
  context.putImageData(image, 0, 0);
}

/**
 * Of the cells in one pixel the one farthest from zero; what lies ahead of a token counts for none.
 * @param {Uint32Array} line
 * @param {number} from
 * @param {number} to
 * @param {number} zero
 */
function farthest(line, from, to, zero) {
  let found = line[from];
  for (let i = from + 1; i <= to; i++) {
    if (line[i] !== AHEAD && Math.abs(line[i] - zero) > Math.abs(found - zero)) found = line[i];
  }
  return found;
}

/** The last cell that the tokens of a row can look at. @param {Cells} cells @param {number} row */
const lastSeen = ({ block, columns }, row) =>
  Math.min(columns - 1, Math.floor(((row + 1) * block[0] - 1) / block[1]));

/**
 * Bytes of the cells of a line of pixels: of several rows the largest.
 * @param {Cells} cells
 * @param {[number, number]} rows first and last
 * @param {boolean} causal
 * @param {(weight: number) => number} toByte
 */
function lineOf(cells, [first, last], causal, toByte) {
  const until = causal ? lastSeen(cells, last) : cells.columns - 1;
  const line = new Uint32Array(cells.columns);
  for (let column = 0; column <= until; column++) {
    let weight = cells.weight(first, column);
    for (let row = first + 1; row <= last; row++) {
      const other = cells.weight(row, column);
      if (Math.abs(other) > Math.abs(weight) || Number.isNaN(other)) weight = other;
    }
    line[column] = toByte(weight);
  }
  return line;
}

/** As Python writes thumbnails. @param {number} weight @param {number} largest @param {boolean} signed */
function byteOf(weight, largest, signed) {
  if (Number.isNaN(weight)) return 255;
  const root = Math.sqrt(Math.min(1, Math.abs(weight) / (largest || 1)));
  return Math.round(signed ? 127 + 127 * Math.sign(weight) * root : 254 * root);
}

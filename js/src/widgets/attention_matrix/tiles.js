/**
 * The exact parts of a large matrix: kept while there is room, asked for when the reader rests.
 * Until they come, coarser cells stand in their place.
 */

import { clamp } from "../../core/format.js";

/** @typedef {import("./types").Matrix} Matrix */
/** @typedef {import("../../heat/cells.js").Cells} Cells */
/** @typedef {import("./store.js").Store} Store */
/**
 * @typedef {object} Tile
 * @property {number} level
 * @property {number} y in tiles
 * @property {number} x
 * @property {Cells} cells
 * @property {HTMLCanvasElement | null} canvas
 * @property {unknown} look what the canvas was painted with
 */
/** @typedef {{from: number, to: number}} Range of cells of a level */

/** 128 kB each, their pixels included. */
const KEPT = 320;
const ASKED_AT_ONCE = 32;
const REST = 90;
/** In a long motion tiles are asked for all the same. */
const LONGEST = 400;
/** An answer that has not come by then is not waited for. */
const PATIENCE = 3000;

/**
 * @param {Pick<Store, "look">} store
 * @param {() => boolean} canAsk whether there is a kernel
 */
export function tileCache(store, canAsk) {
  /** @type {Map<string, Tile>} */
  const tiles = new Map();
  /** @type {Matrix | null} */
  let matrix = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let waitingSince = 0;
  let askedAt = Number.NEGATIVE_INFINITY;
  /** @type {(() => {level: number, missing: number[][]} | null) | null} */
  let whatLacks = null;
  const nameOf = (/** @type {number} */ level, /** @type {number} */ y, /** @type {number} */ x) =>
    `${level} ${y} ${x}`;

  function ask() {
    clearTimeout(timer);
    timer = undefined;
    waitingSince = 0;
    const lacks = whatLacks?.();
    if (!lacks || !matrix || lacks.missing.length === 0 || !canAsk()) return;
    const left = askedAt + PATIENCE - performance.now();
    if (left > 0) {
      timer = setTimeout(ask, left);
      return;
    }
    askedAt = performance.now();
    store.look({
      number: matrix.number,
      level: lacks.level,
      tiles: lacks.missing.slice(0, ASKED_AT_ONCE),
    });
  }

  return {
    /** @param {Matrix | null} next */
    use(next) {
      if (next?.number === matrix?.number && next?.number) {
        matrix = next;
        return;
      }
      matrix = next;
      tiles.clear();
      askedAt = Number.NEGATIVE_INFINITY;
    },
    /** @param {number} level @param {number} y @param {number} x */
    get(level, y, x) {
      const name = nameOf(level, y, x);
      const tile = tiles.get(name);
      if (!tile) return null;
      tiles.delete(name);
      tiles.set(name, tile);
      return tile;
    },
    /** Tiles have come. @param {Store["tiles"]} answer @returns {boolean} whether they are of this matrix */
    take(answer) {
      if (!answer || !matrix || answer.number !== matrix.number) return false;
      askedAt = Number.NEGATIVE_INFINITY;
      for (const { y, x, cells } of answer.tiles) {
        const tile = { level: answer.level, y, x, cells, canvas: null, look: null };
        tiles.set(nameOf(answer.level, y, x), tile);
      }
      for (const name of tiles.keys()) {
        if (tiles.size <= KEPT) break;
        tiles.delete(name);
      }
      return true;
    },
    /**
     * The view moved: ask for what it lacks as soon as it rests.
     * @param {() => {level: number, missing: number[][]} | null} lacks
     */
    moved(lacks) {
      whatLacks = lacks;
      const now = performance.now();
      waitingSince ||= now;
      clearTimeout(timer);
      timer = setTimeout(ask, clamp(waitingSince + LONGEST - now, 0, REST));
    },
    get size() {
      return tiles.size;
    },
    destroy: () => clearTimeout(timer),
  };
}

/** @typedef {ReturnType<typeof tileCache>} TileCache */

/**
 * Tiles in view at a level, those in the middle first; none that lie after the diagonal of a
 * causal matrix.
 * @param {Pick<Matrix, "tile" | "causal">} matrix
 * @param {Range} rows cells of the level
 * @param {Range} columns
 * @returns {[number, number][]}
 */
export function tilesIn({ tile, causal }, rows, columns) {
  /** @type {[number, number][]} */
  const found = [];
  for (let y = Math.floor(rows.from / tile); y * tile < rows.to; y++) {
    for (let x = Math.floor(columns.from / tile); x * tile < columns.to; x++) {
      if (!causal || x <= y) found.push([y, x]);
    }
  }
  const middle = [
    (rows.from + rows.to) / 2 / tile - 0.5,
    (columns.from + columns.to) / 2 / tile - 0.5,
  ];
  const away = (/** @type {[number, number]} */ [y, x]) =>
    (y - middle[0]) ** 2 + (x - middle[1]) ** 2;
  return found.sort((a, b) => away(a) - away(b));
}

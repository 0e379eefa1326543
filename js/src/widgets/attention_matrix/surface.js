/** The cells on their canvas: the whole matrix as far as it is here, and tiles where it is not. */

import { coarser } from "../../heat/cells.js";
import { paint } from "../../heat/paint.js";
import { tilesIn } from "./tiles.js";
import { levelFor } from "./viewport.js";

/** @typedef {import("./types").Matrix} Matrix */
/** @typedef {import("./types").View} View */
/** @typedef {import("./types").Room} Room */
/** @typedef {import("./types").Reading} Reading */
/** @typedef {import("../../heat/paint.js").Look} Look */
/** @typedef {import("../../heat/cells.js").Cells} Cells */
/** @typedef {import("./tiles.js").TileCache} TileCache */
/** @typedef {import("./tiles.js").Tile} Tile */
/** @typedef {{cells: Cells, canvas: HTMLCanvasElement, look: unknown}} Sheet */

/** Milliseconds a frame may spend on pixels of tiles that have just come. */
const FRESH = 5;

/**
 * @param {Matrix} matrix
 * @param {TileCache} tiles
 */
export function surface(matrix, tiles) {
  /** @type {Map<string, Sheet>} */
  const sheets = new Map();

  /** The whole matrix, or what is here of it, in blocks of 2^down × 2^across weights. @param {number} down @param {number} across */
  function sheet(down, across) {
    const name = `${down} ${across}`;
    let found = sheets.get(name);
    if (!found) {
      const { level, cells, signed } = matrix;
      const coarse = coarser(cells, down - level, across - level, signed);
      found = { cells: coarse, canvas: document.createElement("canvas"), look: null };
      sheets.set(name, found);
    }
    return found;
  }

  /** How cells are drawn in a view. @param {View} view */
  function levels({ sx, sy }) {
    const [down, across] = [levelFor(sy), levelFor(sx)];
    const fine = Math.max(down, across);
    if (fine < matrix.level) return { down: fine, across: fine, exact: false };
    const least = matrix.level;
    return { down: Math.max(down, least), across: Math.max(across, least), exact: true };
  }

  /** Cells of a level in view. @param {View} view @param {Room} room @param {number} level */
  function inView(view, room, level) {
    const size = 2 ** level;
    const range = (
      /** @type {number} */ from,
      /** @type {number} */ length,
      /** @type {number} */ all,
    ) => ({
      from: Math.max(0, Math.floor(from / size)),
      to: Math.min(Math.ceil(all / size), Math.ceil((from + length) / size)),
    });
    return {
      rows: range(view.y, room.height / view.sy, room.rows),
      columns: range(view.x, room.width / view.sx, room.columns),
    };
  }

  /** Tiles that the view lacks. @param {View} view @param {Room} room */
  function lacking(view, room) {
    const { down, exact } = levels(view);
    if (exact) return null;
    const { rows, columns } = inView(view, room, down);
    const missing = tilesIn(matrix, rows, columns).filter(([y, x]) => !tiles.get(down, y, x));
    return { level: down, missing };
  }

  return {
    matrix,
    levels,
    lacking,
    /**
     * @param {CanvasRenderingContext2D} context in CSS pixels
     * @param {View} view
     * @param {Room} room
     * @param {Look} look
     * @returns {boolean} whether a tile that is here waits for the next frame
     */
    draw(context, view, room, look) {
      const { causal, tile } = matrix;
      const ratio = context.getTransform().a;
      const snap = (/** @type {number} */ pixels) => Math.round(pixels * ratio) / ratio;
      const px = (/** @type {number} */ column) => snap(room.left + (column - view.x) * view.sx);
      const py = (/** @type {number} */ row) => snap(room.top + (row - view.y) * view.sy);
      /**
       * Draw cells of a canvas whose first is at a row and a column.
       * @param {HTMLCanvasElement} canvas @param {number} down @param {number} across
       * @param {number} row @param {number} column first cell, in cells of that level
       */
      function blit(canvas, down, across, row, column) {
        const [tall, wide] = [2 ** down, 2 ** across];
        const x0 = Math.max(0, Math.floor(view.x / wide) - column);
        const y0 = Math.max(0, Math.floor(view.y / tall) - row);
        const x1 = Math.min(
          canvas.width,
          Math.ceil((view.x + room.width / view.sx) / wide) - column,
        );
        const y1 = Math.min(
          canvas.height,
          Math.ceil((view.y + room.height / view.sy) / tall) - row,
        );
        if (x1 <= x0 || y1 <= y0) return;
        const [left, top] = [px((column + x0) * wide), py((row + y0) * tall)];
        const [right, bottom] = [px((column + x1) * wide), py((row + y1) * tall)];
        const [w, h] = [right - left, bottom - top];
        context.clearRect(left, top, w, h); // what is clear here must not show what is under it
        context.drawImage(canvas, x0, y0, x1 - x0, y1 - y0, left, top, w, h);
      }
      const start = performance.now();
      let late = false;
      /** @param {Tile} one */
      function painted(one) {
        if (one.look === look) return true;
        if (performance.now() - start > FRESH) {
          late = true;
          return one.canvas !== null && one.look !== null;
        }
        one.canvas ??= document.createElement("canvas");
        const [row, column] = [one.y * tile, one.x * tile];
        paint(one.canvas, one.cells, look, {
          row,
          column,
          down: one.level,
          across: one.level,
          causal,
        });
        one.look = look;
        return true;
      }

      context.save();
      context.beginPath();
      context.rect(room.left, room.top, room.width, room.height);
      context.clip();
      context.imageSmoothingEnabled = false;
      const { down, across, exact } = levels(view);
      /** @param {number} level */
      function drawTiles(level) {
        const { rows, columns } = inView(view, room, level);
        let all = true;
        for (const [y, x] of tilesIn(matrix, rows, columns)) {
          const one = tiles.get(level, y, x);
          if (one && painted(one) && one.canvas) {
            blit(one.canvas, level, level, y * tile, x * tile);
          } else all = false;
        }
        return all;
      }
      const covered =
        !exact &&
        tilesIn(matrix, inView(view, room, down).rows, inView(view, room, down).columns).every(
          ([y, x]) => tiles.get(down, y, x)?.look === look,
        );
      if (!covered) {
        const [tall, wide] = exact ? [down, across] : [matrix.level, matrix.level];
        const found = sheet(tall, wide);
        if (found.look !== look) {
          paint(found.canvas, found.cells, look, { down: tall, across: wide, causal });
          found.look = look;
        }
        blit(found.canvas, tall, wide, 0, 0);
        if (!exact && down + 1 < matrix.level) drawTiles(down + 1);
      }
      if (!exact) drawTiles(down);
      context.restore();
      return late;
    },
    /**
     * What is at a cell, as exactly as it is here and can be told apart.
     * @param {number} row
     * @param {number} column
     * @param {View} view
     * @returns {Reading}
     */
    read(row, column, view) {
      const { down, across, exact } = levels(view);
      let [tall, wide] = [down, across];
      /** @type {number | null} */
      let value = null;
      if (!exact) {
        const { tile } = matrix;
        const [y, x] = [row >> down, column >> across];
        const [ty, tx] = [Math.floor(y / tile), Math.floor(x / tile)];
        const one = tiles.get(down, ty, tx);
        if (one) value = one.cells.values[(y - ty * tile) * tile + x - tx * tile];
        else [tall, wide] = [matrix.level, matrix.level];
      }
      if (value === null) {
        const { cells } = sheet(tall, wide);
        value = cells.values[(row >> tall) * cells.columns + (column >> wide)];
      }
      const [rows, columns] = [
        spread(row, tall, matrix.rows),
        spread(column, wide, matrix.columns),
      ];
      return { rows, columns, value, unseen: matrix.causal && columns[0] > rows[1] - 1 };
    },
  };
}

/** @typedef {ReturnType<typeof surface>} Surface */

/**
 * The block that a cell belongs to.
 * @param {number} cell
 * @param {number} level
 * @param {number} all
 * @returns {[number, number]}
 */
export function spread(cell, level, all) {
  const from = (cell >> level) << level;
  return [from, Math.min(all, from + 2 ** level)];
}

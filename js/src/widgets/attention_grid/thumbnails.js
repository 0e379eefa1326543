/** Heads as they came over the wire: any cell as a weight; the Python side is grid_thumbnails.py. */

import { clamp } from "../../core/format.js";
import { decode } from "../../core/wire.js";

/** @typedef {import("./types").ThumbnailsWire} ThumbnailsWire */
/** @typedef {import("./types").DetailWire} DetailWire */
/** @typedef {import("./types").CellRead} CellRead */

const FULL = 254;
const HALF = 127;
export const NOT_A_NUMBER = 255;

export class Thumbnails {
  /**
   * Null when the bytes have not arrived.
   * @param {ThumbnailsWire | null | undefined} wire
   */
  static decode(wire) {
    const cells = decode(wire?.cells);
    const largest = decode(wire?.largest);
    if (!wire || !cells || !largest) return null;
    return new Thumbnails(
      wire,
      cells.shape,
      /** @type {Uint8Array} */ (cells.data),
      /** @type {Float32Array} */ (largest.data),
    );
  }

  /**
   * @param {ThumbnailsWire} wire
   * @param {number[]} shape
   * @param {Uint8Array} cells
   * @param {Float32Array} largest
   */
  constructor({ heads, block, unreadable }, shape, cells, largest) {
    this.heads = heads;
    this.block = block;
    this.unreadable = unreadable;
    this.rows = shape[1];
    this.columns = shape[2];
    this.cells = cells;
    this.largest = largest;
    /** @type {Map<string, number>} */
    this.places = new Map(heads.map((pair, index) => [pair.join(), index]));
  }

  get count() {
    return this.heads.length;
  }

  /** How many heads hold weights that are no numbers. */
  get broken() {
    return this.heads.filter((_, index) => this.of(index).includes(NOT_A_NUMBER)).length;
  }

  /** The largest weight of all heads. */
  get most() {
    return this.largest.reduce((most, value) => Math.max(most, value), 0);
  }

  /** The bytes of one head. @param {number} index */
  of(index) {
    const size = this.rows * this.columns;
    return this.cells.subarray(index * size, (index + 1) * size);
  }

  /** Index of a head, -1 when it is not here. @param {number} layer @param {number} head */
  find(layer, head) {
    return this.places.get(`${layer},${head}`) ?? -1;
  }

  /**
   * The weight that a byte stands for.
   * @param {number} index of the head
   * @param {number} byte
   * @param {boolean} signed
   */
  weight(index, byte, signed) {
    if (byte === NOT_A_NUMBER) return Number.NaN;
    const root = signed ? (byte - HALF) / HALF : byte / FULL;
    return Math.sign(root) * root * root * this.largest[index];
  }

  /**
   * The cell under a point of the head, 0..1 from its top left corner.
   * @param {number} index of the head
   * @param {number} x
   * @param {number} y
   * @param {boolean} signed
   * @returns {CellRead}
   */
  read(index, x, y, signed) {
    const [row, column] = [within(y, this.rows), within(x, this.columns)];
    const weight = this.weight(index, this.of(index)[row * this.columns + column], signed);
    return {
      weight,
      query: row * this.block[0],
      key: column * this.block[1],
      block: this.block,
    };
  }

  /**
   * The strongest cell away from the first token, where there is another.
   * @param {number} index
   * @param {boolean} signed
   * @returns {CellRead}
   */
  strongest(index, signed) {
    const bytes = this.of(index);
    let best = this.columns > 1 ? 1 : 0;
    let most = -1;
    for (let i = 0; i < bytes.length; i++) {
      if (this.columns > 1 && i % this.columns === 0) continue;
      const size = bytes[i] === NOT_A_NUMBER ? -1 : signed ? Math.abs(bytes[i] - HALF) : bytes[i];
      if (size > most) [best, most] = [i, size];
    }
    const [row, column] = [Math.floor(best / this.columns), best % this.columns];
    return {
      weight: this.weight(index, bytes[best], signed),
      query: row * this.block[0],
      key: column * this.block[1],
      block: this.block,
    };
  }
}

/** Heads in full, to four digits. */
export class Details {
  /** @param {DetailWire | null | undefined} wire */
  static decode(wire) {
    const weights = decode(wire?.weights);
    if (!wire || !weights?.scale) return null;
    return new Details(wire, weights.shape, weights.data, weights.scale);
  }

  /**
   * @param {DetailWire} wire
   * @param {number[]} shape
   * @param {import("../../core/types").Numbers} values
   * @param {Float32Array} scale one a row
   */
  constructor({ heads, block }, shape, values, scale) {
    this.heads = heads;
    this.block = block;
    this.rows = shape[1];
    this.columns = shape[2];
    this.values = values;
    this.scale = scale;
  }

  /** Place of a head, -1 when it was not sent. @param {number} layer @param {number} head */
  find(layer, head) {
    return this.heads.findIndex((pair) => pair[0] === layer && pair[1] === head);
  }

  /** @param {number} place @param {number} row @param {number} column */
  weight(place, row, column) {
    const line = place * this.rows + row;
    const scale = this.scale[line];
    return Number.isNaN(scale) ? Number.NaN : this.values[line * this.columns + column] * scale;
  }
}

/** @param {number} share 0..1 @param {number} count */
const within = (share, count) => clamp(Math.floor(share * count), 0, count - 1);

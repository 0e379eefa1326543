/** Attention weights as they came over the wire: any number of one layer, without unpacking all. */

import { decode } from "../core/wire.js";

/** @typedef {import("./types").AttentionWire} AttentionWire */
/** @typedef {import("../core/types").Numbers} Numbers */

/**
 * One row: the weight of `columns[i]` (or of key `i` when columns is null) is `values[i] * scale`.
 * @typedef {{values: Numbers, columns: Numbers | null, scale: number}} Row
 */

export class AttentionData {
  /**
   * Null when the bytes have not arrived.
   * @param {AttentionWire | null | undefined} wire
   */
  static decode(wire) {
    if (!wire?.weights) return null;
    const weights = decode(wire.weights);
    if (!weights) return null;
    if (wire.format === "dense") {
      const { shape, data, scale } = weights;
      if (!scale) return null;
      return new AttentionData(wire, shape.slice(0, 3), shape[3], data, scale);
    }
    const [columns, offsets, rowscale, kept] = [
      wire.columns,
      wire.offsets,
      wire.rowscale,
      wire.kept,
    ].map((envelope) => decode(envelope));
    if (!columns || !offsets || !rowscale) return null;
    const scale = /** @type {Float32Array} */ (rowscale.data);
    const data = new AttentionData(wire, rowscale.shape, null, weights.data, scale);
    data.columns = columns.data;
    data.offsets = offsets.data;
    data.keptShare = kept ? /** @type {Float32Array} */ (kept.data) : null;
    return data;
  }

  /**
   * @param {{layers: number[], heads?: number[] | null}} sent heads: null when all of them were
   * @param {number[]} shape layers, heads, queries
   * @param {number | null} keys row length of dense data
   * @param {Numbers} values
   * @param {Float32Array} scale one a row
   */
  constructor({ layers, heads = null }, shape, keys, values, scale) {
    this.layers = layers;
    this.sentHeads = heads;
    this.heads = shape[1];
    this.queries = shape[2];
    this.keys = keys;
    this.values = values;
    this.scale = scale;
    /** @type {Numbers | null} */
    this.columns = null;
    /** @type {Numbers | null} */
    this.offsets = null;
    /** @type {Float32Array | null} */
    this.keptShare = null;
  }

  /** The same weights, each row times a factor. @param {Float32Array} factors one a row */
  scaledBy(factors) {
    /** @type {AttentionData} */
    const scaled = Object.assign(Object.create(AttentionData.prototype), this);
    scaled.scale = this.scale.map((scale, row) => scale * factors[row]);
    return scaled;
  }

  /** Whether a layer was sent, with these heads. @param {number} layer @param {number[]} [heads] */
  has(layer, heads = []) {
    const { sentHeads } = this;
    return this.layers.includes(layer) && heads.every((head) => sentHeads?.includes(head) ?? true);
  }

  /** @param {number} layer @param {number} head @param {number} query */
  rowIndex(layer, head, query) {
    const place = this.sentHeads ? this.sentHeads.indexOf(head) : head;
    return (this.layers.indexOf(layer) * this.heads + place) * this.queries + query;
  }

  /**
   * @param {number} layer
   * @param {number} head
   * @param {number} query
   * @returns {Row}
   */
  row(layer, head, query) {
    const row = this.rowIndex(layer, head, query);
    const scale = this.scale[row];
    if (this.offsets && this.columns) {
      const [from, to] = [this.offsets[row], this.offsets[row + 1]];
      return {
        values: this.values.subarray(from, to),
        columns: this.columns.subarray(from, to),
        scale,
      };
    }
    const keys = this.keys ?? 0;
    return { values: this.values.subarray(row * keys, (row + 1) * keys), columns: null, scale };
  }

  /** How many weights of a row were sent. @param {number} layer @param {number} head @param {number} query */
  length(layer, head, query) {
    if (!this.offsets) return this.keys ?? 0;
    const row = this.rowIndex(layer, head, query);
    return this.offsets[row + 1] - this.offsets[row];
  }

  /**
   * One weight; NaN for a row that is not a number, null when it was not sent.
   * @param {number} layer
   * @param {number} head
   * @param {number} query
   * @param {number} key
   * @returns {number | null}
   */
  weight(layer, head, query, key) {
    const { values, columns, scale } = this.row(layer, head, query);
    if (Number.isNaN(scale)) return Number.NaN;
    const place = columns ? columns.indexOf(key) : key;
    return place < 0 || place >= values.length ? null : values[place] * scale;
  }

  /**
   * Mean over some heads; what was not sent counts as nothing.
   * @param {number} layer
   * @param {number[]} heads
   * @param {number} query
   * @param {number} key
   */
  meanWeight(layer, heads, query, key) {
    const all = heads.map((head) => this.weight(layer, head, query, key) ?? 0);
    return all.reduce((sum, weight) => sum + weight, 0) / heads.length;
  }

  /**
   * Share of the weight that was sent, mean over the rows that are numbers; 1 when all was.
   * @param {number} layer
   * @param {number[]} heads
   */
  kept(layer, heads) {
    if (!this.keptShare) return 1;
    let sum = 0;
    let rows = 0;
    for (const head of heads) {
      for (let query = 0; query < this.queries; query++) {
        const share = this.keptShare[this.rowIndex(layer, head, query)];
        if (Number.isNaN(share)) continue;
        sum += share;
        rows += 1;
      }
    }
    return rows ? sum / rows : 1;
  }

  /**
   * 1 for every query whose weights are not numbers in one of the heads.
   * @param {number} layer
   * @param {number[]} heads
   */
  broken(layer, heads) {
    return Uint8Array.from({ length: this.queries }, (_, query) =>
      heads.some((head) => this.isBroken(layer, head, query)) ? 1 : 0,
    );
  }

  /** Whether a row is not numbers. @param {number} layer @param {number} head @param {number} query */
  isBroken(layer, head, query) {
    return Number.isNaN(this.scale[this.rowIndex(layer, head, query)]);
  }

  /**
   * How much of one row's weight goes to some keys.
   * @param {number} layer
   * @param {number} head
   * @param {number} query
   * @param {Uint8Array} keys 1 for the keys that count
   */
  rowMass(layer, head, query, keys) {
    return massOf(this.row(layer, head, query), keys);
  }

  /**
   * How much of the weight goes to some keys, mean over the rows that are numbers.
   * @param {number} layer
   * @param {number[]} heads
   * @param {Uint8Array} keys 1 for the keys that count
   */
  mass(layer, heads, keys) {
    let sum = 0;
    let rows = 0;
    for (const head of heads) {
      for (let query = 0; query < this.queries; query++) {
        const row = this.row(layer, head, query);
        if (Number.isNaN(row.scale)) continue;
        rows += 1;
        sum += massOf(row, keys);
      }
    }
    return rows ? sum / rows : 0;
  }
}

/** @param {Row} row @param {Uint8Array} keys */
function massOf({ values, columns, scale }, keys) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    if (keys[columns ? columns[i] : i]) sum += values[i];
  }
  return sum * scale;
}

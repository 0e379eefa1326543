/** Points of queries and keys, and the edges within each sentence, as they came over the wire. */

import { decode } from "../../core/wire.js";

/** @typedef {import("./types").SpaceWire} SpaceWire */
/** @typedef {import("./types").Point} Point */
/** @typedef {import("./types").Partner} Partner */
/** @typedef {import("../../core/types").Numbers} Numbers */

const NAMES = /** @type {const} */ ([
  "points",
  "sentence",
  "norms",
  "weights",
  "columns",
  "offsets",
  "rowscale",
]);

export class Space {
  /** Null when the bytes have not arrived. @param {SpaceWire | null | undefined} wire */
  static decode(wire) {
    if (!wire?.points) return null;
    const data = NAMES.map((name) => decode(wire[name])?.data ?? null);
    if (data.some((one) => one === null)) return null;
    return new Space(wire, /** @type {Numbers[]} */ (data));
  }

  /** @param {SpaceWire} wire @param {Numbers[]} data in the order of NAMES */
  constructor(wire, [points, sentence, norms, weights, columns, offsets, rowscale]) {
    this.wire = wire;
    this.points = /** @type {Float32Array} */ (points);
    this.sentence = sentence;
    this.norms = /** @type {Float32Array} */ (norms);
    this.weights = weights;
    this.columns = columns;
    this.offsets = offsets;
    this.rowscale = rowscale;
    this.count = sentence.length;
    /** First token of every sentence, and the end of the last. @type {number[]} */
    this.starts = [];
    for (let token = 0; token < this.count; token++) {
      if (token === 0 || sentence[token] !== sentence[token - 1]) this.starts.push(token);
    }
    this.starts.push(this.count);
  }

  /** @param {Point} point */
  x({ side, token }) {
    return this.points[2 * (token + (side === "key" ? this.count : 0))];
  }

  /** @param {Point} point */
  y({ side, token }) {
    return this.points[2 * (token + (side === "key" ? this.count : 0)) + 1];
  }

  /** @param {Point} point */
  norm({ side, token }) {
    return this.norms[token + (side === "key" ? this.count : 0)];
  }

  /** Where a token is in its sentence. @param {number} token */
  position(token) {
    return token - this.starts[this.sentence[token]];
  }

  /** Token over all sentences, or null when there is none. @param {number} sentence @param {number | null} position */
  tokenAt(sentence, position) {
    if (position === null || position < 0 || sentence < 0) return null;
    const token = this.starts[sentence] + position;
    return token < (this.starts[sentence + 1] ?? 0) ? token : null;
  }

  /** What a point is tied to in its sentence, the strongest first. @param {Point} point @returns {Partner[]} */
  partners({ side, token }) {
    const first = this.starts[this.sentence[token]];
    const last = this.starts[this.sentence[token] + 1];
    /** @type {Partner[]} */
    const found = [];
    const [from, to] = side === "query" ? [token, token + 1] : [first, last];
    for (let query = from; query < to; query++) {
      for (let entry = this.offsets[query]; entry < this.offsets[query + 1]; entry++) {
        const key = first + this.columns[entry];
        const weight = this.weights[entry] * this.rowscale[query];
        if (side === "query") found.push({ token: key, weight });
        else if (key === token) found.push({ token: query, weight });
      }
    }
    return found.sort((a, b) => b.weight - a.weight || a.token - b.token);
  }
}

/** Queries and keys of one head as they came over the wire, and what is derived of them. */

import { decode } from "../../core/wire.js";

/** @typedef {import("./types").PartWire} PartWire */
/** @typedef {import("./types").Pair} Pair */
/** @typedef {import("./types").Row} Row */
/** @typedef {import("./types").KeyRow} KeyRow */

/** Keys in the list, besides the chosen one. */
const LISTED = 30;

export class HeadPart {
  /** Null when the bytes have not arrived. @param {PartWire | null | undefined} wire */
  static decode(wire) {
    if (!wire?.rows) return null;
    const [query, key, rows] = [wire.query, wire.key, wire.rows].map((one) => decode(one));
    const weights = wire.weights ? decode(wire.weights) : null;
    if (!query || !key || !rows || (wire.weights && !weights)) return null;
    return new HeadPart(wire, {
      channels: query.shape[1],
      keys: rows.shape[2],
      queries: rows.shape[1],
      query: /** @type {Float32Array} */ (query.data),
      key: /** @type {Float32Array} */ (key.data),
      rows: /** @type {Float32Array} */ (rows.data),
      steps: rows.shape[0],
      weights: /** @type {Float32Array | null} */ (weights?.data ?? null),
    });
  }

  /**
   * @param {PartWire} wire
   * @param {{channels: number, keys: number, queries: number, query: Float32Array,
   *   key: Float32Array, rows: Float32Array, steps: number, weights: Float32Array | null}} data
   */
  constructor(wire, data) {
    this.wire = wire;
    this.data = data;
    this.layer = wire.layer;
    this.head = wire.head;
  }

  /** Where a query was sent, −1 when it was not. @param {number} query */
  queryPlace(query) {
    const { queries } = this.wire;
    if (queries) return queries.indexOf(query);
    return query < this.data.queries ? query : -1;
  }

  /** @param {number} key */
  keyPlace(key) {
    const { keys } = this.wire;
    if (keys) return keys.indexOf(key);
    return key < this.data.keys ? key : -1;
  }

  /** Which token a sent key is. @param {number} place */
  keyAt(place) {
    return this.wire.keys?.[place] ?? place;
  }

  /** The strongest key of a query that is not the first token. @param {number} query */
  bestKey(query) {
    return this.wire.best_keys[this.queryPlace(query)];
  }

  /** Weights of one query over all keys. @param {number} query */
  weights(query) {
    const place = this.queryPlace(query);
    if (!this.data.weights) return this.stage(this.data.steps - 1, place);
    const size = this.data.weights.length / this.data.queries;
    return this.data.weights.subarray(place * size, (place + 1) * size);
  }

  /** What is there after a step, for the keys sent. @param {number} step @param {number} place of the query */
  stage(step, place) {
    const { rows, queries, keys } = this.data;
    const from = (step * queries + place) * keys;
    return rows.subarray(from, from + keys);
  }

  /** @param {number} place */
  keyVector(place) {
    const { key, channels } = this.data;
    return key.subarray(place * channels, (place + 1) * channels);
  }

  /** @param {number} place */
  queryVector(place) {
    const { query, channels } = this.data;
    return query.subarray(place * channels, (place + 1) * channels);
  }

  /**
   * One edge. Both tokens must have been sent.
   * @param {number} query
   * @param {number} key
   * @returns {Pair}
   */
  pair(query, key) {
    const [place, at] = [this.queryPlace(query), this.keyPlace(key)];
    const { names, symbols, notes } = this.wire;
    const steps = names[place].map((name, step) => {
      const row = this.stage(step, place);
      return { name, symbol: symbols[place][step], note: notes[name] ?? "", value: row[at], row };
    });
    const [queryVector, keyVector] = [this.queryVector(place), this.keyVector(at)];
    return {
      query,
      key,
      queryVector,
      keyVector,
      product: multiplied(queryVector, keyVector),
      steps,
      score: steps[steps.length - 3].value,
      weight: steps[steps.length - 1].value,
    };
  }

  /**
   * All keys of a query, the strongest first; those that the mask hides are only counted.
   * @param {number} query
   * @param {number} chosen a key that is listed in any case
   * @returns {Row}
   */
  row(query, chosen) {
    const place = this.queryPlace(query);
    const { steps, keys } = this.data;
    const [scores, weights] = [this.stage(steps - 3, place), this.stage(steps - 1, place)];
    const queryVector = this.queryVector(place);
    const places = Array.from({ length: keys }, (_, at) => at)
      .filter((at) => this.keyAt(at) === chosen || scores[at] > -3e4 || Number.isNaN(scores[at]))
      .sort((a, b) => weights[b] - weights[a] || a - b);
    const listed = places.filter((at, i) => i < LISTED || this.keyAt(at) === chosen);
    const list = listed.map((at) => ({
      key: this.keyAt(at),
      score: scores[at],
      weight: weights[at],
      product: multiplied(queryVector, this.keyVector(at)),
    }));
    const all = this.weights(query);
    const hidden = this.wire.hidden[place];
    const seen = all.length - hidden;
    const visible = list.filter(({ score }) => !(score <= -3e4)).length;
    const sum = all.reduce((total, weight) => total + weight, 0);
    const held = list.reduce((total, { weight }) => total + weight, 0);
    return {
      keys: list,
      rest: { count: seen - visible, weight: Math.max(0, sum - held) },
      hidden,
      sink: this.wire.sinks[place],
      largest: list.reduce((most, { product }) => largest(product, most), 0),
    };
  }
}

/** @param {Float32Array} a @param {Float32Array} b */
function multiplied(a, b) {
  return Float64Array.from(a, (value, i) => value * b[i]);
}

/** @param {ArrayLike<number>} values @param {number} from */
function largest(values, from) {
  let most = from;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]) || 0);
  return most;
}

/**
 * The order in which dimensions stand.
 * @param {Float64Array} product
 * @param {import("./types").Order} order
 */
export function ordered(product, order) {
  const places = Array.from(product, (_, i) => i);
  return order === "dimension" ? places : places.sort((a, b) => product[b] - product[a] || a - b);
}

/**
 * The sum after each dimension.
 * @param {Float64Array} product
 * @param {number[]} places
 */
export function sums(product, places) {
  let sum = 0;
  return Float64Array.from(places, (place) => {
    sum += product[place];
    return sum;
  });
}

/**
 * What fills the picture of some edges: they are drawn on one scale.
 * @param {Pair[]} pairs
 * @param {import("./types").Order} order
 */
export function scalesOf(pairs, order) {
  const found = { query: 0, key: 0, product: 0, low: 0, high: 0 };
  for (const { queryVector, keyVector, product } of pairs) {
    found.query = largest(queryVector, found.query);
    found.key = largest(keyVector, found.key);
    found.product = largest(product, found.product);
    const walk = sums(product, ordered(product, order)).filter(Number.isFinite);
    found.low = Math.min(found.low, ...walk);
    found.high = Math.max(found.high, ...walk);
  }
  return found;
}

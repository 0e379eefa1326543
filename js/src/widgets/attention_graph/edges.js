/** From weights to the edges of one picture: filtered, strongest first, indexed by token. */

import { MEAN } from "../../attention/ink.js";

/** @typedef {import("../../attention/data.js").AttentionData} AttentionData */
/** @typedef {import("./types").EdgeSet} EdgeSet */
/** @typedef {import("./types").EdgeIndex} EdgeIndex */
/** @typedef {import("./types").Line} Line */
/** @typedef {import("./types").Target} Target */
/** @typedef {import("./types").Side} Side */

const BUCKETS = 4096;
/** Below this share of the scale a weight has no visible ink at any setting. */
export const FLOOR = 1e-4;
/**
 * @typedef {object} Choice
 * @property {number} layer
 * @property {number[]} heads
 * @property {boolean} mean
 * @property {number} threshold share of the scale
 * @property {boolean} relative the scale ends at the largest absolute weight, not at 1
 * @property {number | null} topK
 * @property {Uint8Array} hiddenQueries
 * @property {Uint8Array} hiddenKeys
 */

/**
 * @param {AttentionData} data
 * @param {Choice} choice
 * @param {number} keys
 * @returns {EdgeSet}
 */
export function buildEdges(data, choice, keys) {
  const raw = choice.mean ? collectMean(data, choice, keys) : collect(data, choice);
  const most = choice.relative ? largest(raw.weight, raw.count) : 1;
  const least = leastOf(choice) * most;
  let kept = strongestFirst(raw.weight, raw.count, most);
  if (choice.relative) kept = kept.filter((edge) => Math.abs(raw.weight[edge]) >= least);
  if (choice.topK !== null) kept = strongestPerRow(raw, kept, choice.topK, data.queries);
  const count = kept.length;
  const query = new Uint32Array(count);
  const key = new Uint32Array(count);
  const head = new Uint16Array(count);
  const weight = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const edge = kept[i];
    query[i] = raw.query[edge];
    key[i] = raw.key[edge];
    head[i] = raw.head[edge];
    weight[i] = raw.weight[edge];
  }
  const byQuery = indexBy(query, data.queries);
  const byKey = indexBy(key, keys);
  return { count, query, key, head, weight, byQuery, byKey, most };
}

/** @param {Float32Array} weight @param {number} count */
function largest(weight, count) {
  let most = 0;
  for (let i = 0; i < count; i++) most = Math.max(most, Math.abs(weight[i]));
  return most;
}

/** The least weight drawn, as a share of the scale. @param {Choice} choice */
export const leastOf = ({ threshold }) => Math.max(FLOOR, threshold);

/** The least weight collected: of a scale that is not known yet, all that is there. @param {Choice} choice */
const leastCollected = (choice) => (choice.relative ? Number.MIN_VALUE : leastOf(choice));

/** @typedef {{count: number, query: Uint32Array, key: Uint32Array, head: Uint16Array, weight: Float32Array}} Raw */

/** @param {number} capacity @returns {Raw} */
function room(capacity) {
  return {
    count: 0,
    query: new Uint32Array(capacity),
    key: new Uint32Array(capacity),
    head: new Uint16Array(capacity),
    weight: new Float32Array(capacity),
  };
}

/** @param {AttentionData} data @param {Choice} choice @returns {Raw} */
function collect(data, choice) {
  const { layer, heads, hiddenQueries, hiddenKeys } = choice;
  const raw = room(capacityOf(data, layer, heads));
  const least = leastCollected(choice);
  for (const head of heads) {
    for (let q = 0; q < data.queries; q++) {
      if (!hiddenQueries[q]) addRow(raw, data.row(layer, head, q), q, head, least, hiddenKeys);
    }
  }
  return raw;
}

/**
 * @param {Raw} raw
 * @param {import("../../attention/data.js").Row} row
 * @param {number} query
 * @param {number} head
 * @param {number} least
 * @param {Uint8Array} hiddenKeys
 */
function addRow(raw, { values, columns, scale }, query, head, least, hiddenKeys) {
  for (let i = 0; i < values.length; i++) {
    const weight = values[i] * scale;
    const key = columns ? columns[i] : i;
    if (!(Math.abs(weight) >= least) || hiddenKeys[key]) continue; // a NaN fails the comparison
    push(raw, query, key, head, weight);
  }
}

/** @param {AttentionData} data @param {number} layer @param {number[]} heads */
function capacityOf(data, layer, heads) {
  let capacity = 0;
  for (const head of heads) {
    for (let q = 0; q < data.queries; q++) capacity += data.length(layer, head, q);
  }
  return capacity;
}

/** @param {Raw} raw @param {number} query @param {number} key @param {number} head @param {number} weight */
function push(raw, query, key, head, weight) {
  const n = raw.count;
  raw.query[n] = query;
  raw.key[n] = key;
  raw.head[n] = head;
  raw.weight[n] = weight;
  raw.count = n + 1;
}

/** @param {AttentionData} data @param {Choice} choice @param {number} keys @returns {Raw} */
function collectMean(data, choice, keys) {
  const { layer, heads, hiddenQueries, hiddenKeys } = choice;
  const sums = new Float32Array(keys);
  const there = new Uint8Array(keys);
  const touched = new Uint32Array(keys);
  const least = leastCollected(choice);
  const raw = room(capacityOf(data, layer, heads));
  for (let q = 0; q < data.queries; q++) {
    if (hiddenQueries[q] || heads.some((head) => data.isBroken(layer, head, q))) continue;
    let count = 0;
    for (const head of heads) {
      count = addTo({ sums, there, touched }, count, data.row(layer, head, q));
    }
    for (let i = 0; i < count; i++) {
      const key = touched[i];
      const weight = sums[key] / heads.length;
      sums[key] = there[key] = 0;
      if (Math.abs(weight) >= least && !hiddenKeys[key]) push(raw, q, key, MEAN, weight);
    }
  }
  return raw;
}

/**
 * Add a row to sums; returns how many keys have been touched.
 * @param {{sums: Float32Array, there: Uint8Array, touched: Uint32Array}} all weights of different
 *   sign may sum to 0: `there` tells which keys were met
 * @param {number} count keys touched so far
 * @param {import("../../attention/data.js").Row} row
 */
function addTo({ sums, there, touched }, count, { values, columns, scale }) {
  let more = count;
  for (let i = 0; i < values.length; i++) {
    const key = columns ? columns[i] : i;
    const weight = values[i] * scale;
    if (weight === 0) continue;
    if (!there[key]) touched[more++] = key;
    there[key] = 1;
    sums[key] += weight;
  }
  return more;
}

/**
 * Order by absolute weight in linear time, to a resolution finer than ink can show.
 * @param {Float32Array} weight
 * @param {number} count
 * @param {number} [most] the end of the scale
 */
export function strongestFirst(weight, count, most = 1) {
  const starts = new Uint32Array(BUCKETS + 1);
  const bucket = (/** @type {number} */ w) =>
    BUCKETS - 1 - Math.min(BUCKETS - 1, Math.floor(Math.sqrt(Math.abs(w) / (most || 1)) * BUCKETS));
  for (let i = 0; i < count; i++) starts[bucket(weight[i]) + 1] += 1;
  for (let b = 0; b < BUCKETS; b++) starts[b + 1] += starts[b];
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const b = bucket(weight[i]);
    order[starts[b]] = i;
    starts[b] += 1;
  }
  return order;
}

/** @param {Raw} raw @param {Uint32Array} order @param {number} topK @param {number} queries */
function strongestPerRow(raw, order, topK, queries) {
  /** @type {Map<number, number>} */
  const taken = new Map();
  return order.filter((edge) => {
    const row = raw.head[edge] * queries + raw.query[edge];
    const already = taken.get(row) ?? 0;
    if (already >= topK) return false;
    taken.set(row, already + 1);
    return true;
  });
}

/** @param {Uint32Array} ends @param {number} size @returns {EdgeIndex} */
function indexBy(ends, size) {
  const offsets = new Uint32Array(size + 1);
  for (let i = 0; i < ends.length; i++) offsets[ends[i] + 1] += 1;
  for (let i = 0; i < size; i++) offsets[i + 1] += offsets[i];
  const next = offsets.slice(0, size);
  const edges = new Uint32Array(ends.length);
  for (let i = 0; i < ends.length; i++) {
    const at = ends[i];
    edges[next[at]] = i;
    next[at] += 1;
  }
  return { offsets, edges };
}

/**
 * The edges of one token, strongest first.
 * @param {EdgeSet} set
 * @param {Side} side
 * @param {number} index
 * @returns {Uint32Array}
 */
export function edgesOf(set, side, index) {
  const { offsets, edges } = side === "query" ? set.byQuery : set.byKey;
  if (index < 0 || index + 1 >= offsets.length) return new Uint32Array(0);
  return edges.subarray(offsets[index], offsets[index + 1]);
}

/**
 * Where a token looks (or who looks at it): each token of the other side once, by its strongest
 * head, strongest first.
 * @param {EdgeSet} set
 * @param {Side} side
 * @param {number} index
 * @returns {Target[]}
 */
export function targetsOf(set, side, index) {
  const other = side === "query" ? set.key : set.query;
  /** @type {Map<number, Target>} */
  const best = new Map();
  for (const edge of edgesOf(set, side, index)) {
    const known = best.get(other[edge]);
    if (known && Math.abs(known.weight) >= Math.abs(set.weight[edge])) continue;
    best.set(other[edge], { index: other[edge], weight: set.weight[edge], head: set.head[edge] });
  }
  return [...best.values()].sort(byStrength);
}

/** @param {Target} a @param {Target} b */
export const byStrength = (a, b) => Math.abs(b.weight) - Math.abs(a.weight) || a.index - b.index;

/**
 * The strongest edges that start at a query in view, and those that only end at a key in view.
 * @typedef {object} Seen
 * @property {Line[]} lines of both kinds, strongest first
 * @property {{drawn: number, total: number}} starting
 * @property {{drawn: number, total: number}} ending
 * @property {number} bundle how many neighbouring tokens share a line; 1: none
 */

/**
 * @param {EdgeSet} set
 * @param {{query: [number, number], key: [number, number] | null}} ranges tokens in view, first
 *   and one past the last; key null: only edges of the queries in view
 * @param {number | null} only one head, or all
 * @param {{starting: number, ending: number}} budget
 * @returns {Seen}
 */
export function edgesInView(set, { query: [q0, q1], key }, only, budget) {
  const [k0, k1] = key ?? [0, 0];
  /** @type {Line[]} */
  const lines = [];
  const starting = { drawn: 0, total: 0 };
  const ending = { drawn: 0, total: 0 };
  for (let i = 0; i < set.count; i++) {
    const [q, k] = [set.query[i], set.key[i]];
    const starts = q >= q0 && q < q1;
    if (!starts && (k < k0 || k >= k1)) continue;
    if (only !== null && set.head[i] !== only) continue;
    const kind = starts ? starting : ending;
    kind.total += 1;
    if (kind.drawn >= (starts ? budget.starting : budget.ending)) continue;
    kind.drawn += 1;
    lines.push({ query: q, key: k, head: set.head[i], weight: set.weight[i] });
  }
  return { lines, starting, ending, bundle: 1 };
}

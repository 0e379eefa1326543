/**
 * What passes where. The number of an edge is what is wanted above it, times its step, times what
 * comes to it from below; backwards from an output everything below counts alike.
 */

import { decode } from "../../core/wire.js";

/** @typedef {import("./types").Node} Node */
/** @typedef {import("./types").Edge} Edge */
/** @typedef {import("./types").Trace} Trace */
/** @typedef {import("./types").TraceWire} TraceWire */
/** @typedef {import("../../attention/data.js").AttentionData} Steps */

/** Edges under this share of their layer are not drawn. */
export const FLOOR = 1e-3;
/** Steps under this weight are not drawn. */
export const FAINTEST = 0.02;
/** Beyond this many nodes the lines of what they keep would be all there is to see. */
const MOST_KEPT = 20_000;

/**
 * Visit the edges into a node that are numbers.
 * @param {Steps} steps
 * @param {number} layer
 * @param {number} query
 * @param {(key: number, weight: number) => void} visit
 */
function eachKey(steps, layer, query, visit) {
  const { values, columns, scale } = steps.row(layer, 0, query);
  if (!(scale > 0)) return; // a row of zeros, or of no numbers
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== 0) visit(columns ? columns[i] : i, values[i] * scale);
  }
}

/** Where a row lies in the values. @param {Steps} steps @param {number} row @returns {[number, number]} */
function span({ offsets, queries }, row) {
  return offsets ? [offsets[row], offsets[row + 1]] : [row * queries, (row + 1) * queries];
}

/** @param {Steps} steps @param {number} count */
const zeros = (steps, count) =>
  Array.from({ length: count }, () => new Float64Array(steps.queries));

/**
 * How much of a node is in every node before it, by level.
 * @param {Steps} steps
 * @param {Node} node
 */
function backward(steps, { level, token }) {
  const { values, columns, scale, queries } = steps;
  const levels = zeros(steps, level + 1);
  levels[level][token] = 1;
  for (let layer = level - 1; layer >= 0; layer--) {
    const [above, below] = [levels[layer + 1], levels[layer]];
    for (let query = 0; query < queries; query++) {
      const row = layer * queries + query;
      const factor = above[query] * scale[row];
      if (!factor) continue; // 0, or not a number
      const [from, to] = span(steps, row);
      for (let i = from; i < to; i++) below[columns ? columns[i] : i - from] += factor * values[i];
    }
  }
  return levels;
}

/**
 * How much of one input is in every node, by level.
 * @param {Steps} steps
 * @param {number} source
 * @param {number} top level
 */
function forward(steps, source, top) {
  const { values, columns, scale, queries } = steps;
  const levels = zeros(steps, top + 1);
  levels[0][source] = 1;
  for (let layer = 0; layer < top; layer++) {
    const [below, above] = [levels[layer], levels[layer + 1]];
    for (let query = 0; query < queries; query++) {
      const row = layer * queries + query;
      if (!scale[row]) continue;
      const [from, to] = span(steps, row);
      let sum = 0;
      for (let i = from; i < to; i++) sum += values[i] * below[columns ? columns[i] : i - from];
      above[query] = sum * scale[row];
    }
  }
  return levels;
}

/**
 * What passes a layer: the same, summed at its lower or at its upper nodes.
 * @param {Float64Array[] | null} wanted
 * @param {Float64Array[] | null} given
 * @param {number} layer
 */
function totalOf(wanted, given, layer) {
  const nodes = wanted ? wanted[layer] : /** @type {Float64Array[]} */ (given)[layer + 1];
  const times = wanted && given ? given[layer] : null;
  let total = 0;
  for (let i = 0; i < nodes.length; i++) total += Math.abs(nodes[i] * (times ? times[i] : 1));
  return total;
}

/**
 * Edges that carry enough of what passes their layer, weakest first.
 * @param {Steps} steps
 * @param {Float64Array[] | null} wanted from above, by level; null: everything alike
 * @param {Float64Array[] | null} given from below, by level; null: everything alike
 * @param {number} top level
 * @param {number | null} own the token on whose line 1 is left out; null: none
 */
function passing(steps, wanted, given, top, own) {
  const { scale, queries } = steps;
  /** @type {Edge[]} */
  const edges = [];
  for (let layer = 0; layer < top; layer++) {
    const total = totalOf(wanted, given, layer) - (own === null ? 0 : 1);
    const below = given ? given[layer] : null;
    for (let query = 0; query < queries; query++) {
      const factor = (wanted ? wanted[layer + 1][query] : 1) * scale[layer * queries + query];
      if (!factor) continue; // 0, or not a number
      const line = query === own ? own : -1;
      addEdges(edges, steps, { layer, query, factor, below, line, total });
    }
  }
  return edges.sort((a, b) => a.share - b.share);
}

/**
 * @param {Edge[]} edges
 * @param {Steps} steps
 * @param {{layer: number, query: number, factor: number, below: Float64Array | null, line: number,
 *   total: number}} row line: the key whose edge is 1 less
 */
function addEdges(edges, steps, { layer, query, factor, below, line, total }) {
  const { values, columns } = steps;
  const least = Math.max(FLOOR * total, Number.MIN_VALUE);
  const [from, to] = span(steps, layer * steps.queries + query);
  for (let i = from; i < to; i++) {
    const key = columns ? columns[i] : i - from;
    const passes = factor * values[i] * (below ? below[key] : 1);
    const amount = Math.abs(key === line ? passes - 1 : passes);
    if (amount >= least) edges.push({ layer, query, key, share: Math.min(1, amount / total) });
  }
}

/** As shares of their sum. @param {Float64Array} amounts */
function normalised(amounts) {
  let total = 0;
  for (const amount of amounts) total += Math.abs(amount);
  return total > 0 ? amounts.map((amount) => amount / total) : amounts;
}

/**
 * @param {Float64Array[]} levels
 * @param {number | null} own the token that begins with 1 of itself, which is left out; null: none
 * @param {number} end level at which it stands for the node itself
 */
function shares(levels, own, end) {
  return levels.map((amounts, level) => normalised(level === end ? amounts : less(amounts, own)));
}

/** @param {Float64Array} amounts @param {number | null} own */
function less(amounts, own) {
  if (own === null) return amounts;
  const rest = amounts.slice();
  rest[own] -= 1;
  return rest;
}

/**
 * What a node is made of.
 * @param {Steps} steps
 * @param {Node} node
 * @param {boolean} minusOwn leave out the 1 of itself that a node begins with
 * @returns {Trace}
 */
export function traceOf(steps, node, minusOwn) {
  const wanted = backward(steps, node);
  const own = minusOwn ? node.token : null;
  return {
    levels: shares(wanted, own, node.level),
    row: less(wanted[0], own),
    edges: passing(steps, wanted, null, node.level, own),
    end: node,
    source: null,
  };
}

/**
 * The ways from one input to a node.
 * @param {Steps} steps
 * @param {Node} node
 * @param {number} source
 * @param {boolean} minusOwn
 * @returns {Trace}
 */
export function traceBetween(steps, node, source, minusOwn) {
  const wanted = backward(steps, node);
  const given = forward(steps, source, node.level);
  const own = minusOwn && source === node.token ? source : null;
  const both = wanted.map((level, at) => level.map((v, i) => v * given[at][i]));
  return {
    levels: shares(both, own, -1),
    row: wanted[0],
    edges: passing(steps, wanted, given, node.level, own),
    end: node,
    source,
  };
}

/**
 * Where one input goes.
 * @param {Steps} steps
 * @param {number} source
 * @param {boolean} minusOwn
 * @returns {Trace}
 */
export function traceFrom(steps, source, minusOwn) {
  const top = steps.layers.length;
  const given = forward(steps, source, top);
  const own = minusOwn ? source : null;
  return {
    levels: shares(given, own, 0),
    row: given[0],
    edges: passing(steps, null, given, top, own),
    end: null,
    source,
  };
}

/**
 * The edges that come into a node from the level before: all that is known without a trace.
 * @param {Steps} steps
 * @param {Node} node
 * @returns {Edge[]}
 */
export function edgesInto(steps, { level, token }) {
  /** @type {Edge[]} */
  const edges = [];
  if (level === 0) return edges;
  eachKey(steps, level - 1, token, (key, weight) => {
    edges.push({ layer: level - 1, query: token, key, share: Math.min(1, Math.abs(weight)) });
  });
  return edges.sort((a, b) => a.share - b.share);
}

/**
 * One number of a step; null when it was not sent.
 * @param {Steps} steps
 * @param {{layer: number, query: number, key: number}} edge
 */
export const stepOf = (steps, { layer, query, key }) => steps.weight(layer, 0, query, key);

/**
 * The strongest steps between tokens of the whole picture, weakest first, and before them what
 * tokens keep, unless that is too much to be seen.
 * @param {Steps} steps
 * @param {number} least
 * @param {number} most how many between tokens
 * @returns {Edge[]}
 */
export function strongestSteps(steps, least, most) {
  const from = Math.max(least, FAINTEST);
  const layers = steps.layers.length;
  const keeps = layers * steps.queries <= MOST_KEPT;
  /** @type {Edge[]} */
  const between = [];
  /** @type {Edge[]} */
  const kept = [];
  for (let layer = 0; layer < layers; layer++) {
    for (let query = 0; query < steps.queries; query++) {
      eachKey(steps, layer, query, (key, weight) => {
        const share = Math.min(1, Math.abs(weight));
        if (share < from) return;
        if (key !== query) between.push({ layer, query, key, share });
        else if (keeps) kept.push({ layer, query, key, share });
      });
    }
  }
  const byShare = (/** @type {Edge} */ a, /** @type {Edge} */ b) => a.share - b.share;
  return [...kept.sort(byShare), ...between.sort(byShare).slice(-most)];
}

/**
 * The trait `_trace`; null when there is none or its bytes have not arrived.
 * @param {TraceWire | null | undefined} wire
 * @returns {Trace | null}
 */
export function decodeTrace(wire) {
  if (!wire?.nodes) return null;
  const [nodes, layers, queries, keys, weights] = [
    wire.nodes,
    wire.layers,
    wire.queries,
    wire.keys,
    wire.weights,
  ].map((envelope) => decode(envelope));
  if (!nodes || !layers || !queries || !keys || !weights) return null;
  const [count, tokens] = nodes.shape;
  const levels = Array.from({ length: count }, (_, level) =>
    Float64Array.from(nodes.data.subarray(level * tokens, (level + 1) * tokens)),
  );
  const totals = levels.map((level) => level.reduce((sum, v) => sum + Math.abs(v), 0));
  const edges = Array.from(weights.data, (weight, i) => ({
    layer: layers.data[i],
    query: queries.data[i],
    key: keys.data[i],
    share: Math.abs(weight) / (totals[layers.data[i]] || 1),
  }));
  return {
    levels: levels.map(normalised),
    row: levels[0],
    edges: edges.sort((a, b) => a.share - b.share),
    end: { level: wire.layer + 1, token: wire.token },
    source: null,
  };
}

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

/**
 * Every edge of a layer that is a number.
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

/**
 * How much of a node is in every node before it, by level.
 * @param {Steps} steps
 * @param {Node} node
 */
function backward(steps, { level, token }) {
  const levels = Array.from({ length: level + 1 }, () => new Float64Array(steps.queries));
  levels[level][token] = 1;
  for (let layer = level - 1; layer >= 0; layer--) {
    const [above, below] = [levels[layer + 1], levels[layer]];
    for (let query = 0; query < above.length; query++) {
      const here = above[query];
      if (here === 0) continue;
      eachKey(steps, layer, query, (key, weight) => {
        below[key] += here * weight;
      });
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
  const levels = Array.from({ length: top + 1 }, () => new Float64Array(steps.queries));
  levels[0][source] = 1;
  for (let layer = 0; layer < top; layer++) {
    const [below, above] = [levels[layer], levels[layer + 1]];
    for (let query = 0; query < above.length; query++) {
      eachKey(steps, layer, query, (key, weight) => {
        above[query] += weight * below[key];
      });
    }
  }
  return levels;
}

/**
 * @param {Steps} steps
 * @param {Float64Array[] | null} wanted from above, by level; null: everything alike
 * @param {Float64Array[] | null} given from below, by level; null: everything alike
 * @param {number} top level
 * @param {number | null} own the token on whose line 1 is left out; null: none
 */
function passing(steps, wanted, given, top, own) {
  /** @type {Edge[]} */
  const edges = [];
  for (let layer = 0; layer < top; layer++) {
    /** @type {Edge[]} */
    const here = [];
    let total = 0;
    for (let query = 0; query < steps.queries; query++) {
      const above = wanted ? wanted[layer + 1][query] : 1;
      if (above === 0) continue;
      eachKey(steps, layer, query, (key, weight) => {
        const start = query === own && key === own ? 1 : 0;
        const amount = Math.abs(above * weight * (given ? given[layer][key] : 1) - start);
        total += amount;
        if (amount > 0) here.push({ layer, query, key, share: amount });
      });
    }
    for (const edge of here) {
      edge.share /= total;
      if (edge.share >= FLOOR) edges.push(edge);
    }
  }
  return edges.sort((a, b) => a.share - b.share);
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
 * The strongest steps of the whole picture, weakest first.
 * @param {Steps} steps
 * @param {number} least
 * @param {number} most how many
 * @returns {Edge[]}
 */
export function strongestSteps(steps, least, most) {
  const from = Math.max(least, FAINTEST);
  /** @type {Edge[]} */
  const found = [];
  for (let layer = 0; layer < steps.layers.length; layer++) {
    for (let query = 0; query < steps.queries; query++) {
      eachKey(steps, layer, query, (key, weight) => {
        const share = Math.abs(weight);
        if (share >= from) found.push({ layer, query, key, share: Math.min(1, share) });
      });
    }
  }
  return found.sort((a, b) => a.share - b.share).slice(-most);
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

/** From what is selected and hovered to the trace that is shown. */

import { edgesInto, traceBetween, traceFrom, traceOf } from "./trace.js";

/** @typedef {import("./types").Node} Node */
/** @typedef {import("./types").Edge} Edge */
/** @typedef {import("./types").Trace} Trace */
/** @typedef {import("./types").State} State */
/** @typedef {import("./store.js").Store} Store */

/** Longer texts are folded unless the reader says otherwise. */
export const LONG = 60;

/** @param {State} state @param {number} count tokens */
export const isFolded = (state, count) => state.fold ?? count > LONG;

/** @param {Store} store @returns {Node | null} */
export function selectedNode(store) {
  const { token, layer } = store.state;
  const count = store.tokens?.text.length ?? 0;
  const { layers } = store.figure;
  if (token === null || token < 0 || token >= count || layers === 0) return null;
  return { level: Math.min(layer, layers - 1) + 1, token };
}

/**
 * Traces of the present data; the one of the selected node is computed once.
 * @param {Store} store
 */
export function traces(store) {
  /** @type {{of: string, data: unknown, trace: Trace | null}} */
  let kept = { of: "", data: null, trace: null };

  /** @returns {Trace | null} */
  function ofSelected() {
    const node = selectedNode(store);
    const { data, trace, figure } = store;
    if (!node || !data) return null;
    if (trace?.end?.token === node.token && trace.end.level === node.level) return trace;
    if (!figure.linear) return null;
    const of = `${node.level} ${node.token}`;
    if (kept.of !== of || kept.data !== data)
      kept = { of, data, trace: traceOf(data, node, figure.minus_own) };
    return kept.trace;
  }

  return {
    ofSelected,
    /**
     * @param {Node | null} hover
     * @returns {{trace: Trace | null, node: Node | null, edges: Edge[], local: boolean}}
     *   local: only the edges into a node are known
     */
    shown(hover) {
      const { data, figure } = store;
      const selected = selectedNode(store);
      const own = ofSelected();
      const same = hover?.level === selected?.level && hover?.token === selected?.token;
      const rest = { trace: own, node: selected, edges: own?.edges ?? [], local: false };
      if (!hover || !data || same) return rest;
      if (!figure.linear) {
        if (hover.level === 0) return rest;
        return { trace: null, node: hover, edges: edgesInto(data, hover), local: true };
      }
      const minus = figure.minus_own;
      let trace = null;
      if (hover.level > 0) trace = traceOf(data, hover, minus);
      else if (selected) trace = traceBetween(data, selected, hover.token, minus);
      else trace = traceFrom(data, hover.token, minus);
      const node = hover.level > 0 ? hover : selected;
      return { trace, node, edges: trace.edges, local: false };
    },
  };
}

/**
 * Edges that pass the reader's filters; their order is kept.
 * @param {Edge[]} edges weakest first
 * @param {State} state
 */
export function filtered(edges, { threshold, top_k }) {
  if (threshold === 0 && top_k === null) return edges;
  /** @type {Map<string, number>} */
  const taken = new Map();
  /** @type {Edge[]} */
  const kept = [];
  for (let i = edges.length - 1; i >= 0 && edges[i].share >= threshold; i--) {
    const into = `${edges[i].layer} ${edges[i].query}`;
    const used = taken.get(into) ?? 0;
    if (top_k !== null && used >= top_k) continue;
    taken.set(into, used + 1);
    kept.push(edges[i]);
  }
  return kept.reverse();
}

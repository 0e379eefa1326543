/** From what the reader chose to what is drawn. */

import { count } from "../../core/format.js";
import { LONG } from "./long/window.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Side} Side */
/** @typedef {import("./types").TokenPair} TokenPair */
/** @typedef {import("./edges.js").Choice} Choice */

/**
 * Heads shown: the chosen ones that this layer has; all when none is chosen.
 * @param {State} state
 * @param {Figure} figure
 * @param {number} layer
 * @returns {number[]}
 */
export function headsShown(state, figure, layer) {
  const count = figure.heads[layer] ?? 0;
  const chosen = state.heads.filter((head) => head >= 0 && head < count);
  return chosen.length > 0 ? chosen : Array.from({ length: count }, (_, head) => head);
}

/**
 * 1 for every token that takes no part.
 * @param {Tokens} tokens
 * @param {State} state
 */
export function hiddenTokens(tokens, state) {
  return Uint8Array.from(tokens.text, (_, index) => {
    const first = state.hide_first && index === 0;
    const special = state.hide_special && tokens.kind[index] === "special";
    return first || special ? 1 : 0;
  });
}

/**
 * @param {State} state
 * @param {number} layer
 * @param {number[]} heads
 * @param {{query: Uint8Array, key: Uint8Array}} hidden
 * @returns {Choice}
 */
export function edgeChoice(state, layer, heads, hidden) {
  return {
    layer,
    heads,
    mean: state.mean && heads.length > 1,
    threshold: state.threshold,
    topK: state.top_k,
    hiddenQueries: hidden.query,
    hiddenKeys: hidden.key,
  };
}

/**
 * @param {State} state
 * @param {{query: Tokens, key: Tokens}} tokens
 * @returns {Place | null}
 */
export function pinnedPlace(state, tokens) {
  const { token, side } = state;
  if (token === null || token < 0 || token >= tokens[side].text.length) return null;
  return { side, index: token };
}

/**
 * The side whose text is laid out in small beside a long picture; of one text, both are.
 * @param {{query: Tokens, key: Tokens}} tokens
 * @returns {Side}
 */
export const longerSide = ({ query, key }) =>
  key.text.length >= query.text.length ? "key" : "query";

/**
 * Headings of the two columns.
 * @param {string} kind
 * @returns {[string, string]}
 */
export function columnNames(kind) {
  return kind === "cross"
    ? ["decoder token (query)", "encoder token (key)"]
    : ["token (query)", "token (key)"];
}

/**
 * How the tokens are laid out: as the reader chose, where the text allows it.
 * @param {State} state
 * @param {TokenPair | null} pair
 * @returns {"columns" | "long" | "arcs"}
 */
export function layoutOf(state, pair) {
  const most = Math.max(pair?.query.text.length ?? 0, pair?.key?.text.length ?? 0);
  if (most > LONG) return "long";
  return pair?.key ? "columns" : state.view;
}

/**
 * Why there are no arcs for this text; null when there are.
 * @param {TokenPair | null} pair
 */
export function whyNoArcs(pair) {
  if (pair?.key) return "Arcs need one text: here queries and keys differ";
  const tokens = pair?.query.text.length ?? 0;
  if (tokens <= LONG) return null;
  return `Arcs are for texts of up to ${LONG} tokens; this one has ${count(tokens)}`;
}

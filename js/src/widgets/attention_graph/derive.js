/** From what the reader chose to what is drawn. */

import { isRelative } from "../../attention/ink.js";
import { count } from "../../core/format.js";
import { LONG } from "./long/window.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Side} Side */
/** @typedef {import("./types").TokenPair} TokenPair */

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

const TEXTS = { A: 0, B: 1 };

/** Whether there are two texts to filter by, on both sides. @param {{query: Tokens, key: Tokens | null}} tokens */
export const isPair = ({ query, key }) =>
  [query, key ?? query].every(({ segment }) => segment?.includes(0) && segment.includes(1));

/**
 * 1 for every token that a filter leaves out: of the other text of a pair, or not written yet.
 * @param {{query: Tokens, key: Tokens}} tokens
 * @param {State} state
 * @param {Figure} figure
 */
export function filteredTokens(tokens, state, figure) {
  const written = writtenAt(state, figure);
  const ends =
    state.pair !== "all" && isPair(tokens)
      ? /** @type {("A" | "B")[]} */ (state.pair.split("→"))
      : null;
  const mask = (/** @type {Side} */ side) => {
    const { text, segment } = tokens[side];
    const wanted = ends && TEXTS[ends[side === "query" ? 0 : 1]];
    const last = side === "query" || tokens.key === tokens.query ? written : null;
    return Uint8Array.from(text, (_, i) =>
      (wanted !== null && segment?.[i] !== wanted) || (last !== null && i >= last) ? 1 : 0,
    );
  };
  return { query: mask("query"), key: mask("key") };
}

/**
 * The token that is being written at the step shown; null when the whole text is.
 * @param {State} state
 * @param {Figure} figure
 */
export const writtenAt = ({ step }, { start }) =>
  step === null || start === null || start === undefined ? null : start + step;

/** Where one of two masks is 1. @param {Uint8Array} a @param {Uint8Array} b */
export const either = (a, b) => a.map((one, i) => one | b[i]);

/**
 * Why hidden weight cannot be given to the others; null when it can.
 * @param {State} state
 * @param {Figure} figure
 */
export function whyNoRenormalising({ hide_first, hide_special }, figure) {
  if (isRelative(figure)) return "Only shares of attention can be renormalised";
  return hide_first || hide_special ? null : "Hide the first token or special tokens first";
}

/**
 * The row of the pinned token.
 * @param {State} state
 * @param {{query: Tokens, key: Tokens}} tokens
 * @param {import("./folding.js").Fold | null} fold
 * @returns {Place | null}
 */
export function pinnedPlace(state, tokens, fold) {
  const { token, side } = state;
  if (token === null || token < 0 || token >= tokens[side].text.length) return null;
  return { side, index: fold ? fold.rowOf[token] : token };
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
 * @returns {"columns" | "long" | "arcs" | "lines"}
 */
export function layoutOf(state, pair) {
  const most = Math.max(pair?.query.text.length ?? 0, pair?.key?.text.length ?? 0);
  if (most > LONG) return "long";
  return pair?.key && state.view === "arcs" ? "columns" : state.view;
}

/**
 * Why there are no arcs for this text; null when there are.
 * @param {TokenPair | null} pair
 */
export function whyNoArcs(pair) {
  if (pair?.key) return "Arcs need one text: here queries and keys differ";
  return whyOnlyShort("Arcs are", pair);
}

/**
 * Why a text is too long for something; null when it is not.
 * @param {string} what "Arcs are"
 * @param {TokenPair | null} pair
 */
export function whyOnlyShort(what, pair) {
  const tokens = Math.max(pair?.query.text.length ?? 0, pair?.key?.text.length ?? 0);
  if (tokens <= LONG) return null;
  return `${what} for texts of up to ${LONG} tokens; this one has ${count(tokens)}`;
}

/** What is drawn now: edges, exact weights and the facts of the caption, from the store's state. */

import { isRelative, MEAN, makeInk } from "../../attention/ink.js";
import {
  either,
  filteredTokens,
  headsShown,
  hiddenTokens,
  isPair,
  whyNoRenormalising,
} from "./derive.js";
import { buildEdges, targetsOf } from "./edges.js";
import { foldData, foldMask } from "./folding.js";
import { heldBy, renormalised } from "./hiding.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Target} Target */
/** @typedef {import("./types").EdgeSet} EdgeSet */
/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("../../attention/ink.js").Ink} Ink */
/** @typedef {import("./hiding.js").Held} Held */
/** @typedef {{tokens: {query: Tokens, key: Tokens}, fold: import("./folding.js").Fold | null}} Text all tokens, and what of them is one row */
/** @typedef {{layer: number, heads: number[]}} Part of the model: what the reader looks at */

/**
 * @typedef {object} Drawing
 * @property {EdgeSet} set
 * @property {number[]} heads
 * @property {Ink} ink
 * @property {(head: number, query: number, key: number) => number | null} weight
 * @property {(place: Place) => Target[]} targets where a token looks, or who looks at it
 * @property {Part} part
 * @property {{query: Uint8Array, key: Uint8Array}} broken queries that are not numbers
 * @property {Facts} facts
 */

/**
 * @typedef {object} Facts for the caption
 * @property {Held | null} hidden what hidden tokens hold, where that is a share
 * @property {Held | null} pair what goes from text to text
 * @property {boolean} renormalised
 * @property {number} empty tokens that have nothing left
 * @property {number} kept share of the weight that was sent
 */

/**
 * The layer and heads that the reader chose when they are here, else those drawn before, else any.
 * @param {Store} store
 * @param {Part | null} before
 * @returns {Part | null} null: nothing can be drawn
 */
export function partShown({ state, figure, data }, before) {
  if (!data) return null;
  const wanted = { layer: state.layer, heads: headsShown(state, figure, state.layer) };
  if (data.has(wanted.layer, wanted.heads)) return wanted;
  if (before && data.has(before.layer, before.heads)) return before;
  const [layer] = data.layers;
  const heads = headsShown(state, figure, layer);
  if (data.has(layer, heads)) return { layer, heads };
  return { layer, heads: data.sentHeads ?? headsShown({ ...state, heads: [] }, figure, layer) };
}

/**
 * What the reader chose and has not come: "layer 5", "heads 2 and 4"; null when all is here.
 * @param {Store} store
 */
export function missingPart({ state, figure, data }) {
  const heads = headsShown(state, figure, state.layer);
  if (data?.has(state.layer, heads)) return null;
  if (!data?.has(state.layer)) return `layer ${figure.layer_numbers[state.layer] ?? state.layer}`;
  const absent = heads.filter((head) => !data.has(state.layer, [head]));
  if (absent.length === 1) return `head ${absent[0]}`;
  const last = absent.pop();
  return `heads ${absent.join(", ")} and ${last}`;
}

/** "heads 2 and 4 are not here" @param {string} missing @param {boolean} alone without a kernel, in a page */
export function saysAbsent(missing, alone) {
  const verb = missing.startsWith("heads") ? "are" : "is";
  return `${missing} ${verb} ${alone ? "not in this page" : "not here"}`;
}

/**
 * @param {Store} store
 * @param {Part} part
 * @param {Text} text
 * @param {Theme} theme
 * @returns {Drawing}
 */
export function makeDrawing(store, part, text, theme) {
  const { state, figure, sums } = store;
  const sent = /** @type {NonNullable<Store["data"]>} */ (store.data);
  const { layer, heads } = part;
  const { tokens, fold } = text;
  const { hidden, filtered } = masksOf(store, tokens);
  const source = { data: sent, sums, layer, heads };
  const scaled =
    state.renormalise && whyNoRenormalising(state, figure) === null
      ? renormalised(source, hidden.key)
      : null;
  const out = {
    query: either(hidden.query, filtered.query),
    key: either(hidden.key, filtered.key),
  };
  const data = fold
    ? foldData(scaled?.data ?? sent, layer, heads, fold, out)
    : (scaled?.data ?? sent);
  /** @type {import("./edges.js").Choice} */
  const choice = {
    layer,
    heads,
    mean: state.mean && heads.length > 1,
    threshold: state.threshold,
    relative: isRelative(figure),
    topK: state.top_k,
    hiddenQueries: foldMask(fold, out.query),
    hiddenKeys: foldMask(fold, out.key),
  };
  const set = buildEdges(data, choice, fold ? fold.from.length : tokens.key.text.length);

  /** It comes later than the drawing. @param {Place} place */
  function focusOn(place) {
    const { focus } = store;
    if (fold || !focus?.covers(place, layer, heads)) return null;
    return scaled ? focus.scaledBy(scaled.factor) : focus;
  }
  /** @param {number} head @param {number} query @param {number} key */
  function weight(head, query, key) {
    if (scaled && choice.hiddenKeys[key]) return 0;
    const [fromQuery, fromKey] = [
      focusOn({ side: "query", index: query }),
      focusOn({ side: "key", index: key }),
    ];
    const known = fromQuery ?? fromKey;
    const other = fromQuery ? key : query;
    if (head === MEAN) {
      return known ? known.mean(heads, other) : data.meanWeight(layer, heads, query, key);
    }
    return known ? known.weight(head, other) : data.weight(layer, head, query, key);
  }

  return {
    set,
    heads: choice.mean ? [MEAN] : heads,
    ink: makeInk({ theme, signed: figure.signed, unit: figure.unit, most: set.most }),
    weight,
    targets: (place) =>
      focusOn(place)?.targets(choice, set.most) ?? targetsOf(set, place.side, place.index),
    part,
    broken: { query: data.broken(layer, heads), key: new Uint8Array(0) },
    facts: {
      hidden: isRelative(figure) ? null : heldBy(source, hidden.key),
      pair:
        state.pair === "all" || isRelative(figure) || !isPair(tokens)
          ? null
          : heldBy(
              source,
              filtered.key.map((one) => 1 - one),
              filtered.query,
            ),
      renormalised: Boolean(scaled),
      empty: count(scaled?.empty.map((one, i) => one & (1 - out.query[i]))),
      kept: sent.kept(layer, heads),
    },
  };
}

/** @param {Uint8Array | undefined} marked */
const count = (marked) => marked?.reduce((sum, one) => sum + one, 0) ?? 0;

/** Tokens that are hidden as targets, and those that a filter leaves out. @param {Store} store @param {{query: Tokens, key: Tokens}} tokens */
export function masksOf({ state, figure }, tokens) {
  return {
    hidden: { query: hiddenTokens(tokens.query, state), key: hiddenTokens(tokens.key, state) },
    filtered: filteredTokens(tokens, state, figure),
  };
}

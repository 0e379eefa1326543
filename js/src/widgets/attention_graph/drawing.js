/** What is drawn now: edges, exact weights and the facts of the caption, from the store's state. */

import { edgeChoice, headsShown, hiddenTokens } from "./derive.js";
import { buildEdges, MEAN, targetsOf } from "./edges.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Target} Target */
/** @typedef {import("./types").EdgeSet} EdgeSet */
/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {{layer: number, heads: number[]}} Part of the model: what the reader looks at */

/**
 * @typedef {object} Drawing
 * @property {EdgeSet} set
 * @property {number[]} heads
 * @property {Theme} theme
 * @property {(head: number, query: number, key: number) => number | null} weight
 * @property {(place: Place) => Target[]} targets where a token looks, or who looks at it
 * @property {Part} part
 * @property {{query: Uint8Array, key: Uint8Array}} broken queries that are not numbers
 * @property {{hiddenMass: number, kept: number}} shares
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
 * @param {{query: Tokens, key: Tokens}} tokens
 * @param {Theme} theme
 * @returns {Drawing}
 */
export function makeDrawing(store, part, tokens, theme) {
  const { state } = store;
  const data = /** @type {NonNullable<Store["data"]>} */ (store.data);
  const { layer, heads } = part;
  const hidden = { query: hiddenTokens(tokens.query, state), key: hiddenTokens(tokens.key, state) };
  const choice = edgeChoice(state, layer, heads, hidden);
  const set = buildEdges(data, choice, tokens.key.text.length);

  /** @param {Place} place */
  const focusOn = (place) => (store.focus?.covers(place, layer, heads) ? store.focus : null);
  /** @param {number} head @param {number} query @param {number} key */
  function weight(head, query, key) {
    const [fromQuery, fromKey] = [
      focusOn({ side: "query", index: query }),
      focusOn({ side: "key", index: key }),
    ];
    const exact = fromQuery ?? fromKey;
    const other = fromQuery ? key : query;
    if (head === MEAN) {
      return exact ? exact.mean(heads, other) : data.meanWeight(layer, heads, query, key);
    }
    return exact ? exact.weight(head, other) : data.weight(layer, head, query, key);
  }

  return {
    set,
    heads: choice.mean ? [MEAN] : heads,
    theme,
    weight,
    targets: (place) => focusOn(place)?.targets(choice) ?? targetsOf(set, place.side, place.index),
    part,
    broken: { query: data.broken(layer, heads), key: new Uint8Array(0) },
    shares: {
      hiddenMass: data.mass(layer, heads, hidden.key),
      kept: data.kept(layer, heads),
    },
  };
}

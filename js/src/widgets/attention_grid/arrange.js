/** Which head stands where, and which fade: sorting and filtering, free of any drawing. */

import { mainType, rankOf } from "./types_words.js";

/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Arrangement} Arrangement */
/** @typedef {import("./types").Spot} Spot */
/** @typedef {import("./thumbnails.js").Thumbnails} Thumbnails */
/** @typedef {import("./statistics.js").Statistics} Statistics */

/**
 * 1 for the heads that pass every filter. A head whose number is not known passes none of them.
 * @param {number} count
 * @param {State} state
 * @param {Float32Array | null} values of the statistic shown
 * @param {string[][] | null} labels
 */
export function passing(count, { at_least, at_most, show_types }, values, labels) {
  return Uint8Array.from({ length: count }, (_, head) => {
    if (values && at_least !== null && !(values[head] >= Math.fround(at_least))) return 0;
    if (values && at_most !== null && !(values[head] <= Math.fround(at_most))) return 0;
    const typed = labels && show_types.length > 0;
    return typed && !labels[head].some((name) => show_types.includes(name)) ? 0 : 1;
  });
}

/**
 * Indices of heads in the order wished; ties stay as in the model, unknown numbers come last.
 * @param {number[]} heads
 * @param {State} state
 * @param {Float32Array | null} values
 * @param {string[][] | null} labels
 */
export function ordered(heads, { order, descending }, values, labels) {
  if (order === "type" && labels) {
    const rank = (/** @type {number} */ head) => rankOf(mainType(labels[head]));
    return [...heads].sort((a, b) => rank(a) - rank(b) || a - b);
  }
  if (order !== "statistic" || !values) return heads;
  const sign = descending ? -1 : 1;
  return [...heads].sort((a, b) => {
    const [x, y] = [values[a], values[b]];
    if (Number.isNaN(x) || Number.isNaN(y))
      return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return sign * (x - y) || a - b;
  });
}

/** How many heads each type has, in their order. @param {string[][] | null} labels @returns {Map<string, number>} */
export function typeCounts(labels) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const name of (labels ?? []).flat()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map([...counts].sort((a, b) => rankOf(a[0]) - rankOf(b[0])));
}

/**
 * @param {Thumbnails} thumbnails
 * @param {number} layers
 * @param {State} state
 * @param {Statistics} statistics
 * @param {string[][] | null} labels
 * @param {number} fits columns of a flat arrangement
 * @returns {Arrangement}
 */
export function arrange(thumbnails, layers, state, statistics, labels, fits) {
  const { count } = thumbnails;
  const values = statistics.of(state.statistic);
  const passes = passing(count, state, values, labels);
  const shown = passes.reduce((sum, one) => sum + one, 0);
  const all = Array.from({ length: count }, (_, head) => head);
  const sort = (/** @type {number[]} */ heads) => ordered(heads, state, values, labels);
  /** @type {Arrangement["rows"]} */
  const rows = [];
  /** @type {Spot[]} */
  const spots = [];
  const spotOf = new Int32Array(count).fill(-1);
  const place = (/** @type {number[]} */ heads, /** @type {number | null} */ layer, note = "") => {
    const row = rows.length;
    const here = heads.map((head, column) => {
      spotOf[head] = spots.length;
      return spots.push({ head, row, column }) - 1;
    });
    rows.push({ layer, spots: here, note });
  };
  if (state.flat) {
    const left = sort(all.filter((head) => passes[head] === 1));
    for (let at = 0; at < left.length; at += fits) place(left.slice(at, at + fits), null);
  } else {
    const byLayer = Array.from({ length: layers }, () => /** @type {number[]} */ ([]));
    for (const head of all) byLayer[thumbnails.heads[head][0]]?.push(head);
    for (const [layer, heads] of byLayer.entries()) {
      place(sort(heads), layer, thumbnails.unreadable[layer] ?? "");
    }
  }
  return {
    flat: state.flat,
    spots,
    spotOf,
    rows,
    columns: state.flat ? fits : Math.max(1, ...rows.map((row) => row.spots.length)),
    numbered: !state.flat && (state.order === "head" || (state.order === "type" && !labels)),
    passes,
    shown,
  };
}

/** The numbers of the figure, free of the DOM: scale, rank, share, what is beyond or broken. */

import { clamp } from "../core/format.js";

/** @typedef {import("../core/types").Tokens} Tokens */
/** @typedef {import("./types").Measure} Measure */

/**
 * The one rule for the end of a scale, as in lmwidget/figures/scale.py: of fewer units the strongest is
 * the end, so that it is seen as dominant. Of more, one in so many may lie beyond the end, where the
 * strongest would leave the others pale.
 */
const MANY = 32;
const STRONGER = 2;

/**
 * Scale and order of the scores. Special tokens and, of many units, the few strongest do not
 * stretch the scale: they are drawn at its end and named in `beyond`.
 * @param {Tokens} tokens
 * @param {Float32Array} scores in the unit of the figure, one a token
 * @param {boolean} signed
 * @param {{reach?: number, limit?: number}} [options] `reach`: tokens from there on have no score;
 *   `limit`: end of a scale that several pictures have in common
 * @returns {Measure}
 */
export function measure(tokens, scores, signed, { reach = scores.length, limit: given } = {}) {
  const sizes = Array.from(scores.subarray(0, reach), Math.abs);
  const finite = [...sizes.keys()].filter((index) => Number.isFinite(sizes[index]));
  const limit = given ?? scaleEnd(counted(tokens, sizes));
  const total = finite.reduce((sum, index) => sum + sizes[index], 0);
  const order = [...finite].sort((a, b) => sizes[b] - sizes[a] || a - b);
  const rank = new Uint32Array(scores.length);
  order.forEach((index, place) => {
    rank[index] = place + 1;
  });
  return {
    scores,
    signed,
    limit,
    total,
    order,
    rank,
    beyond: new Set(order.filter((index) => sizes[index] > limit * (1 + 1e-6))),
    broken: [...sizes.keys()].filter((index) => !Number.isFinite(sizes[index])),
    reach,
  };
}

/**
 * One end of the scale for several maps of one text, such as the steps of an answer: all their cells
 * together count as units.
 * @param {Tokens} tokens
 * @param {Float32Array[]} maps
 */
export function commonLimit(tokens, maps) {
  return scaleEnd(maps.flatMap((scores) => counted(tokens, Array.from(scores, Math.abs))));
}

/** The sizes that a scale is made for: special tokens count where there is nothing else. @param {Tokens} tokens @param {number[]} sizes absolute scores */
function counted(tokens, sizes) {
  const finite = [...sizes.keys()].filter((index) => Number.isFinite(sizes[index]));
  const written = finite.filter((index) => tokens.kind[index] !== "special");
  return (written.length > 0 ? written : finite).map((index) => sizes[index]);
}

/** @param {number[]} sizes */
function scaleEnd(sizes) {
  const some = Float64Array.from(sizes.filter((size) => size > 0)).sort();
  const most = some.at(-1) ?? 0;
  const rest = some[some.length - 1 - Math.floor(some.length / MANY)];
  return most > STRONGER * rest ? rest : most;
}

/**
 * Place of a score on the scale: −1…1, clipped; NaN when the score is not a number.
 * @param {Measure} measured
 * @param {number} index
 */
export function place(measured, index) {
  const score = measured.scores[index];
  if (!Number.isFinite(score)) return Number.NaN;
  if (measured.limit === 0) return 0;
  return clamp(score / measured.limit, -1, 1);
}

/**
 * Share of a token in the sum of all absolute scores, 0…1.
 * @param {Measure} measured
 * @param {number} index
 */
export function share(measured, index) {
  return measured.total > 0 ? Math.abs(measured.scores[index]) / measured.total : 0;
}

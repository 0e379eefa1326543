/** The numbers of the figure, free of the DOM: scale, rank, share, what is beyond or broken. */

import { clamp } from "../core/format.js";

/** @typedef {import("../core/types").Tokens} Tokens */
/** @typedef {import("./types").Measure} Measure */

/**
 * A token so many times stronger than the next does not set the scale for the others. The first
 * token is often strong for being first, whatever it says.
 */
const OUTLIER = 5;
const OUTLIER_FIRST = 2.5;

/**
 * Scale and order of the scores. Special tokens and a single outlier do not stretch the scale:
 * they are drawn at its end and named in `beyond`.
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
  const limit = given ?? scaleLimit(tokens, sizes, finite);
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
 * One end of the scale for several maps of one text, such as the steps of an answer.
 * @param {Tokens} tokens
 * @param {Float32Array[]} maps
 */
export function commonLimit(tokens, maps) {
  const limits = maps.map((scores) => {
    const sizes = Array.from(scores, Math.abs);
    return scaleLimit(
      tokens,
      sizes,
      [...sizes.keys()].filter((index) => Number.isFinite(sizes[index])),
    );
  });
  return Math.max(0, ...limits);
}

/**
 * @param {Tokens} tokens
 * @param {number[]} sizes absolute scores
 * @param {number[]} finite indices of usable scores
 */
function scaleLimit(tokens, sizes, finite) {
  const written = finite.filter((index) => tokens.kind[index] !== "special");
  const counted = written.length > 0 ? written : finite;
  if (counted.length === 0) return 0;
  let [strongest, next] = [counted[0], -1];
  for (const index of counted.slice(1)) {
    if (sizes[index] > sizes[strongest]) [strongest, next] = [index, strongest];
    else if (next < 0 || sizes[index] > sizes[next]) next = index;
  }
  const bound = strongest === counted[0] ? OUTLIER_FIRST : OUTLIER;
  const outlier = counted.length > 3 && sizes[next] > 0 && sizes[strongest] > bound * sizes[next];
  return sizes[outlier ? next : strongest];
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

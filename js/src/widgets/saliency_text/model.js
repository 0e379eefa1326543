/** The numbers of the figure, free of the DOM: scale, rank, share, what is beyond or broken. */

import { clamp } from "../../core/format.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Measure} Measure */
/** @typedef {import("./types").SaliencyState} SaliencyState */

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
 * @returns {Measure}
 */
export function measure(tokens, scores, signed) {
  const sizes = Array.from(scores, Math.abs);
  const finite = [...sizes.keys()].filter((index) => Number.isFinite(sizes[index]));
  const limit = scaleLimit(tokens, sizes, finite);
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
    beyond: order.filter((index) => sizes[index] > limit * (1 + 1e-6)),
    broken: [...sizes.keys()].filter((index) => !Number.isFinite(sizes[index])),
  };
}

/**
 * @param {Tokens} tokens
 * @param {number[]} sizes absolute scores
 * @param {number[]} finite indices of usable scores
 */
function scaleLimit(tokens, sizes, finite) {
  const written = finite.filter((index) => tokens.kind[index] !== "special");
  const counted = written.length > 0 ? written : finite;
  const [strongest, next] = [...counted].sort((a, b) => sizes[b] - sizes[a]);
  if (strongest === undefined) return 0;
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

/**
 * Scores that belong to the tokens on screen, or null while they are on their way.
 * @param {SaliencyState} state
 * @returns {Measure | null}
 */
export function measureState(state) {
  const { tokens, scores, figure } = state;
  if (!tokens || !scores || scores.length !== tokens.text.length) return null;
  return measure(tokens, scores, figure.signed);
}

/**
 * Tokens in display order, gathered into blocks (chat turns, segments of a pair) and, inside
 * them, groups: the byte fragments of one character stand together.
 * @param {Tokens} tokens
 * @returns {import("./types").Block[]}
 */
export function blocks(tokens) {
  /** @type {import("./types").Block[]} */
  const result = [];
  const names = blockNames(tokens);
  let previousEnd = -1;
  for (let index = 0; index < tokens.text.length; index++) {
    let block = result.at(-1);
    if (!block || block.key !== names[index]) {
      block = { key: names[index], role: tokens.role?.[index] ?? null, groups: [] };
      result.push(block);
      previousEnd = -1;
    }
    block.role ??= tokens.role?.[index] ?? null;
    const group = block.groups.at(-1);
    const overlaps = tokens.kind[index] === "bytes" && tokens.start[index] < previousEnd;
    if (overlaps && group && tokens.kind[group[0]] === "bytes") group.push(index);
    else block.groups.push([index]);
    previousEnd = tokens.end[index];
  }
  return result;
}

/**
 * Which block each token is in. Template tokens without a role open the turn that follows them.
 * @param {Tokens} tokens
 * @returns {string[]}
 */
function blockNames({ role, segment, text }) {
  const names = /** @type {string[]} */ (new Array(text.length).fill(""));
  if (role) {
    let turn = 0;
    let current = /** @type {string | null} */ (null);
    for (let index = text.length - 1; index >= 0; index--) {
      const own = role[index];
      if (own && own !== current) {
        turn += 1;
        current = own;
      }
      names[index] = `turn ${Math.max(turn, 1)}`;
    }
  } else if (segment?.some((value) => value !== segment[0])) {
    for (let index = 0; index < text.length; index++) names[index] = `segment ${segment[index]}`;
  }
  return names;
}

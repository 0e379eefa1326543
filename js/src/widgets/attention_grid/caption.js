/** What the picture encodes, pools and leaves out, in words. */

import { count, number } from "../../core/format.js";
import { inUnits, nameOf } from "./statistics.js";

/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").Arrangement} Arrangement */

/**
 * @param {object} facts
 * @param {State} facts.state
 * @param {Figure} facts.figure
 * @param {Arrangement} facts.arrangement
 * @param {import("./thumbnails.js").Thumbnails} facts.thumbnails
 * @param {number} facts.end of the colours when they are the same in all heads
 * @param {boolean} facts.bars whether a number stands under the heads
 * @returns {string}
 */
export function captionText({ state, figure, arrangement, thumbnails, end, bars }) {
  const { count: all, block } = thumbnails;
  return [
    state.flat
      ? "Each square is one head."
      : "Each square is one head: rows are layers, columns are heads.",
    "Inside, from each token (downwards) to the tokens it looks at (rightwards).",
    colours(state, figure, end),
    block[0] * block[1] > 1
      ? `Each cell is the ${figure.signed ? "largest in size" : "largest"} of ${block[0]} × ${block[1]} weights.`
      : "",
    bars ? `Bars: ${nameOf(state.statistic)}, from 0 to the largest of all heads.` : "",
    filters(state, arrangement, all),
    unread(figure, thumbnails.unreadable),
    thumbnails.broken > 0
      ? `Red: weights that are not numbers, in ${count(thumbnails.broken)} of the heads.`
      : "",
    figure.note,
  ]
    .filter(Boolean)
    .join(" ");
}

/** @param {State} state @param {Figure} figure @param {number} end */
function colours({ scale }, { signed }, end) {
  const what = signed ? "Orange is more, violet is less; the colour" : "The strength of the colour";
  const own = signed ? "the head’s own largest, in size" : "the head’s own largest weight";
  const to = scale === "head" ? own : `${number(end)} in all heads`;
  return `${what} is the square root of the weight, from 0 to ${to}.`;
}

/** @param {State} state @param {Arrangement} arrangement @param {number} all */
function filters(state, { shown, flat }, all) {
  if (shown === all) return "";
  const { at_least, at_most, show_types, statistic } = state;
  const why = [];
  if (at_least !== null) why.push(`${nameOf(statistic)} at least ${inUnits(statistic, at_least)}`);
  if (at_most !== null) why.push(`${nameOf(statistic)} at most ${inUnits(statistic, at_most)}`);
  if (show_types.length > 0) why.push(show_types.join(" or "));
  const rest = flat ? "the others are left out" : "the others are faded";
  return `${count(shown)} of ${count(all)} heads (${why.join(", ")}); ${rest}.`;
}

/** @param {Figure} figure @param {Record<string, string>} unreadable */
function unread({ layer_numbers }, unreadable) {
  const layers = Object.keys(unreadable).map((layer) => layer_numbers[Number(layer)] ?? layer);
  if (layers.length === 0) return "";
  return `Not readable: layer${layers.length > 1 ? "s" : ""} ${layers.join(", ")}.`;
}

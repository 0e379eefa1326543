/** What the picture encodes, hides and leaves out, in words. */

import { count, number, percent } from "../../core/format.js";
import { BUDGET, EXPONENT } from "./painter.js";

/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */

/**
 * @param {object} facts
 * @param {State} facts.state
 * @param {Figure} facts.figure
 * @param {number} facts.headsShown
 * @param {{drawn: number, total: number}} facts.edges
 * @param {number} facts.hiddenMass share of the weight that hidden tokens hold
 * @param {number} facts.broken tokens whose weights are not numbers
 * @param {number} facts.kept share of the weight that was sent
 * @returns {string}
 */
export function captionText({ state, figure, headsShown, edges, hiddenMass, broken, kept }) {
  return [
    encoding(state, figure, headsShown),
    limits(state, edges),
    concealed(state, headsShown, hiddenMass),
    figure.top_per_row && kept < 1 ? cut(figure.top_per_row, kept) : "",
    broken > 0 ? notNumbers(broken) : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** @param {State} state @param {Figure} figure @param {number} heads */
function encoding(state, figure, heads) {
  const what = state.mean && heads > 1 ? `mean weight of ${heads} heads` : "weight";
  const opacity = `Its opacity is the ${what}, the share of the head’s attention from 0 to 1 (to the power ${EXPONENT}).`;
  if (state.view === "columns") {
    return `A line goes from a token (left) to a token it attends to (right). ${opacity}`;
  }
  const where = figure.causal
    ? "An arc goes from a token back to an earlier token it attends to."
    : "An arc joins a token to one it attends to: above when that lies before it, below when after.";
  return `${where} ${opacity}`;
}

/** @param {State} state @param {{drawn: number, total: number}} edges */
function limits(state, { drawn, total }) {
  const parts = [];
  if (state.threshold > 0) parts.push(`Weights under ${number(state.threshold, 2)} are left out.`);
  if (state.top_k !== null) parts.push(`Only the strongest ${state.top_k} of each token and head.`);
  if (drawn < total) {
    parts.push(
      `Drawn: the ${count(BUDGET)} strongest of ${count(total)} lines from the tokens in view; hover a token for its own.`,
    );
  }
  return parts.join(" ");
}

/** @param {State} state @param {number} heads @param {number} share */
function concealed(state, heads, share) {
  const what = [
    state.hide_first ? "first token" : "",
    state.hide_special ? "special tokens" : "",
  ].filter(Boolean);
  if (what.length === 0) return "";
  const joined = what.join(" and ");
  const held = what.length > 1 || state.hide_special ? "they held" : "it held";
  const whose = heads === 1 ? "this head" : "these heads";
  return `${joined[0].toUpperCase()}${joined.slice(1)} hidden: ${held} ${percent(share)} of the weight of ${whose}.`;
}

/** @param {number} top @param {number} kept */
function cut(top, kept) {
  return `Sent: the strongest ${top} keys of each token, ${percent(kept)} of the weight.`;
}

/** @param {number} tokens */
function notNumbers(tokens) {
  const who = tokens === 1 ? "One token" : `${count(tokens)} tokens`;
  return `${who} marked NaN: in a head shown here, the weights are not numbers and cannot be drawn.`;
}

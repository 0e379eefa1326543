/** What the picture encodes, hides and leaves out, in words. */

import { count, number, percent } from "../../core/format.js";
import { LONG } from "./long/window.js";
import { EXPONENT } from "./painter.js";

/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./edges.js").Seen} Seen */

const OVERVIEW = {
  one: "At the right the whole text, darker where more attention goes.",
  key: "At the right the whole right text, darker where more attention goes.",
  query: "At the right the whole left text, darker where more of the attention shown comes from.",
};

/**
 * @param {object} facts
 * @param {State} facts.state
 * @param {"columns" | "long" | "arcs"} facts.layout
 * @param {"one" | "query" | "key"} facts.overview which text a long picture has in small: the one, or a side
 * @param {Figure} facts.figure
 * @param {number} facts.headsShown
 * @param {Omit<Seen, "lines">} facts.seen lines drawn, of how many
 * @param {number} facts.hiddenMass share of the weight that hidden tokens hold
 * @param {number} facts.broken tokens whose weights are not numbers
 * @param {number} facts.kept share of the weight that was sent
 * @param {boolean} facts.exact whether every weight of the pinned token is here
 * @returns {string}
 */
export function captionText(facts) {
  const { state, layout, figure, headsShown, seen, hiddenMass, broken, kept, exact } = facts;
  const { overview } = facts;
  const sent = figure.top_per_row;
  return [
    layout === "long" && state.view === "arcs"
      ? `Two columns instead of arcs: those are for up to ${LONG} tokens.`
      : "",
    encoding(state, layout, figure, headsShown),
    layout === "long" ? OVERVIEW[overview] : "",
    limits(state, seen),
    concealed(state, headsShown, hiddenMass),
    sent && kept < 1 ? cut(sent, kept, exact) : "",
    broken > 0 ? notNumbers(broken) : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** @param {State} state @param {string} layout @param {Figure} figure @param {number} heads */
function encoding(state, layout, figure, heads) {
  const what = state.mean && heads > 1 ? `mean weight of ${heads} heads` : "weight";
  const opacity = `Its opacity is the ${what}, the share of the head’s attention from 0 to 1 (to the power ${EXPONENT}).`;
  if (layout !== "arcs") {
    return `A line goes from a token (left) to a token it attends to (right). ${opacity}`;
  }
  const where = figure.causal
    ? "An arc goes from a token back to an earlier token it attends to."
    : "An arc joins a token to one it attends to: above when that lies before it, below when after.";
  return `${where} ${opacity}`;
}

/** @param {State} state @param {Omit<Seen, "lines">} seen */
function limits(state, { starting, ending, bundle }) {
  const parts = [];
  if (bundle > 1) {
    parts.push(
      `Here each line bundles ${count(bundle)} neighbouring tokens; its weight is the share of their attention.`,
    );
  }
  if (state.threshold > 0) parts.push(`Weights under ${number(state.threshold, 2)} are left out.`);
  if (state.top_k !== null) parts.push(`Only the strongest ${state.top_k} of each token and head.`);
  const drawn = [];
  const what = bundle > 1 ? "bundles" : "lines from the tokens in view";
  if (starting.drawn < starting.total) drawn.push(part(starting, what));
  if (ending.drawn < ending.total) drawn.push(part(ending, "lines that come to them from outside"));
  if (drawn.length > 0) parts.push(`Drawn: ${drawn.join(", ")}; hover a token for its own.`);
  return parts.join(" ");
}

/** @param {{drawn: number, total: number}} lines @param {string} which */
function part({ drawn, total }, which) {
  return `the ${count(drawn)} strongest of ${count(total)} ${which}`;
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

/** @param {number} top @param {number} kept @param {boolean} exact */
function cut(top, kept, exact) {
  const pinned = exact ? " Of the pinned token all are here." : "";
  return `Sent: the strongest ${top} keys of each token, ${percent(kept)} of the weight.${pinned}`;
}

/** @param {number} tokens */
function notNumbers(tokens) {
  const who = tokens === 1 ? "One token" : `${count(tokens)} tokens`;
  return `${who} marked NaN: in a head shown here, the weights are not numbers and cannot be drawn.`;
}

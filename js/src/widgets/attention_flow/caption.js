/** What the picture encodes, by which method, and what is left out, in words. */

import { count, number, percent } from "../../core/format.js";
import { BUDGET, EXPONENT, STEP_EXPONENT } from "./painter.js";
import { CARRIES } from "./rows.js";
import { FAINTEST, FLOOR } from "./trace.js";

/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").State} State */

/** Said where it happens. */
const GATHERS =
  "In a model that reads forward early tokens have little to take from, so over many layers rollout gathers on the first of them.";
/** What an edge is. @type {Record<string, (figure: Figure, heads: string) => string>} */
const EDGE = {
  attention: (_, heads) =>
    `An edge is the attention of a token (right end) to another (left end), ${heads}, as it is: without the residual stream.`,
  rollout: ({ residual }, heads) =>
    `An edge is how much of a token’s state goes into another’s: ${kept(residual)} stays with the token (the residual stream, assumed), the rest is the attention, ${heads} (attention rollout, Abnar & Zuidema 2020).`,
  flow: ({ residual }, heads) =>
    `An edge has a capacity: ${kept(residual)} for the residual stream, the rest by the attention, ${heads}. The blue lines are a maximum flow from each input to the selected output, added up (attention flow, Abnar & Zuidema 2020); the numbers are shares of their sum.`,
  norms: () =>
    "An edge is what the heads of a layer together, and the residual stream, write from a token into another (value-weighted norms, Kobayashi et al. 2020, 2021).",
  relevance: () =>
    "An edge is attention times its gradient, where positive, mean of all heads, beside the residual stream (Chefer et al. 2021). The 1 of itself that a token begins with is left out.",
};

/** @param {number | null} residual */
const kept = (residual) => (residual === null ? "a part" : percent(residual));

/**
 * @param {object} facts
 * @param {Figure} facts.figure
 * @param {State} facts.state
 * @param {boolean} facts.traced whether a trace is shown
 * @param {boolean} facts.awaited whether the selection has no trace though there is a selection
 * @param {number} facts.folded tokens folded away
 * @param {number} facts.foldedShare what they hold of the input of the selection
 * @param {number} facts.sent share of the steps that was sent
 * @param {boolean} facts.exact whether the trace is Python's
 * @param {boolean} facts.gathers whether one token of a text read forward has nearly all
 * @param {number} facts.broken rows that are not numbers
 * @returns {string}
 */
export function captionText({ figure, state, ...facts }) {
  const heads =
    state.heads.length > 0
      ? `mean of ${state.heads.length === 1 ? "head" : "heads"} ${state.heads.join(", ")}`
      : "mean of all heads";
  const edge = EDGE[figure.method]?.(figure, heads) ?? `Edges: ${figure.label || figure.method}.`;
  return [
    edge,
    facts.traced
      ? `Blue: what passes into the selected node, as a share of its layer; opacity is the share to the power ${EXPONENT}, a node’s area its share. Grey: all steps.`
      : `Opacity is the weight to the power ${STEP_EXPONENT}; drawn are the ${count(BUDGET)} strongest steps between tokens, of at least ${number(Math.max(state.threshold, FAINTEST))}.`,
    facts.awaited ? "Hovered: its capacities only; click for its maximum flow." : "",
    facts.gathers && figure.method === "rollout" ? GATHERS : "",
    facts.traced ? limits(state) : "",
    foldedText(facts.folded, facts.foldedShare),
    figure.top_per_row ? sentText(figure.top_per_row, facts.sent, facts.exact) : "",
    facts.broken > 0 ? `${count(facts.broken)} rows are not numbers and are left out.` : "",
    figure.note,
  ]
    .filter(Boolean)
    .join(" ");
}

/** @param {State} state */
function limits({ threshold, top_k }) {
  const under = Math.max(threshold, FLOOR);
  const parts = [`Edges under ${number(100 * under)}\u00a0% are left out.`];
  if (top_k !== null) parts.push(`Only the strongest ${top_k} into each node.`);
  return parts.join(" ");
}

/** @param {number} folded @param {number} share */
function foldedText(folded, share) {
  if (folded === 0) return "";
  const who = folded === 1 ? "1 token is" : `${count(folded)} tokens are`;
  return `${who} folded away: each carries less than ${percent(CARRIES)} at every layer, together ${percent(share)} of the input.`;
}

/** @param {number} top @param {number} kept @param {boolean} exact */
function sentText(top, kept, exact) {
  const pinned = exact ? " The selected node’s trace is exact." : "";
  return `Sent: the strongest ${top} edges into each node, ${percent(kept)} of the weight.${pinned}`;
}

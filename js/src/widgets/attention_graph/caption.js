/** What the picture encodes, hides and leaves out, in words. */

import { EXPONENT, isRelative } from "../../attention/ink.js";
import { count, number, percent } from "../../core/format.js";
import { LONG } from "./long/window.js";

/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./edges.js").Seen} Seen */
/** @typedef {import("./hiding.js").Held} Held */
/** @typedef {import("../../attention/ink.js").Ink} Ink */

const OVERVIEW = {
  one: "At the right the whole text, darker where more attention goes.",
  key: "At the right the whole right text, darker where more attention goes.",
  query: "At the right the whole left text, darker where more of the attention shown comes from.",
};

/**
 * @param {object} facts
 * @param {State} facts.state
 * @param {"columns" | "long" | "arcs" | "lines"} facts.layout
 * @param {"one" | "query" | "key"} facts.overview which text a long picture has in small: the one, or a side
 * @param {Figure} facts.figure
 * @param {Ink} facts.ink
 * @param {number} facts.headsShown
 * @param {Omit<Seen, "lines">} facts.seen lines drawn, of how many
 * @param {Held | null} facts.hidden what hidden tokens hold
 * @param {Held | null} facts.pair what goes from text to text
 * @param {boolean} facts.renormalised
 * @param {number} facts.empty tokens with nothing left
 * @param {string} facts.step what is shown of a text that was written, or empty
 * @param {boolean} facts.folded whether some rows stand for several tokens
 * @param {number} facts.broken tokens whose weights are not numbers
 * @param {number} facts.kept share of the weight that was sent
 * @param {boolean} facts.exact whether every weight of the pinned token is here
 * @returns {string}
 */
export function captionText(facts) {
  const { state, layout, figure, seen, broken, kept, exact, overview, step } = facts;
  const sent = figure.top_per_row;
  return [
    step,
    figure.note,
    layout === "long" && state.view !== "columns"
      ? `Two columns, since other layouts are for up to ${LONG} tokens.`
      : "",
    encoding(facts),
    layout === "long" ? OVERVIEW[overview] : "",
    facts.folded ? FOLDED : "",
    limits(state, seen, facts.ink),
    between(state, facts.pair),
    concealed(facts),
    sent && kept < 1 ? cut(sent, kept, exact, figure.signed) : "",
    broken > 0 ? notNumbers(broken) : "",
  ]
    .filter(Boolean)
    .join(" ");
}

const FOLDED =
  "A turn drawn as one row: as a target the sum over its tokens, as a source their mean.";
const WHERE = {
  columns: "A line goes from a token (left) to a token it attends to (right).",
  lines: "A line goes from a token below to a token it attends to above.",
  back: "An arc goes from a token back to an earlier token it attends to.",
  arcs: "An arc joins a token to one it attends to: above when that lies before it, below when after.",
};

/** @param {Parameters<typeof captionText>[0]} facts */
function encoding({ state, layout, figure, headsShown, ink }) {
  const place =
    layout === "arcs"
      ? figure.causal
        ? "back"
        : "arcs"
      : layout === "lines"
        ? "lines"
        : "columns";
  const what = state.mean && headsShown > 1 ? `mean weight of ${headsShown} heads` : "weight";
  return `${WHERE[place]} ${opacity(what, ink)}`;
}

/** @param {string} what @param {Ink} ink */
function opacity(what, ink) {
  const power = `(to the power ${EXPONENT})`;
  if (!isRelative(ink)) {
    return `Its opacity is the ${what}, the share of the head’s attention from 0 to 1 ${power}.`;
  }
  if (ink.most === 0) return "Every value here is 0.";
  const unit = ink.unit === "share" ? "" : ` (${ink.unit})`;
  const end = `the largest here, ${number(ink.most, 2)} ${power}`;
  if (!ink.signed) return `Its opacity is the ${what}${unit}, from 0 to ${end}.`;
  const [more, less] = ink.words;
  return `Orange and solid: ${more}; purple and dashed: ${less}. Its opacity is the absolute ${what}${unit}, up to ${end}.`;
}

/** @param {State} state @param {Omit<Seen, "lines">} seen @param {Ink} ink */
function limits(state, { starting, ending, bundle }, ink) {
  const parts = [];
  if (bundle > 1) {
    parts.push(
      `Here each line bundles ${count(bundle)} neighbouring tokens; its weight is ${isRelative(ink) ? "their mean" : "the share of their attention"}.`,
    );
  }
  const least = number(state.threshold * ink.most, 2);
  if (state.threshold > 0) parts.push(`Weights under ${least} are left out.`);
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

const ENDS = { A: "first", B: "second" };

/** "first → second" @param {string} pair "A→B" */
export const pairName = (pair) =>
  pair.replace("→", " → ").replace(/[AB]/g, (end) => ENDS[/** @type {"A" | "B"} */ (end)]);

/** @param {State} state @param {Held | null} held */
function between({ pair }, held) {
  if (!held) return "";
  return `Only ${pairName(pair)}: it holds ${bound(held)} of the attention of the ${pairName(pair[0])} text.`;
}

/** "62 %", or "at least 62 %" @param {Held} held */
const bound = ({ share, exact }) => `${exact ? "" : "at least "}${percent(share)}`;

/** @param {Parameters<typeof captionText>[0]} facts */
function concealed({ state, headsShown, hidden, renormalised, empty }) {
  const what = [
    state.hide_first ? "first token" : "",
    state.hide_special ? "special tokens" : "",
  ].filter(Boolean);
  if (what.length === 0) return "";
  const joined = what.join(" and ");
  const start = `${joined[0].toUpperCase()}${joined.slice(1)} hidden`;
  if (!hidden) return `${start}.`;
  const held = what.length > 1 || state.hide_special ? "they held" : "it held";
  const whose = headsShown === 1 ? "this head" : "these heads";
  const rest = renormalised ? "; the rest is renormalised to 1 a token" : "";
  return `${start}: ${held} ${bound(hidden)} of the weight of ${whose}${rest}.${left(empty)}`;
}

/** @param {number} empty */
function left(empty) {
  if (empty === 0) return "";
  return empty === 1
    ? " One token has under 0.05 % left and is left empty."
    : ` ${count(empty)} tokens have under 0.05 % left, in a head shown here, and are left empty.`;
}

/** @param {number} top @param {number} kept @param {boolean} exact @param {boolean} signed */
function cut(top, kept, exact, signed) {
  const pinned = exact ? " Of the pinned token all are here." : "";
  return `Sent: the strongest ${top} keys of each token, ${percent(kept)} of the ${signed ? "absolute " : ""}weight.${pinned}`;
}

/** @param {number} tokens */
function notNumbers(tokens) {
  const who = tokens === 1 ? "One token" : `${count(tokens)} tokens`;
  return `${who} marked NaN: in a head shown here, the weights are not numbers and cannot be drawn.`;
}

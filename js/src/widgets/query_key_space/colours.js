/** What the colour of a point says. */

import { headColour, mix } from "../../core/colour.js";
import { clamp, count, number } from "../../core/format.js";
import { tokenName } from "../../core/tokens.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Colouring} Colouring */
/** @typedef {import("./types").Point} Point */
/** @typedef {import("./data.js").Space} Space */

const SCALE = { light: ["#a9cdea", "#2171b5", "#08244d"], dark: ["#1f5f93", "#6cb1e6", "#e8f5ff"] };
const OTHER = { light: "#b4b8c0", dark: "#5b606a" };
/** So many tokens have a colour of their own. */
const NAMED = 11;

/** Queries blue, keys orange: both colours of the palette stay apart in all colour-blindnesses. @param {Theme} theme */
export const kindColours = (theme) => ({ query: headColour(0, theme), key: headColour(1, theme) });

/** @param {Theme} theme @param {number} t 0..1 */
function along(theme, t) {
  const stops = SCALE[theme];
  const place = clamp(t, 0, 1) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(place));
  return mix(stops[low], stops[low + 1], place - low);
}

/**
 * @param {import("./types").Colour} by
 * @param {Space} space
 * @param {Tokens[]} sentences
 * @param {Theme} theme
 * @returns {Colouring}
 */
export function colouring(by, space, sentences, theme) {
  if (by === "position") return byPosition(space, theme);
  if (by === "norm") return byNorm(space, theme);
  if (by === "token") return byToken(space, sentences, theme);
  if (by === "sentence") {
    const note = "a colour for each sentence";
    return {
      of: ({ token }) => headColour(space.sentence[token], theme),
      legend: { form: "marks", items: [], note },
    };
  }
  const colours = kindColours(theme);
  return { of: ({ side }) => colours[side], legend: { form: "marks", items: [], note: "" } };
}

/** @param {Theme} theme @param {string} unit @param {string} low @param {string} high @returns {Colouring["legend"]} */
const strip = (theme, unit, low, high) => ({
  form: "strip",
  colours: SCALE[theme],
  low,
  high,
  unit,
});

/** 64 steps, so that points of one colour are drawn together. @param {Theme} theme */
const steps = (theme) => Array.from({ length: 64 }, (_, i) => along(theme, i / 63));

/** @param {Space} space @param {Theme} theme @returns {Colouring} */
function byPosition(space, theme) {
  const colours = steps(theme);
  const longest = space.starts.reduce(
    (most, start, i) => Math.max(most, start - (space.starts[i - 1] ?? 0)),
    1,
  );
  return {
    of: ({ token }) => colours[Math.round((63 * space.position(token)) / Math.max(1, longest - 1))],
    legend: strip(theme, "place in the sentence", "0", count(longest - 1)),
  };
}

/** @param {Space} space @param {Theme} theme @returns {Colouring} */
function byNorm(space, theme) {
  const colours = steps(theme);
  const low = space.norms.reduce((least, norm) => Math.min(least, norm), Number.POSITIVE_INFINITY);
  const high = space.norms.reduce((most, norm) => Math.max(most, norm), 0);
  return {
    of: (point) => colours[Math.round((63 * (space.norm(point) - low)) / (high - low || 1))],
    legend: strip(theme, "length of the vector", number(low), number(high)),
  };
}

/** @param {Space} space @param {Tokens[]} sentences @param {Theme} theme @returns {Colouring} */
function byToken(space, sentences, theme) {
  /** @type {Map<string, number>} */
  const often = new Map();
  for (const tokens of sentences) {
    tokens.text.forEach((_, i) => {
      const name = tokenName(tokens, i, 24);
      often.set(name, (often.get(name) ?? 0) + 1);
    });
  }
  const named = [...often].sort((a, b) => b[1] - a[1]).slice(0, NAMED);
  const colours = new Map(named.map(([name], i) => [name, headColour(i, theme)]));
  const items = named.map(([name, times]) => ({
    name: `${name} ${count(times)}`,
    colour: /** @type {string} */ (colours.get(name)),
  }));
  return {
    of({ token }) {
      const tokens = sentences[space.sentence[token]];
      return colours.get(tokenName(tokens, space.position(token), 24)) ?? OTHER[theme];
    },
    legend: {
      form: "marks",
      items: [...items, { name: "others", colour: OTHER[theme] }],
      note: "",
    },
  };
}

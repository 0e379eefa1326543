/**
 * How a weight is shown: its colour, its strength, its number. Shares of attention keep a scale
 * from 0 to 1; what has a sign, or another unit, a scale to the largest absolute value drawn.
 */

import { diverging, headColour, neutral } from "../core/colour.js";
import { number, share } from "../core/format.js";

/** @typedef {import("../core/types").Theme} Theme */
/** @typedef {import("./types").Side} Side */

/** Opacity is strength to this power; captions say so. */
export const EXPONENT = 0.75;
/** The head of an edge that is a mean over heads. */
export const MEAN = 0xffff;

/** What a weight says of two tokens, when there is nothing to compare it with. */
const VERBS = { query: "attends to", key: "is attended to by" };
const SIGNED_VERBS = { query: "differs most towards", key: "differs most as seen from" };
const OTHER_VERBS = { query: "has its largest values at", key: "has its largest values from" };

/**
 * Whether the scale ends at the largest absolute value, instead of at 1.
 * @param {{signed?: boolean, unit?: string}} figure
 */
export const isRelative = ({ signed, unit = "share" }) => Boolean(signed) || unit !== "share";

/**
 * @param {object} scale
 * @param {Theme} scale.theme
 * @param {boolean} [scale.signed] orange above zero, purple and dashed below
 * @param {string} [scale.unit] what a weight is
 * @param {number} [scale.most] weight of full strength
 */
export function makeInk({ theme, signed = false, unit = "share", most = 1 }) {
  // Lines are thin: on dark paper they take the ends of the light scale.
  const [below, above] = [diverging(-1, "light").fill, diverging(1, "light").fill];
  const shares = unit === "share";
  const plus = (/** @type {number} */ weight) => (signed && weight > 0 ? "+" : "");
  const verbs = !shares ? OTHER_VERBS : signed ? SIGNED_VERBS : VERBS;
  return {
    theme,
    signed,
    unit,
    most,
    /** What above and below zero mean. */
    words: shares ? ["more", "less"] : ["above zero", "below zero"],
    /** @param {number} head @param {number} weight */
    colour(head, weight) {
      if (signed) return weight < 0 ? below : above;
      return head === MEAN ? neutral(theme) : headColour(head, theme);
    },
    /** The dot of a head in tables: without a colour of its own where colour says the sign. @param {number} head */
    dot: (head) => (signed || head === MEAN ? neutral(theme) : headColour(head, theme)),
    /** 0 to 1 of the scale, whatever the sign. @param {number} weight */
    size: (weight) => Math.min(1, Math.abs(weight) / (most || 1)),
    /** As in the figure: two digits. @param {number} weight */
    short: (weight) => plus(weight) + number(weight, 2),
    /** As in tables and tooltips: four. @param {number} weight */
    exact(weight) {
      if (!shares) return plus(weight) + number(weight, 4);
      const sign = weight < 0 ? "−" : plus(weight);
      return sign + share(Math.abs(weight));
    },
    /** "attends to" @param {Side} side */
    verb: (side) => verbs[side],
  };
}

/** @typedef {ReturnType<typeof makeInk>} Ink */

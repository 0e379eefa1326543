/** The numbers of a head in words and units. */

import { number, percent } from "../../core/format.js";
import { decode } from "../../core/wire.js";

/** @typedef {import("./types").StatisticsWire} StatisticsWire */

/**
 * @typedef {object} Words
 * @property {string} name as in a menu
 * @property {string} what in the tooltip of the menu
 * @property {"nats" | "tokens" | "share"} unit
 */

/** @type {Record<string, Words>} */
export const WORDS = {
  entropy: {
    name: "entropy",
    what: "How widely a token spreads its attention; 0: one token gets all",
    unit: "nats",
  },
  evenness: {
    name: "evenness",
    what: "Entropy over the most there can be: 0 looks at one token, 1 at all alike",
    unit: "share",
  },
  distance: { name: "distance", what: "How far away it looks, in tokens", unit: "tokens" },
  first: { name: "on first token", what: "Share of attention on the first token", unit: "share" },
  special: { name: "on special", what: "Share of attention on special tokens", unit: "share" },
  itself: { name: "on itself", what: "Share of attention on the token itself", unit: "share" },
  previous: {
    name: "on previous",
    what: "Share of attention on the token before",
    unit: "share",
  },
  following: { name: "on next", what: "Share of attention on the token after", unit: "share" },
  confidence: {
    name: "confidence",
    what: "Largest weight of a token, special tokens left out, mean over the tokens",
    unit: "share",
  },
  outside: {
    name: "on no token",
    what: "Share of attention that lies on no token: an attention sink of the model’s own",
    unit: "share",
  },
};

/**
 * @param {StatisticsWire | null | undefined} wire
 */
export function decodeStatistics(wire) {
  const values = decode(wire?.values);
  const names = values && wire ? wire.names : [];
  return {
    names,
    /** One number a head; null when there is no such statistic. @param {string} name */
    of(name) {
      const place = names.indexOf(name);
      if (place < 0 || !values) return null;
      const count = values.shape[1];
      return /** @type {Float32Array} */ (values.data).subarray(place * count, (place + 1) * count);
    },
  };
}

/** @typedef {ReturnType<typeof decodeStatistics>} Statistics */

/** @param {string} name */
export const nameOf = (name) => WORDS[name]?.name ?? name;

/**
 * With its unit: "1.2 nats", "34 %".
 * @param {string} name
 * @param {number} value
 * @param {number} [digits]
 */
export function inUnits(name, value, digits = 2) {
  if (Number.isNaN(value)) return "not known";
  const unit = WORDS[name]?.unit;
  if (unit === "share") return percent(value);
  return `${number(value, digits)}${unit ? `\u00a0${unit}` : ""}`;
}

/**
 * As short as possible: under a thumbnail.
 * @param {string} name
 * @param {number} value
 */
export function brief(name, value) {
  if (Number.isNaN(value)) return "–";
  if (WORDS[name]?.unit === "share") return `${Math.round(value * 100)}%`;
  return value >= 9.95 ? value.toFixed(0) : value.toFixed(1);
}

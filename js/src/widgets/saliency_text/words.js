/** What the figure says in words: its question, its scale, its check, one token at a time. */

import { number, percent } from "../../core/format.js";
import { tokenName } from "../../core/tokens.js";
import { share } from "./model.js";

/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").Measure} Measure */
/** @typedef {import("./types").Tokens} Tokens */
/** @typedef {{ text: string, part: "words" | "target" | "foil" }} Phrase */

/** Gaps up to these shares of what the scores should sum to are called good, and rough. */
const GOOD_GAP = 0.05;
const ROUGH_GAP = 0.2;

/**
 * The question the figure answers, in phrases so that target and foil can be marked.
 * @param {Figure | null} figure
 * @returns {Phrase[]}
 */
export function question(figure) {
  if (!figure?.target?.label) return [words("What each token contributes")];
  const target = /** @type {Phrase} */ ({ text: quoted(figure.target.label), part: "target" });
  const foil =
    figure.foil && /** @type {Phrase} */ ({ text: quoted(figure.foil.label), part: "foil" });
  const against = foil ? [words(" against "), foil] : [];
  if (!figure.signed) return [words("What is "), target, ...against, words(" sensitive to?")];
  const rather = foil ? [words(" rather than "), foil] : [];
  if (figure.readout === "class") return [words("Why "), target, ...rather, words("?")];
  if (foil) return [words("Why "), target, ...rather, words("?")];
  const where = figure.readout === "masked token" ? " here?" : " next?";
  return [words("Why "), target, words(where)];
}

/**
 * @param {string} text
 * @returns {Phrase}
 */
function words(text) {
  return { text, part: "words" };
}

/**
 * A label in quotation marks as it reads in a sentence: without the space before a word.
 * @param {string} label
 */
export function quoted(label) {
  return `“${visible(label).trim()}”`;
}

/**
 * @param {string} label
 */
export function visible(label) {
  if (label === "") return "(nothing)";
  if (/^ +$/.test(label)) return "␣".repeat(label.length);
  if (/^[\p{M}\p{Cf}\u200b-\u200f]+$/u.test(label)) {
    return [...label].map((char) => `U+${hex(char)}`).join(" ");
  }
  return label.replaceAll("\n", "⏎").replaceAll("\t", "⇥");
}

/** @param {string} char */
function hex(char) {
  return (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}

/**
 * A value with its sign written out.
 * @param {number} value
 * @param {number} [digits]
 */
export function withSign(value, digits = 2) {
  return value > 0 && Number.isFinite(value) ? `+${number(value, digits)}` : number(value, digits);
}

/**
 * A score as the figure's method means it.
 * @param {Measure} measured
 * @param {number} index
 * @param {number} digits
 */
export function scoreWords(measured, index, digits) {
  const score = measured.scores[index];
  return measured.signed ? withSign(score, digits) : number(score, digits);
}

/** @param {number} place */
export function ordinal(place) {
  const teen = place % 100 > 10 && place % 100 < 14;
  return place + (teen ? "th" : (["th", "st", "nd", "rd"][place % 10] ?? "th"));
}

/**
 * Name of a token with its numbers, for screen readers.
 * @param {Tokens} tokens
 * @param {Measure | null} measured
 * @param {number} index
 */
export function tokenWords(tokens, measured, index) {
  const name = tokenName(tokens, index);
  if (!measured) return name;
  if (measured.rank[index] === 0) return `${name}, ${number(measured.scores[index])}`;
  return `${name}, ${scoreWords(measured, index, 2)}, ${rankWords(measured, index)}`;
}

/**
 * @param {Measure} measured
 * @param {number} index
 */
export function rankWords(measured, index) {
  return `${ordinal(measured.rank[index])} of ${measured.order.length}`;
}

/**
 * @param {Measure} measured
 * @param {number} index
 */
export function shareWords(measured, index) {
  return percent(share(measured, index));
}

/**
 * The caption: how to read the picture, and what could not be drawn as it is.
 * @param {Tokens} tokens
 * @param {Measure} measured
 * @param {Figure} figure
 */
export function captionWords(tokens, measured, figure) {
  const sentences = [reading(figure)];
  const { beyond, broken, order } = measured;
  if (order.length > 0 && measured.limit === 0) sentences.push("All contributions are zero.");
  if (beyond.length > 0) sentences.push(beyondWords(tokens, measured));
  if (broken.length > 0) {
    const which = broken.length === 1 ? "1 token has" : `${broken.length} tokens have`;
    sentences.push(`${which} no finite score (hatched).`);
  }
  if (figure.partial) sentences.push("Stopped early: computed from the steps done so far.");
  return sentences.join(" ");
}

/** @param {Figure} figure */
function reading({ signed, target, foil, unit }) {
  if (!target?.label) {
    return signed
      ? `Solid bar: above zero; dashed bar: below zero (${unit}).`
      : `The stronger the shade and the higher the bar, the larger the value (${unit}).`;
  }
  const name = quoted(target.label);
  if (!signed)
    return `The stronger the shade and the higher the bar, the more the token moves ${name} (${unit}).`;
  const other = foil ? `for ${quoted(foil.label)}` : `against ${name}`;
  return `Solid bar: the token speaks for ${name}; dashed bar: ${other} (${unit}).`;
}

/**
 * @param {Tokens} tokens
 * @param {Measure} measured
 */
function beyondWords(tokens, measured) {
  const named = measured.beyond
    .slice(0, 3)
    .map((index) => `${quoted(tokenName(tokens, index))} (${scoreWords(measured, index, 2)})`);
  const more = measured.beyond.length - named.length;
  const rest = more > 0 ? ` and ${more} more` : "";
  const verb = measured.beyond.length === 1 ? "lies" : "lie";
  return `${named.join(", ")}${rest} ${verb} beyond the scale, marked with a double bar.`;
}

/**
 * The map's own test in one line, or null when there is no picture to test.
 * @param {Figure | null} figure
 * @returns {{ text: string, state: "good" | "rough" | "poor" | "none" } | null}
 */
export function checkWords(figure) {
  if (!figure) return null;
  const { check } = figure;
  if (!check) return { text: "No check for this method", state: "none" };
  const [relative, total, expected] = [check.relative, check.total, check.expected].map(
    (value) => value ?? Number.NaN, // Python sends null for what is not a number
  );
  const gap = Math.abs(relative);
  const fair = gap <= ROUGH_GAP ? "rough" : "poor"; // a gap that is not a number is poor
  const sum = `${number(total, 3)} of ${number(expected, 3)} ${plural(figure.unit)}`;
  const text = `Sums to ${sum}: gap ${percent(gap)}`;
  return { text, state: gap <= GOOD_GAP ? "good" : fair };
}

/** @param {string} unit */
function plural(unit) {
  return unit.startsWith("logit") ? "logits" : unit;
}

/**
 * What a screen reader is told when a new picture stands.
 * @param {Tokens} tokens
 * @param {Measure} measured
 * @param {Figure} figure
 */
export function announcement(tokens, measured, figure) {
  const asked = question(figure)
    .map(({ text }) => text)
    .join("");
  const strongest = measured.order
    .slice(0, 3)
    .map((index) => `${tokenName(tokens, index)} ${scoreWords(measured, index, 2)}`);
  return strongest.length ? `${asked} Strongest: ${strongest.join(", ")}.` : asked;
}

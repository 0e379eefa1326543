/** What the figure says in words: its question, its scale, one unit at a time. */

import { number, percent } from "../core/format.js";
import { tokenName } from "../core/tokens.js";
import { share } from "./measure.js";

/** @typedef {import("./types").Described} Described */
/** @typedef {import("./types").Measure} Measure */
/** @typedef {import("./types").Tokens} Tokens */
/** @typedef {{ text: string, part: "words" | "target" | "foil" }} Phrase */

/**
 * The question the figure answers, in phrases so that target and foil can be marked.
 * @param {Described | null} figure
 * @returns {Phrase[]}
 */
export function question(figure) {
  if (figure?.readout === "answer") return [words("What the answer comes from")];
  if (figure?.of === "entropy") return [words("What makes the model sure or unsure?")];
  if (!figure?.target?.label) return [words("What each part contributes")];
  const target = /** @type {Phrase} */ ({ text: quoted(figure.target.label), part: "target" });
  if (figure.of === "own function") return [words("What moves "), target, words("?")];
  const foil =
    figure.foil && /** @type {Phrase} */ ({ text: quoted(figure.foil.label), part: "foil" });
  const against = foil ? [words(" against "), foil] : [];
  if (!figure.signed) return [words("What is "), target, ...against, words(" sensitive to?")];
  const rather = foil ? [words(" rather than "), foil] : [];
  return [words("Why "), target, ...rather, words(`${foil ? "" : place(figure)}?`)];
}

/** Where a target is, as a question says it. @param {Described} figure */
function place({ readout, at, ends }) {
  if (readout === "token label") return at ? ` for ${quoted(at)}` : "";
  if (readout === "span") return ends ? ` as the ${ends} of the answer` : " as the answer";
  if (readout === "next token") return " next";
  return readout === "masked token" ? " here" : "";
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
  if (!measured || index >= measured.reach) return name;
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
 * @param {Described} figure
 */
export function captionWords(tokens, measured, figure) {
  const sentences = [reading(figure)];
  const { beyond, broken, order } = measured;
  if (order.length > 0 && measured.limit === 0) sentences.push("All contributions are zero.");
  if (beyond.size > 0) sentences.push(beyondWords(tokens, measured));
  if (broken.length > 0) {
    const noun = figure.level ?? "token";
    const which = broken.length === 1 ? `1 ${noun} has` : `${broken.length} ${noun}s have`;
    sentences.push(`${which} no finite score (hatched).`);
  }
  if (figure.partial) sentences.push("Stopped early: computed from the steps done so far.");
  return sentences.join(" ");
}

/** @param {Described} figure */
function reading({ signed, target, foil, unit, of, readout, level = "token" }) {
  if (signed && (of === "entropy" || of === "own function")) {
    const it = of === "entropy" ? "the entropy" : quoted(target?.label ?? of);
    return `Solid bar: the ${level} raises ${it}; dashed bar: lowers it (${unit}).`;
  }
  if (!target?.label) {
    return signed
      ? `Solid bar: above zero; dashed bar: below zero (${unit}).`
      : `The stronger the shade and the higher the bar, the larger the value (${unit}).`;
  }
  const name = readout === "answer" ? "the answer" : quoted(target.label);
  if (!signed)
    return `The stronger the shade and the higher the bar, the more the ${level} moves ${name} (${unit}).`;
  const other = foil ? `for ${quoted(foil.label)}` : `against ${name}`;
  return `Solid bar: the ${level} speaks for ${name}; dashed bar: ${other} (${unit}).`;
}

/**
 * @param {Tokens} tokens
 * @param {Measure} measured
 */
function beyondWords(tokens, measured) {
  const all = [...measured.beyond];
  const named = all
    .slice(0, 3)
    .map((index) => `${quoted(tokenName(tokens, index))} (${scoreWords(measured, index, 2)})`);
  const more = all.length - named.length;
  const rest = more > 0 ? ` and ${more} more` : "";
  const verb = all.length === 1 ? "lies" : "lie";
  return `${named.join(", ")}${rest} ${verb} beyond the scale, marked with a double bar.`;
}

/**
 * What a screen reader is told when a new picture stands.
 * @param {Tokens} tokens
 * @param {Measure} measured
 * @param {Described} figure
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

/** What this picture says in words: the question, the caption, for its level and its step. */

import { tokenName } from "../../core/tokens.js";
import { captionWords } from "../../saliency/words.js";

/** @typedef {import("./types").SaliencyState} SaliencyState */
/** @typedef {import("./types").Shown} Shown */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("../../saliency/types").Described} Described */
/** @typedef {import("./types").Tokens} Tokens */

/**
 * The figure as the step and the level that are shown have it.
 * @param {Figure} figure
 * @param {Shown | null} shown
 * @param {Tokens | null} tokens the model's own
 * @returns {Described}
 */
export function described(figure, shown, tokens) {
  const level = shown?.level ?? "token";
  const at = tokens && figure.position !== null ? tokenName(tokens, figure.position) : null;
  if (!figure.answer) return { ...figure, level, at };
  const step = shown?.step ?? null;
  if (step !== null) {
    const target = figure.answer.predictions[step];
    const check = figure.answer.checks?.[step] ?? null;
    const foil = figure.answer.foils?.[step] ?? null;
    const unit = figure.answer.units?.[step] ?? figure.unit;
    return { ...figure, level, readout: "next token", target, foil, check, unit };
  }
  const label = figure.answer.predictions.map((one) => one.label).join("");
  const target = { id: -1, label: label || "the answer", probability: null };
  return { ...figure, level, readout: "answer", target, foil: null, check: null };
}

/**
 * @param {SaliencyState} state
 * @param {Described} figure
 */
export function caption(
  { figure: { answer, methods, method, masks, position }, shown, live },
  figure,
) {
  if (!shown?.measured) return "";
  const parts = [captionWords(shown.units.tokens, shown.measured, figure)];
  const known = methods.find(({ name }) => name === method);
  const removed = known?.needs === "values" && known.group === "Perturbation";
  if (shown.sums) parts.push(`A ${shown.level}'s score is the sum of its tokens.`);
  else if (shown.level !== "token" && removed)
    parts.push(`Each ${shown.level} was taken away as one.`);
  if (answer) parts.push(answerWords(shown));
  if (figure.readout === "token label" && position !== null)
    parts.push(`The outlined token is explained${live ? "; click another" : ""}.`);
  if (masks.length > 1)
    parts.push(`The outlined mask is explained${live ? "; click another" : ""}.`);
  if (figure.readout === "span" && figure.target?.span) parts.push("The answer is outlined.");
  return parts.join(" ");
}

/** @param {Shown} shown */
function answerWords({ step }) {
  if (step === null) return "The sum over all tokens of the answer; click one to see its own.";
  return "Tokens in grey had not been written yet. All steps have one scale.";
}

/** What the tooltip says about one token: its value, its rank, its name in the vocabulary. */

import { div, h, span } from "../core/dom.js";
import { tokenElement } from "../core/tokens.js";
import { rankWords, scoreWords, shareWords } from "./words.js";

/** @typedef {import("./types").Tokens} Tokens */
/** @typedef {import("./types").Measure} Measure */

/**
 * @param {Tokens} tokens
 * @param {Measure | null} measured
 * @param {number} index
 * @param {string} unit
 * @param {{size?: number, note?: string | null}} [more] `size`: how many of the model's own tokens it
 *   holds; `note`: what else is to be said
 * @returns {HTMLElement}
 */
export function details(tokens, measured, index, unit, { size = 1, note = null } = {}) {
  const whole = visible(tokens.whole?.[index]?.trim() ?? "");
  const name = span(
    "lmw-details-name",
    tokenElement(tokens, index, { compact: true }),
    whole ? span("lmw-muted", ` of ${whole}`) : null,
  );
  const known = measured !== null && index < measured.reach;
  const value = known && span("lmw-details-value", scoreWords(measured, index, 4));
  return div(
    "lmw-details",
    div("lmw-details-head", name, value),
    known ? h("div", null, standing(measured, index, unit)) : null,
    note ? h("div", null, note) : null,
    div("lmw-muted", size > 1 ? `${size} tokens` : vocabulary(tokens, index)),
  );
}

/** A text that leaves no mark, such as what joins emoji, by its code points. @param {string} text */
function visible(text) {
  if (/[^\p{C}\p{M}\p{Z}]/u.test(text)) return text;
  const codes = Array.from(text, (one) => one.codePointAt(0)?.toString(16).toUpperCase() ?? "");
  return codes.map((code) => `U+${code.padStart(4, "0")}`).join(" ");
}

/** @param {Measure} measured @param {number} index @param {string} unit */
function standing(measured, index, unit) {
  if (measured.rank[index] === 0) return "cannot be ranked";
  const part = measured.total > 0 ? ` · ${shareWords(measured, index)} of the total` : "";
  return `${unit} · ${rankWords(measured, index)}${part}`;
}

/** @param {Tokens} tokens @param {number} index */
function vocabulary(tokens, index) {
  return [h("code", null, tokens.raw[index]), ` · id ${tokens.id[index]}`];
}

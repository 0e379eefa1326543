/** A token as an element: what is odd about it is made visible, and nothing in it is ever HTML. */

import { h, span } from "./dom.js";

/** @typedef {import("./types").Tokens} Tokens */

const LONGEST = 80;
const SIGNS = { "\n": "⏎", "\r": "␍", "\t": "⇥" };
// Control, zero-width, direction and variation characters: invisible on their own.
const INVISIBLE = /^[\p{Cc}\p{Cf}\p{Mn}\p{Me}\p{Zl}\p{Zp}\u3164\ufffc]+$/u;

/** @param {string} text */
function codePoints(text) {
  return [...text]
    .slice(0, 4)
    .map(
      (c) =>
        `U+${/** @type {number} */ (c.codePointAt(0)).toString(16).toUpperCase().padStart(4, "0")}`,
    )
    .join(" ");
}

/**
 * One line of plain words for a token: for accessible names, tooltips and tables.
 * @param {Tokens} tokens
 * @param {number} index
 * @param {number} [longest] cut after so many characters
 */
export function tokenName(tokens, index, longest = LONGEST) {
  const text = tokens.text[index] ?? "";
  if (tokens.kind[index] === "bytes") {
    const whole = tokens.whole?.[index];
    return `bytes ${text}${whole ? ` of ${whole}` : ""}`;
  }
  if (text === "") return "(empty)";
  if (/^ +$/.test(text)) return text.length === 1 ? "(space)" : `(${text.length} spaces)`;
  if (!/^[\n\r\t]+$/.test(text) && INVISIBLE.test(text)) return codePoints(text);
  const plain = text.replace(/[\n\r\t]/g, (c) => SIGNS[/** @type {keyof typeof SIGNS} */ (c)]);
  return cut(plain.trim() || plain, longest);
}

/** @param {string} text @param {number} longest */
function cut(text, longest) {
  if (text.length <= longest) return text;
  return `${[...text.slice(0, longest)].slice(0, -1).join("")}…`;
}

/** @param {string} text @param {boolean} compact @returns {(Node | string)[]} */
function textParts(text, compact) {
  if (text === "" || (compact && /^ +$/.test(text))) {
    return [span("lmw-sign", "␣".repeat(Math.min(text.length, 3)) || "∅")];
  }
  if (!/^[ \n\r\t]+$/.test(text) && INVISIBLE.test(text)) {
    return [span("lmw-sign", codePoints(text))];
  }
  // On a line of its own a leading space would only shift the token.
  const shown = compact ? cut(text.replace(/^ +(?=\S)/, ""), LONGEST) : text;
  return shown
    .split(/([\n\r\t])/)
    .filter((part) => part !== "")
    .map((part) => {
      const sign = SIGNS[/** @type {keyof typeof SIGNS} */ (part)];
      return sign ? span("lmw-sign", sign) : part;
    });
}

/**
 * The element of one token: `data-token` is its index, `data-kind` its kind.
 * @param {Tokens} tokens
 * @param {number} index
 * @param {{compact?: boolean}} [options] compact: one line on its own (columns, chips), cut when
 *   long and isolated from its neighbours' writing direction; else flowing text, whole
 * @returns {HTMLElement}
 */
export function tokenElement(tokens, index, { compact = false } = {}) {
  const kind = tokens.kind[index] ?? "text";
  const text = tokens.text[index] ?? "";
  const classes = ["lmw-token", `lmw-token-${kind}`];
  if (compact) classes.push("lmw-token-compact");
  const content = kind === "text" || kind === "unknown" ? textParts(text, compact) : [text];
  return h(
    "span",
    {
      class: classes.join(" "),
      dir: compact ? "auto" : null,
      dataset: { token: String(index), kind },
    },
    content,
  );
}

/** What both layouts are made of. */

import { h } from "../../core/dom.js";
import { tokenElement, tokenName } from "../../core/tokens.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Side} Side */

/** Canvases on top of one another: edges, the edges of before while they fade, and the isolated. */
export function layers() {
  // Without a size a canvas is 300 by 150: a short text would scroll.
  const layer = (/** @type {string} */ name) =>
    h("canvas", { class: `lmw-canvas lmw-canvas-${name}`, width: "1", height: "1" });
  const [base, ghost, overlay] = ["base", "ghost", "overlay"].map(layer);
  const element = h("div", { class: "lmw-canvases", "aria-hidden": "true" }, base, ghost, overlay);
  return { element, base, ghost, overlay };
}

/**
 * One token as something to hover, focus and pin.
 * @param {Tokens} tokens
 * @param {Side} side
 * @param {number} index
 */
export function option(tokens, side, index) {
  return h(
    "div",
    {
      class: tokens.text[index].startsWith(" ") ? "lmw-option lmw-spaced" : "lmw-option",
      role: "option",
      tabindex: "-1",
      "aria-selected": "false",
      "aria-label": tokenName(tokens, index),
      dataset: { side, token: String(index) },
    },
    tokenElement(tokens, index, { compact: true }),
  );
}

/**
 * Stretches of tokens that belong together: chat turns, or the two texts of a pair.
 * @param {Tokens} tokens
 * @returns {{name: string, from: number, to: number}[]}
 */
export function runs(tokens) {
  const { role, segment } = tokens;
  const pair = segment?.some((value) => value !== segment[0]) ? segment : null;
  const nameOf = (/** @type {number} */ i) => {
    if (role?.[i]) return role[i];
    return pair ? `text ${pair[i] + 1}` : null;
  };
  /** @type {{name: string, from: number, to: number}[]} */
  const found = [];
  for (let i = 0; i < tokens.text.length; i++) {
    const name = nameOf(i);
    if (!name) continue;
    const last = found[found.length - 1];
    if (last && last.name === name && last.to === i) last.to = i + 1;
    else found.push({ name, from: i, to: i + 1 });
  }
  return found;
}

/**
 * @param {Tokens} tokens
 * @param {number} row height of a token
 * @param {number} pad above the first
 */
export function runLabels(tokens, row, pad) {
  return runs(tokens).map(({ name, from, to }) =>
    h(
      "div",
      {
        class: "lmw-run",
        style: { top: `${pad + from * row + 3}px`, height: `${(to - from) * row - 6}px` },
      },
      h("span", null, name),
    ),
  );
}

/** Whether the text runs from right to left: by its first letter that has a direction. @param {Tokens} tokens */
export function isRightToLeft(tokens) {
  const first = /\p{L}/u.exec(tokens.text.filter((_, i) => tokens.kind[i] === "text").join(""));
  return Boolean(
    first &&
      /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u.test(first[0]),
  );
}

/**
 * What the model read, the texts of a pair on lines of their own.
 * @param {string} text
 * @param {Tokens | null} tokens
 */
export function wholeText(text, tokens) {
  const pair = tokens?.segment;
  if (!tokens || !pair) return text;
  const second = pair.findIndex((value, i) => i > 0 && value !== pair[i - 1]);
  const at = second < 0 ? 0 : tokens.start[second];
  if (at <= 0 || at >= text.length || /\s$/.test(text.slice(0, at))) return text;
  return `${text.slice(0, at)}\n${text.slice(at).trimStart()}`;
}

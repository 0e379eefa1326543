/**
 * Tokens as flowing text. Text nodes hold exactly what the user wrote, so that searching, selecting
 * and copying see the text alone; signs and inserted tokens are generated content (CSS `attr()`).
 */

import { div, h, span } from "../core/dom.js";
import { ANSWER } from "./blocks.js";

/** @typedef {import("../core/types").Tokens} Tokens */
/** @typedef {import("./types").Block} Block */

const SIGNS = { "\n": "⏎", "\r": "␍", "\t": "⇥" };
// Combining, zero-width and direction characters: nothing to hover without a sign.
const INKLESS = /^[\p{Cf}\p{Mn}\p{Me}\u3164]+$/u;

/**
 * @param {Tokens} tokens
 * @param {Block} block
 * @returns {HTMLElement}
 */
export function blockElement(tokens, block) {
  const body = div("lmw-flow");
  for (const group of block.groups) {
    const nodes =
      tokens.kind[group[0]] === "bytes"
        ? splitCharacter(tokens, group)
        : [tokenSpan(tokens, group[0])];
    body.append(...nodes);
  }
  if (!block.role || block.key === ANSWER)
    return h("div", { class: "lmw-block", role: "presentation" }, body);
  const label = h("div", { class: "lmw-role", "aria-hidden": "true" }, block.role);
  return h(
    "div",
    { class: "lmw-block lmw-turn", role: "group", "aria-label": block.role },
    label,
    body,
  );
}

/**
 * @param {Tokens} tokens
 * @param {number} index
 */
function tokenSpan(tokens, index) {
  const text = tokens.text[index];
  const kind = tokens.kind[index];
  const inserted = kind === "special" && tokens.start[index] === tokens.end[index];
  if (inserted) return option(index, kind, [fill("", { "data-sign": text || "∅" })]);
  if (kind === "special") return option(index, kind, [fill(text)]);
  if (text === "") return option(index, kind, [fill("", { "data-sign": "∅" })]);
  const bare = text.replace(/^ +/, "");
  if (bare === "" || bare !== text.trimStart()) return option(index, kind, signed(text));
  const lead = text.slice(0, text.length - bare.length);
  return option(index, kind, lead ? [lead, ...signed(bare)] : signed(bare));
}

/**
 * Shaded text with a sign before every line break and tab; the break itself is real.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function signed(text) {
  if (INKLESS.test(text)) return [fill(text, { "data-after": "◌" })];
  const end = /[\n\r]+$/.exec(text)?.[0] ?? "";
  const body = text.slice(0, text.length - end.length);
  const parts = body.split(/([\n\r\t])/).map((part) => (part in SIGNS ? sign(part, part) : part));
  // The last break stands outside the shading, which would otherwise cover an empty line.
  const marks = [...end].map((char) => sign(char, ""));
  return [span("lmw-fill", parts, marks), end];
}

/** @param {string} char @param {string} content */
function sign(char, content) {
  const shown = SIGNS[/** @type {keyof typeof SIGNS} */ (char)];
  return h("span", { class: "lmw-break", "data-sign": shown }, content);
}

/** @param {string} text @param {Record<string, string>} [attrs] */
function fill(text, attrs) {
  return h("span", { class: "lmw-fill", ...attrs }, text);
}

/**
 * @param {number} index
 * @param {string} kind
 * @param {(Node | string)[]} children
 */
function option(index, kind, children) {
  return h(
    "span",
    {
      class: `lmw-tok lmw-tok-${kind}`,
      role: "option",
      tabindex: "-1",
      "aria-selected": "false",
      "data-token": index,
    },
    children,
  );
}

/**
 * A character that the tokenizer cut into bytes: the character itself, whole, over as many slices
 * as it has fragments; each slice is a token of its own.
 * @param {Tokens} tokens
 * @param {number[]} group
 * @returns {(Node | string)[]}
 */
function splitCharacter(tokens, group) {
  const whole = groupText(tokens, group);
  const bare = whole.trimStart();
  const slices = group.map((index) => option(index, "bytes", [fill("")]));
  if (bare === "") {
    // Bytes of no readable character: their hex is all there is to show.
    const chips = group.map((index) =>
      option(index, "hex", [fill("", { "data-sign": tokens.text[index] })]),
    );
    return [whole, ...chips];
  }
  const lead = whole.slice(0, whole.length - bare.length);
  const style = { "--lmw-slices": group.length };
  return [
    lead,
    h(
      "span",
      { class: "lmw-split", style },
      span("lmw-split-text", bare),
      span("lmw-slices", slices),
    ),
  ];
}

/**
 * The text a group of fragments covers. Each fragment carries its whole character (with a leading
 * space, when the first one holds it), so the spans tell how they overlap.
 * @param {Tokens} tokens
 * @param {number[]} group
 */
export function groupText({ whole, start }, group) {
  const first = Math.min(...group.map((index) => start[index]));
  /** @type {string[]} */
  const chars = [];
  for (const index of group) {
    [...(whole[index] ?? "")].forEach((char, offset) => {
      chars[start[index] - first + offset] = char;
    });
  }
  return chars.join("");
}

/** What rows and columns stand for: tokens, or runs of them. */

import { runs } from "../../attention/text.js";
import { count } from "../../core/format.js";
import { tokenName } from "../../core/tokens.js";

/** @typedef {import("./types").Axis} Axis */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("../../core/types").Numbers} Numbers */

const SHORT = 24;
const LONG = 60;
const SIGNS = /** @type {Record<string, string>} */ ({ "\n": "⏎", "\r": "␍", "\t": "⇥" });

/** @param {string} text @param {number} most */
function cut(text, most) {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : text;
}

/**
 * @param {"query" | "key"} side
 * @param {Tokens} tokens
 * @param {Numbers | null} starts first token of every unit; null: of tokens
 * @param {boolean} named whether units are turns, which have names
 * @returns {Axis}
 */
export function makeAxis(side, tokens, starts, named) {
  const bands = runs(tokens);
  if (!starts) {
    return {
      side,
      tokens,
      count: tokens.text.length,
      label: (i) => (tokens.kind[i] === "bytes" ? tokens.text[i] : tokenName(tokens, i, SHORT)),
      name: (i) => tokenName(tokens, i),
      muted: (i) => tokens.kind[i] !== "text",
      firstToken: (i) => i,
      ofToken: (token) => token,
      bands,
    };
  }
  const end = (/** @type {number} */ i) =>
    i + 1 < starts.length ? starts[i + 1] : tokens.text.length;
  /** @param {number} i @param {number} most */
  function textOf(i, most) {
    let text = "";
    // A part of a character stands with the whole one, once.
    for (let token = starts ? starts[i] : 0; token < end(i) && text.length < most + 8; token++) {
      const bytes = tokens.kind[token] === "bytes";
      if (!bytes) text += tokens.text[token];
      else if (tokens.start[token] !== tokens.start[token - 1]) text += tokens.whole?.[token] ?? "";
    }
    const plain = text.trim() || text;
    return cut(plain.replace(/[\n\r\t]/g, (sign) => SIGNS[sign]).trim() || "(space)", most);
  }
  /** @param {number} token */
  function ofToken(token) {
    let [low, high] = [0, starts ? starts.length - 1 : 0];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts && starts[middle] <= token) low = middle;
      else high = middle - 1;
    }
    return low;
  }
  const turn = (/** @type {number} */ i) =>
    named ? (bands.find(({ from, to }) => from <= starts[i] && starts[i] < to)?.name ?? "") : "";
  const withTurn = (/** @type {number} */ i, /** @type {number} */ most) => {
    const name = turn(i);
    return name ? `${name}: ${textOf(i, most)}` : textOf(i, most);
  };
  return {
    side,
    tokens,
    count: starts.length,
    label: (i) => turn(i) || textOf(i, SHORT),
    name: (i) => withTurn(i, LONG),
    muted: (i) => end(i) - starts[i] === 1 && tokens.kind[starts[i]] === "special",
    firstToken: (i) => starts[i],
    ofToken,
    bands: named
      ? []
      : bands.map(({ name, from, to }) => ({ name, from: ofToken(from), to: ofToken(to - 1) + 1 })),
  };
}

/**
 * "queries 512–519", or "query 7".
 * @param {Axis} axis
 * @param {[number, number]} range first, one past the last
 */
export function rangeWords({ side }, [from, to]) {
  if (to - from === 1) return `${side} ${count(from)}`;
  const many = side === "query" ? "queries" : "keys";
  return `${many} ${count(from)}–${count(to - 1)}`;
}

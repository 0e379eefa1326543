/** A text set in the smallest type: where each token's block lies on the minimap. */

import { isRightToLeft, runs } from "../../../attention/text.js";
import { clamp } from "../../../core/format.js";

/** @typedef {import("../../../core/types").Tokens} Tokens */

const LARGEST = 2.2;
const SMALLEST = 0.25;
/** Height of a line for a character of width 1. */
const LEADING = 2.3;
const LONGEST = 24;
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

/** Characters of a token, the space before it, and lines it ends. @param {Tokens} tokens */
function shapes(tokens) {
  const count = tokens.text.length;
  const length = new Float32Array(count);
  const space = new Uint8Array(count);
  const breaks = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const text = tokens.text[i];
    if (tokens.kind[i] === "special") {
      length[i] = Math.min(6, text.length);
      space[i] = 1;
      continue;
    }
    const plain = text.trim();
    length[i] = Math.min(LONGEST, plain.length * (WIDE.test(plain) ? 2 : 1));
    space[i] = text.startsWith(" ") ? 1 : 0;
    breaks[i] = Math.min(2, text.split("\n").length - 1);
  }
  return { length, space, breaks };
}

/**
 * @typedef {object} Layout
 * @property {Float32Array} x left edge of each token
 * @property {Float32Array} width
 * @property {Uint32Array} line
 * @property {number} lineHeight
 * @property {number} height of all lines
 * @property {(index: number) => number} yOf where a token is down the page; between tokens too
 * @property {(y: number) => number} at the token at a height, with its fraction
 * @property {(x: number, y: number) => number} hit the token at a point
 */

/**
 * @param {Tokens} tokens
 * @param {{width: number, height: number}} room
 * @returns {Layout}
 */
export function layOut(tokens, { width, height }) {
  const count = tokens.text.length;
  const shape = shapes(tokens);
  const starts = new Set(runs(tokens).map((run) => run.from));
  const x = new Float32Array(count);
  const widths = new Float32Array(count);
  const line = new Uint32Array(count);

  /** Set every token with characters of a width; returns the number of lines. @param {number} size */
  function flow(size) {
    let at = 0;
    let row = 0;
    for (let i = 0; i < count; i++) {
      const wide = Math.min(width, shape.length[i] * size);
      const gap = at > 0 && shape.space[i] ? size : 0;
      if (at > 0 && (starts.has(i) || at + gap + wide > width)) {
        row += 1;
        at = 0;
      }
      x[i] = at + (at > 0 ? gap : 0);
      widths[i] = wide;
      line[i] = row;
      at = x[i] + wide;
      if (shape.breaks[i] === 0) continue;
      row += shape.breaks[i];
      at = 0;
    }
    return row + 1;
  }

  let size = LARGEST;
  let lines = flow(size);
  while (lines * LEADING * size > height && size > SMALLEST) {
    size = Math.max(SMALLEST, size * 0.93);
    lines = flow(size);
  }
  const lineHeight = Math.min(LEADING * size, height / lines);
  if (isRightToLeft(tokens)) for (let i = 0; i < count; i++) x[i] = width - x[i] - widths[i];

  // Down the page a token is at its line and the share of the line before it.
  const down = new Float32Array(count + 1);
  for (let from = 0, to = 0; from < count; from = to) {
    while (to < count && line[to] === line[from]) to += 1;
    for (let i = from; i < to; i++) down[i] = line[i] + (i - from) / (to - from);
  }
  down[count] = lines;

  /** @param {number} y */
  function at(y) {
    const wanted = y / lineHeight;
    let [low, high] = [0, count];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (down[middle] <= wanted) low = middle;
      else high = middle;
    }
    const part = (wanted - down[low]) / Math.max(1e-6, down[high] - down[low]);
    return low + clamp(part, 0, 1);
  }

  return {
    x,
    width: widths,
    line,
    lineHeight,
    height: lines * lineHeight,
    yOf(index) {
      const whole = clamp(Math.floor(index), 0, count);
      const next = Math.min(count, whole + 1);
      return (down[whole] + (down[next] - down[whole]) * (index - whole)) * lineHeight;
    },
    at,
    hit(px, y) {
      const near = Math.min(count - 1, Math.floor(at(y)));
      let best = near;
      let distance = Number.POSITIVE_INFINITY;
      const consider = (/** @type {number} */ i) => {
        const away = Math.max(0, x[i] - px, px - x[i] - widths[i]);
        if (away < distance) [best, distance] = [i, away];
      };
      for (let i = near; i >= 0 && line[i] === line[near]; i--) consider(i);
      for (let i = near; i < count && line[i] === line[near]; i++) consider(i);
      return best;
    },
  };
}

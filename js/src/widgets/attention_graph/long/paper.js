/** What lies under the edges of a long text: blocks for tokens too low to read, and whose turn it is. */

import { runs } from "../../../attention/text.js";
import { fitCanvas } from "../../../core/canvas.js";
import { neutral } from "../../../core/colour.js";
import { clamp, count } from "../../../core/format.js";
import { niceStep } from "../../../core/ticks.js";
import { asBlocks, firstOf } from "./window.js";

/** @typedef {import("../../../core/types").Theme} Theme */
/** @typedef {import("../../../core/types").Tokens} Tokens */
/** @typedef {import("../types").Side} Side */
/** @typedef {import("./window.js").Span} Span */

const MUTED = { light: "#5c616b", dark: "#a9aeb8" };
const LONGEST = 18;
const FONT = '11px system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif';
/** Pixels between two numbers of tokens at the edge. */
const APART = 56;

/** Characters that a token's block stands for. @param {string} text */
const lengthOf = (text) => Math.min(LONGEST, text.trim().length);

/** Length of a block in pixels. @param {number} characters @param {number} rowHeight @param {number} most */
function blockLength(characters, rowHeight, most) {
  const unit = clamp(rowHeight, 4, 6);
  return Math.min(most, Math.max(3, unit * characters));
}

/** Length of a token's block in pixels. @param {string} text @param {number} rowHeight @param {number} most */
export const blockWidth = (text, rowHeight, most) => blockLength(lengthOf(text), rowHeight, most);

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{query: Tokens, key: Tokens}} tokens
 */
export function paper(canvas, tokens) {
  const turns = { query: runs(tokens.query), key: runs(tokens.key) };
  const lengths = {
    query: Float32Array.from(tokens.query.text, lengthOf),
    key: Float32Array.from(tokens.key.text, lengthOf),
  };

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Side} side
   * @param {Span} window
   * @param {Size} size
   */
  function blocks(context, side, window, size) {
    const { kind } = tokens[side];
    const length = lengths[side];
    const rowHeight = size.height / window.span;
    const first = firstOf(window, length.length);
    const from = Math.floor(first);
    const to = Math.min(length.length, Math.ceil(first + window.span));
    const thick = clamp(rowHeight - 1, 0.6, rowHeight * 0.66);
    // Where rows are thinner than the screen's lines, one block stands for some of them.
    const step = Math.max(1, Math.ceil(1.5 / rowHeight));
    for (let i = from - (from % step); i < to; i += step) {
      let width = 0;
      const last = Math.min(to, i + step);
      for (let j = i; j < last; j++) width += blockLength(length[j], rowHeight, size.most);
      width /= last - i;
      const y = (i - first) * rowHeight;
      const x = side === "query" ? size.from - 4 - width : size.to + 4;
      context.globalAlpha = kind[i] === "special" ? 0.2 : 0.38;
      context.fillRect(x, y, width, step > 1 ? step * rowHeight * 0.62 : thick);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Side} side
   * @param {Span} window
   * @param {Size} size
   */
  function bars(context, side, window, size) {
    const rowHeight = size.height / window.span;
    const first = firstOf(window, tokens[side].text.length);
    const x = side === "query" ? 1 : size.width - 3;
    for (const { name, from, to } of turns[side]) {
      const top = Math.max(0, (from - first) * rowHeight + 1);
      const bottom = Math.min(size.height, (to - first) * rowHeight - 1);
      if (bottom <= top) continue;
      context.globalAlpha = 0.3;
      context.fillRect(x, top, 2, bottom - top);
      if (context.measureText(name).width + 8 > bottom - top) continue;
      context.save();
      context.globalAlpha = 1;
      context.translate(side === "query" ? 13 : size.width - 13, top + 4);
      context.rotate(Math.PI / 2);
      if (side === "query") {
        context.rotate(Math.PI);
        context.textAlign = "right";
      }
      context.fillText(name, 0, 0);
      context.restore();
    }
  }

  /** Numbers of tokens down the left edge. @param {CanvasRenderingContext2D} context @param {Span} window @param {Size} size */
  function scale(context, window, size) {
    const rowHeight = size.height / window.span;
    const step = niceStep(APART / rowHeight);
    const first = firstOf(window, tokens.query.text.length);
    const x = turns.query.length > 0 ? 22 : 2;
    context.globalAlpha = 1;
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (let i = Math.ceil(first / step) * step; i < first + window.span; i += step) {
      const y = (i + 0.5 - first) * rowHeight;
      if (y > 6 && y < size.height - 6) context.fillText(count(i), x, y);
    }
  }

  return {
    /** @param {Span} window @param {Size} size @param {Theme} theme */
    paint(window, size, theme) {
      const context = fitCanvas(canvas, size.width, size.height);
      const low = asBlocks(window, { rows: 0, height: size.height });
      if (low) {
        context.fillStyle = neutral(theme);
        for (const side of /** @type {const} */ (["query", "key"]))
          blocks(context, side, window, size);
      }
      context.fillStyle = MUTED[theme];
      context.font = FONT;
      for (const side of /** @type {const} */ (["query", "key"])) bars(context, side, window, size);
      if (low) scale(context, window, size);
    },
  };
}

/**
 * @typedef {object} Size
 * @property {number} width
 * @property {number} height
 * @property {number} from right edge of the left column
 * @property {number} to left edge of the right column
 * @property {number} most longest block
 */

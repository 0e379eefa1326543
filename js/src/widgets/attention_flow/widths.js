/** How much room the tokens' names take. */

/** @typedef {import("../../core/types").Tokens} Tokens */

const FONT = "14px system-ui, sans-serif";
const PADDING = 16;
const SAMPLE = 2000;

/**
 * Room for nearly every token, at most a part of the picture.
 * @param {Tokens} tokens
 * @param {number} width of the picture
 */
export function labelWidth(tokens, width) {
  const context = document.createElement("canvas").getContext("2d");
  const most = Math.min(180, width * 0.24);
  if (!context) return most;
  context.font = FONT;
  let widest = 32;
  for (const text of tokens.text.slice(0, SAMPLE)) {
    widest = Math.max(widest, context.measureText(text.slice(0, 40).trim()).width);
    if (widest >= most) return most;
  }
  return Math.min(most, Math.ceil(widest) + PADDING);
}

/** Links between tokens as ink on a canvas: for every picture that can say where a link runs. */

import { EXPONENT } from "./ink.js";

/** @typedef {import("./ink.js").Ink} Ink */

/**
 * What is drawn as one curve; the ends of a bundle are between tokens.
 * @typedef {{query: number, key: number, head: number, weight: number}} Link
 * @typedef {(context: CanvasRenderingContext2D, query: number, key: number) => void} Trace adds the
 *   curve of a link to the present path
 */

const LEVELS = 24;
/** Weaker links are one pixel wide: drawn without a graphics card, that costs a fifth. */
const HAIRLINE = 0.35;
/** Below this strength a link would have less than half a step of opacity. */
export const FAINTEST = (0.5 / LEVELS) ** (1 / EXPONENT);
/** What is below zero is dashed: colour is not the only sign of it. */
const DASH = [5, 4];

/**
 * The last lies on top. Links of one colour and opacity share a path.
 * @param {CanvasRenderingContext2D} context
 * @param {Trace} trace
 * @param {Link[]} links
 * @param {Ink} ink
 * @param {number} boost added to the width
 */
export function strokeLinks(context, trace, links, ink, boost = 0) {
  let group = -1;
  context.lineCap = ink.signed ? "butt" : "round";
  for (const { query, key, head, weight } of links) {
    const strength = ink.size(weight) ** EXPONENT;
    const level = Math.max(1, Math.round(strength * LEVELS));
    const below = weight < 0;
    const next = 2 * ((ink.signed ? 0 : head) * (LEVELS + 1) + level) + (below ? 1 : 0);
    if (next !== group) {
      if (group >= 0) context.stroke();
      group = next;
      context.beginPath();
      context.strokeStyle = ink.colour(head, weight);
      context.globalAlpha = Math.min(1, level / LEVELS);
      context.lineWidth = strength < HAIRLINE ? 1 : 1 + boost + strength;
      context.setLineDash(below ? DASH : []);
    }
    trace(context, query, key);
  }
  if (group >= 0) context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

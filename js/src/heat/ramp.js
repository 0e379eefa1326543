/** Colours of cells on a canvas, where no text has to stay readable on them: up to full darkness. */

import { mix, parseColour } from "../core/colour.js";

/** @typedef {import("../core/types").Theme} Theme */

const STEPS = 256;
const ONE = {
  light: ["#ffffff", "#4f9fd8", "#08306b"],
  dark: ["#161618", "#2f78b3", "#d6efff"],
};
const TWO = {
  light: ["#4a2f9e", "#967fe0", "#ffffff", "#e8862a", "#8a4300"],
  dark: ["#cdc1ff", "#7d66cf", "#161618", "#c06a1c", "#ffd9ae"],
};

/**
 * A colour along stops at equal distances, mixed in OKLab.
 * @param {string[]} stops
 * @param {number} t 0..1
 */
function along(stops, t) {
  const place = Math.min(1, Math.max(0, t)) * (stops.length - 1);
  const at = Math.min(stops.length - 2, Math.floor(place));
  return mix(stops[at], stops[at + 1], place - at);
}

/**
 * The stops of a scale: for legends.
 * @param {Theme} theme
 * @param {boolean} signed
 */
export const stops = (theme, signed) => (signed ? TWO : ONE)[theme];

/**
 * 256 colours as pixels of an ImageData (little-endian RGBA). Unsigned: 0 to the largest value.
 * Signed: from minus the largest to the largest, zero in the middle (128).
 * @param {Theme} theme
 * @param {boolean} signed
 * @returns {Uint32Array}
 */
export function ramp(theme, signed) {
  const colours = stops(theme, signed);
  const pixels = new Uint32Array(STEPS);
  for (let i = 0; i < STEPS; i++) {
    const t = signed ? Math.max(0, (i - 1) / (STEPS - 2)) : i / (STEPS - 1);
    const [r, g, b] = /** @type {number[]} */ (parseColour(along(colours, t)));
    pixels[i] = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  }
  return pixels;
}

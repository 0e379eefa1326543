/** The bars of one unit, a row a method, as layers of a background. */

import { place } from "../../saliency/measure.js";
import { colourAt } from "../../saliency/shade.js";

/** @typedef {import("./types").Row} Row */
/** @typedef {import("./types").Theme} Theme */

/** Height of a method's row in pixels, of which so much is free above and below its bars. */
export const ROW = 26;
const GAP = 3;

/**
 * The layers of one stack.
 * @param {Row[]} rows
 * @param {number} unit
 * @param {Theme} theme
 */
export function layers(rows, unit, theme) {
  const images = [];
  const sizes = [];
  const places = [];
  const room = ROW - 2 * GAP;
  for (const [i, { measured }] of rows.entries()) {
    const t = place(measured, unit);
    const top = i * ROW + GAP;
    if (Number.isNaN(t)) {
      images.push("repeating-linear-gradient(45deg, var(--lmw-muted) 0 1px, transparent 1px 5px)");
      sizes.push(`100% ${room}px`);
      places.push(`0 ${top}px`);
      continue;
    }
    const reach = measured.signed ? room / 2 : room;
    const height = Math.max(Math.abs(t) * reach, t === 0 ? 0 : 1);
    if (height === 0) continue;
    const fill = fillOf(t, measured.signed, theme);
    images.push(`linear-gradient(${fill}, ${fill})`);
    sizes.push(`100% ${height.toFixed(1)}px`);
    const from = measured.signed
      ? t > 0
        ? top + reach - height
        : top + reach
      : top + room - height;
    places.push(`0 ${from.toFixed(1)}px`);
  }
  return { image: images.join(", "), size: sizes.join(", "), position: places.join(", ") };
}

/** Fills by tone: thousands of bars share a few. @type {Map<string, string>} */
const FILLS = new Map();
const TONES = 64;

/**
 * Short bars are pale, but never too pale to be seen.
 * @param {number} t −1…1
 * @param {boolean} signed
 * @param {Theme} theme
 */
function fillOf(t, signed, theme) {
  const tone = Math.round((0.35 + 0.65 * Math.abs(t)) * TONES);
  const key = `${theme} ${signed && t < 0 ? -tone : tone} ${signed}`;
  let fill = FILLS.get(key);
  if (fill === undefined) {
    const strength = tone / TONES;
    fill = colourAt(signed && t < 0 ? -strength : strength, signed, theme).fill;
    FILLS.set(key, fill);
  }
  return fill;
}

/** The line of each row, which its bars stand on or hang from. @param {Row[]} rows */
export function baselines(rows) {
  const stops = rows.flatMap(({ measured }, i) => {
    const at = i * ROW + (measured.signed ? ROW / 2 : ROW - GAP);
    return [
      `transparent ${at}px`,
      `var(--lmw-line) ${at}px ${at + 1}px`,
      `transparent ${at + 1}px`,
    ];
  });
  return `linear-gradient(${stops.join(", ")})`;
}

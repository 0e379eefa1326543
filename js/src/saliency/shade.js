/**
 * One token's marks. Magnitude twice: fill and height of the bar under the token. Sign twice: hue
 * and solid or dashed bar. Only inherited or painted properties change, so nothing is laid out anew.
 */

import { diverging, unsigned } from "../core/colour.js";
import { place } from "./measure.js";

/** @typedef {import("./types").Measure} Measure */
/** @typedef {import("./types").Theme} Theme */

/** Height of the bar of the strongest token, in pixels. */
const BAR = 5;

/**
 * @param {number} t −1…1
 * @param {boolean} signed
 * @param {Theme} theme
 */
export function colourAt(t, signed, theme) {
  return signed ? diverging(t, theme) : unsigned(Math.abs(t), theme);
}

/**
 * @param {HTMLElement} element of a token
 * @param {Measure | null} measured
 * @param {number} index
 * @param {Theme} theme
 */
export function paint(element, measured, index, theme) {
  const unwritten = measured !== null && index >= measured.reach;
  const t = measured && !unwritten ? place(measured, index) : 0;
  const marked = measured !== null && !unwritten;
  element.classList.toggle("lmw-marked", marked);
  element.classList.toggle("lmw-unwritten", unwritten);
  element.classList.toggle("lmw-negative", marked && t < 0);
  element.classList.toggle("lmw-broken", Number.isNaN(t));
  element.classList.toggle("lmw-beyond", Boolean(measured?.beyond.has(index)));
  const { style } = element;
  if (!measured || !marked || Number.isNaN(t)) {
    for (const name of ["--lmw-fill", "--lmw-on", "--lmw-bar"]) style.removeProperty(name);
    return;
  }
  const { fill, ink } = colourAt(t, measured.signed, theme);
  style.setProperty("--lmw-fill", Math.abs(t) < 0.005 ? "transparent" : fill);
  style.setProperty("--lmw-on", ink);
  style.setProperty("--lmw-bar", `${(BAR * Math.abs(t)).toFixed(2)}px`);
}

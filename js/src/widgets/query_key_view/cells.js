/** Colours of signed cells, as CSS colours. */

import { mix } from "../../core/colour.js";
import { clamp } from "../../core/format.js";
import { stops } from "../../heat/ramp.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {(t: number) => string} Colours from −1…1 to a colour; grey for what is not a number */

const STEPS = 64;

/** @param {Theme} theme @returns {Colours} */
export function cellColours(theme) {
  const ends = stops(theme, true);
  const colours = Array.from({ length: 2 * STEPS + 1 }, (_, i) => {
    const place = (i / (2 * STEPS)) * (ends.length - 1);
    const low = Math.min(ends.length - 2, Math.floor(place));
    return mix(ends[low], ends[low + 1], place - low);
  });
  return (t) => {
    if (Number.isNaN(t)) return "#888888";
    return colours[Math.round((clamp(t, -1, 1) + 1) * STEPS)];
  };
}

/** Inks of bars above and below zero, and of lines. @param {Theme} theme */
export function inks(theme) {
  const [, below, , above] = stops(theme, true);
  return theme === "dark"
    ? { above, below, ink: "#ececf0", base: "#6b7079", frame: "#3d3f46", accent: "#6cb8f5" }
    : { above, below, ink: "#1b1b1f", base: "#a9aeb8", frame: "#d9dce1", accent: "#0b6bb8" };
}

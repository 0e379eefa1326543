/** The scale with its unit and range, and every token on it as a tick. */

import { aria, div, h, replace, span } from "../core/dom.js";
import { clamp, number } from "../core/format.js";
import { place } from "./measure.js";
import { colourAt } from "./shade.js";
import { quoted, withSign } from "./words.js";

/** @typedef {import("./types").Described} Described */
/** @typedef {import("./types").Measure} Measure */
/** @typedef {import("./types").Theme} Theme */

const STOPS = 24;
const SVG = "http://www.w3.org/2000/svg";

export function legend() {
  const ticks = document.createElementNS(SVG, "path");
  const rug = document.createElementNS(SVG, "svg");
  rug.setAttribute("class", "lmw-rug");
  rug.setAttribute("viewBox", "0 0 100 10");
  rug.setAttribute("preserveAspectRatio", "none");
  aria(rug, "hidden", "true");
  rug.appendChild(ticks);
  const marker = h("div", { class: "lmw-legend-marker", hidden: true });
  const ramp = div("lmw-ramp");
  const wedge = div("lmw-wedge");
  const low = h("span", null);
  const middle = h("span", null);
  const high = h("span", null);
  const ends = div("lmw-legend-ends");
  const scale = div(
    "lmw-scale",
    div("lmw-rug-row", rug, marker),
    ramp,
    wedge,
    div("lmw-legend-numbers", low, middle, high),
  );
  const element = h("div", { class: "lmw-legend", role: "img" }, ends, scale);
  /** @type {Measure | null} */
  let shown = null;
  /** What is on screen was drawn from this. @type {unknown[]} */
  let drawn = [];

  return {
    element,
    /**
     * @param {Measure | null} measured
     * @param {Described} figure
     * @param {Theme} theme
     */
    draw(measured, figure, theme) {
      shown = measured;
      if (drawn[0] === measured && drawn[1] === figure && drawn[2] === theme) return;
      drawn = [measured, figure, theme];
      element.classList.toggle("lmw-blank", measured === null);
      if (!measured) return;
      const { signed, limit } = measured;
      ramp.style.background = gradient(signed, theme);
      wedge.classList.toggle("lmw-wedge-signed", signed);
      const clipped = (/** @type {number} */ sign) =>
        [...measured.beyond].some((i) => !signed || Math.sign(measured.scores[i]) === sign);
      low.textContent = signed ? `${clipped(-1) ? "≤ " : ""}${withSign(-limit)}` : "0";
      middle.textContent = signed ? "0" : "";
      high.textContent = `${clipped(1) ? "≥ " : ""}${signed ? withSign(limit) : number(limit)}`;
      replace(ends, endWords(figure));
      ticks.setAttribute("d", rugPath(measured));
      ticks.style.strokeOpacity = String(clamp(24 / measured.order.length, 0.1, 0.7));
      aria(element, "label", `Scale: ${figure.unit}, ${low.textContent} to ${high.textContent}`);
    },
    /** Where the token under the pointer lies on the scale. @param {number | null} index */
    point(index) {
      const t = index === null || !shown ? Number.NaN : place(shown, index);
      marker.hidden = Number.isNaN(t);
      if (shown && !marker.hidden) marker.style.left = `${position(t, shown.signed)}%`;
    },
  };
}

/** @param {number} t @param {boolean} signed */
function position(t, signed) {
  return signed ? 50 + 50 * t : 100 * Math.abs(t);
}

/** @param {boolean} signed @param {Theme} theme */
function gradient(signed, theme) {
  const stops = Array.from({ length: STOPS + 1 }, (_, step) => {
    const share = step / STOPS;
    return colourAt(signed ? share * 2 - 1 : share, signed, theme).fill;
  });
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

/** @param {Measure} measured */
function rugPath(measured) {
  return measured.order
    .map((index) => `M${position(place(measured, index), measured.signed).toFixed(1)} 0V10`)
    .join("");
}

/** @param {Described} figure */
function endWords({ signed, unit, target, foil, of, readout }) {
  const middle = span("lmw-unit", unit);
  if (signed && (of === "entropy" || of === "own function")) {
    return [span("lmw-end-low", "← lowers it"), middle, span("lmw-end-high", "raises it →")];
  }
  if (!signed || !target?.label) return [middle];
  const other = foil ? `for ${quoted(foil.label)}` : "against";
  return [
    span("lmw-end-low", `← ${other}`),
    middle,
    span("lmw-end-high", `for ${readout === "answer" ? "the answer" : quoted(target.label)} →`),
  ];
}

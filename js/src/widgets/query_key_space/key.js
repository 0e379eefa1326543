/** The legend: shapes, and what colours say. */

import { aria, div, h, replace, span } from "../../core/dom.js";

/** @typedef {import("./types").Colouring} Colouring */
/** @typedef {import("./types").Side} Side */

const SHAPES = {
  query: "M8 3.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9",
  key: "M8 3l5 9.5H3z",
};

/** @param {Side} side @param {string} colour */
function shape(side, colour) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "lmw-shape");
  aria(svg, "hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[side]);
  path.setAttribute("fill", colour);
  svg.appendChild(path);
  return svg;
}

export function pointKey() {
  const element = div("lmw-space-key");
  const item = (/** @type {Node} */ mark, /** @type {string} */ name) =>
    span("lmw-space-item", mark, h("bdi", null, name));
  return {
    element,
    /** @param {Colouring["legend"]} legend @param {{query: string, key: string}} shapes their colours */
    show(legend, shapes) {
      const sides = /** @type {const} */ (["query", "key"]);
      const marks = sides.map((side) => item(shape(side, shapes[side]), side));
      if (legend.form === "strip") {
        const background = `linear-gradient(to right in oklab, ${legend.colours.join(", ")})`;
        const strip = h("span", { class: "lmw-heat-strip", style: { background } });
        const scale = [h("span", null, legend.low), strip, h("span", null, legend.high)];
        const name = span("lmw-label", legend.unit);
        replace(element, marks, span("lmw-heat-legend", name, scale));
        return;
      }
      const dots = legend.items.map(({ name, colour }) =>
        item(h("i", { class: "lmw-dot", style: { background: colour } }), name),
      );
      replace(element, marks, dots, span("lmw-label", legend.note));
    },
  };
}

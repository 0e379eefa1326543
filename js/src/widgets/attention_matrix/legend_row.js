/** What colours and hatchings mean, under the matrix. */

import { div, h, replace, span } from "../../core/dom.js";
import { legend } from "../../heat/legend.js";

/** @typedef {import("./types").Matrix} Matrix */
/** @typedef {import("../../heat/paint.js").Look} Look */

export function legendRow() {
  const colours = legend();
  const swatches = span("lmw-swatches");
  const swatch = (/** @type {string} */ name, /** @type {string} */ words) =>
    span("lmw-swatch", h("i", { class: `lmw-swatch-${name}` }), words);
  return {
    element: div("lmw-legend-row", colours.element, swatches),
    /**
     * @param {{matrix: Matrix, look: Look, theme: import("../../core/types").Theme,
     *   scale: import("./types").State["scale"], unit: string}} now unit: what a weight is
     */
    show({ matrix, look, theme, scale, unit }) {
      const { signed, causal, broken } = matrix;
      colours.set({
        theme,
        signed,
        high: look.high,
        unit: scale === "row" ? "share of the row’s largest" : unit,
        log: scale === "log",
        low: look.low,
      });
      replace(
        swatches,
        causal ? swatch("unseen", "cannot be seen") : null,
        broken > 0 ? swatch("broken", "not a number") : null,
      );
    },
  };
}

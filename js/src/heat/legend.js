/** The scale of cells: a strip of colour between its two ends, and what it measures. */

import { aria, h, replace, span } from "../core/dom.js";
import { number } from "../core/format.js";
import { stops } from "./ramp.js";

/** @typedef {import("../core/types").Theme} Theme */

export function legend() {
  const element = h("div", { class: "lmw-heat-legend", role: "img" });
  return {
    element,
    /**
     * @param {{theme: Theme, signed: boolean, high: number, unit: string, log?: boolean,
     *   low?: number}} scale low: of a logarithmic scale; a signed one goes from −high to high
     */
    set({ theme, signed, high, unit, log = false, low = 0 }) {
      const from = signed ? -high : low;
      const words = `${unit}, from ${number(from)} to ${number(high)}${log ? ", logarithmic" : ""}`;
      aria(element, "label", `Colour: ${words}`);
      replace(
        element,
        span("lmw-label", unit),
        span("lmw-value", number(from)),
        h("span", {
          class: "lmw-heat-strip",
          style: {
            background: `linear-gradient(to right in oklab, ${stops(theme, signed).join(", ")})`,
          },
        }),
        span("lmw-value", number(high)),
        log ? span("lmw-label", "log") : null,
      );
    },
  };
}

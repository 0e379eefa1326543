/** Which layout. */

import { segmented } from "../../core/controls.js";

/** @typedef {import("./types").State} State */
/** @typedef {(values: Partial<State>) => void} Set */

/** @param {{onChange: Set}} on */
export function viewControl({ onChange }) {
  return segmented({
    label: "Layout",
    options: [
      { value: "columns", label: "Two columns", icon: "columns" },
      { value: "arcs", label: "Arcs over one line", icon: "arcs" },
      { value: "lines", label: "Two lines of text", icon: "lines" },
    ],
    value: "columns",
    onChange: (view) => onChange({ view: /** @type {State["view"]} */ (view) }),
  });
}

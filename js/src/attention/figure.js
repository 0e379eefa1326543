/** The trait `_figure` before Python has said anything. */

/** @type {import("./types").Figure} */
export const NO_FIGURE = {
  model: "",
  title: "",
  note: "",
  signed: false,
  unit: "share",
  start: null,
  layers: 0,
  layer_numbers: [],
  heads: [],
  kinds: [],
  causal: false,
  editable: false,
  top_per_row: null,
};

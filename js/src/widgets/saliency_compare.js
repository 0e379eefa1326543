/**
 * SaliencyCompare: the maps of several methods for one question, aligned, with their checks.
 *
 * The browser writes `text`, `methods`, `target`, `foil`, `level`, `token`, and counts presses in
 * `_back`, `_stop`, `_request`; Python answers by replacing `_tokens`, `_levels`, `_scores`, `_figure`,
 * `_status`. Without a kernel coarser levels are summed here. Hover, the order of the rows, the open
 * table and the open editor are never synced.
 */

import "../core/core.css";
import { together } from "../core/together.js";
import { initialize, once, session } from "../saliency/session.js";
import { asking, traitsReader } from "../saliency/traits.js";
import { rowsAt } from "./saliency_compare/rows.js";
import { compareView } from "./saliency_compare/view.js";
import "./saliency_compare.css";

/** @typedef {import("../core/types").Model} Model */
/** @typedef {import("../core/types").RenderContext} RenderContext */
/** @typedef {import("./saliency_compare/types").CompareState} CompareState */
/** @typedef {import("./saliency_compare/types").Figure} Figure */

const QUESTIONS = ["text", "methods", "target", "foil", "of", "position", "settings", "level"];
const VIEWS = ["token", "theme"];

export default () => ({ initialize, render });

/** @param {RenderContext} context */
function render({ model, el }) {
  const bus = together(model, {
    onHover: (hover) => view.light(hover?.index ?? null),
    shares: ["token"],
  });
  const asked = session(model, el, {
    questions: QUESTIONS,
    views: VIEWS,
    draw: () => view.update(read()),
    asks: (name) => name !== "level" || Boolean(model.get("_figure")?.live),
  });
  const view = compareView(el, {
    ...asking(asked),
    pin: (token) => asked.write({ token }),
    hover: (index) => bus.hover(index === null ? null : { side: null, index }),
    setMethods: (methods) => asked.write({ methods }),
  });
  const traits = traitsReader(EMPTY_FIGURE);
  const rowsOf = once(rowsAt);

  /** @returns {CompareState} */
  function read() {
    const { common, scores, wanted } = traits(model, asked);
    const { figure, tokens, levels } = common;
    const at = tokens && rowsOf(tokens, levels, wanted, figure, scores);
    return {
      ...common,
      methods: model.get("methods") ?? [],
      level: at?.level ?? figure.level,
      sums: at?.sums ?? false,
      units: at?.units ?? null,
      rows: at?.rows ?? NONE,
    };
  }

  asked.update();
  return () => {
    asked.destroy();
    bus.destroy();
    view.destroy();
  };
}

/** @type {never[]} */
const NONE = [];

/** @type {Figure} */
const EMPTY_FIGURE = {
  model: "",
  level: "token",
  readout: "",
  of: "logit",
  target: null,
  foil: null,
  rows: [],
  agreement: [],
  failures: {},
  known: [],
  live: false,
  editable: false,
  cost: {},
  partial: false,
};

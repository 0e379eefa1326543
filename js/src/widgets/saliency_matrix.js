/**
 * SaliencyMatrix: what each token of an answer came from, as a matrix of written × read.
 *
 * The browser writes `text`, `method`, `foil`, `level`, `row_level`, `settings`, `step`, `token`,
 * `strongest`, `row_scale`, and counts presses in `_check`, `_back`, `_stop`, `_request`; Python answers by
 * replacing `_tokens`, `_levels`, `_scores`, `_figure`, `_status`. Sums over a level are made here.
 * Hover, the open table and the open editor are never synced.
 */

import "../core/core.css";
import { together } from "../core/together.js";
import { initialize, once, session } from "../saliency/session.js";
import { asking, byUnit, EMPTY_FIGURE, methodOf, traitsReader } from "../saliency/traits.js";
import { gridOf } from "./saliency_matrix/grid.js";
import { matrixView } from "./saliency_matrix/view.js";
import "./saliency_matrix.css";

/** @typedef {import("../core/types").Model} Model */
/** @typedef {import("../core/types").RenderContext} RenderContext */
/** @typedef {import("./saliency_matrix/types").MatrixState} MatrixState */
/** @typedef {import("./saliency_matrix/types").Figure} Figure */
/** @typedef {ReturnType<typeof session>} Session */

const QUESTIONS = ["text", "method", "foil", "of", "settings", "level"];
const VIEWS = ["token", "theme", "step", "row_level", "strongest", "row_scale"];

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
    draw: () => view.update(read(model, asked)),
    asks: (name) => name !== "level" || byUnit(model.get("_figure")),
  });
  const { write } = asked;
  const { setTarget: _, ...actions } = asking(asked); // every token of an answer is its own
  /** @type {number | null} */
  let told = null;
  const view = matrixView(el, {
    ...actions,
    hover(index) {
      if (index === told) return;
      told = index;
      bus.hover(index === null ? null : { side: null, index });
    },
    pin: write,
    setRowLevel: (level) => write({ row_level: level }),
    setStrongest: (strongest) => write({ strongest }),
    setRowScale: (on) => write({ row_scale: on }),
  });
  const read = reader();
  asked.update();
  return () => {
    asked.destroy();
    bus.destroy();
    view.destroy();
  };
}

/** @returns {(model: Model, asked: Session) => MatrixState} */
function reader() {
  const traits = traitsReader(
    /** @type {Figure} */ ({ ...EMPTY_FIGURE, readout: "answer", foils: [] }),
  );
  const gridAt = once(gridOf);
  return (model, asked) => {
    const { common, scores, wanted } = traits(model, asked);
    const { figure, tokens, levels } = common;
    const rowLevel = model.get("row_level") ?? null;
    return {
      ...common,
      step: model.get("step") ?? null,
      strongest: Boolean(model.get("strongest")),
      rowScale: Boolean(model.get("row_scale")),
      method: methodOf(model, common),
      rowLevel,
      grid: tokens && gridAt(tokens, levels, wanted, rowLevel, figure, scores),
    };
  };
}

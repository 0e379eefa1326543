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
import { decode } from "../core/wire.js";
import { initialize, once, session } from "../saliency/session.js";
import { decodeLevels, levelName } from "../saliency/units.js";
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
  const { write, press } = asked;
  /** @type {number | null} */
  let told = null;
  const view = matrixView(el, {
    hover(index) {
      if (index === told) return;
      told = index;
      bus.hover(index === null ? null : { side: null, index });
    },
    pin: write,
    setMethod: (method) => write({ method }),
    setLevel: (level) => write({ level }),
    setRowLevel: (level) => write({ row_level: level }),
    setSettings: (settings) => write({ settings }),
    setStrongest: (strongest) => write({ strongest }),
    setRowScale: (on) => write({ row_scale: on }),
    setFoil: (foil) => write({ foil }),
    submitText: (text) => write({ text }),
    check: () => press("_check"),
    back: () => press("_back"),
    stop: () => press("_stop"),
  });
  const read = reader();
  asked.update();
  return () => {
    asked.destroy();
    bus.destroy();
    view.destroy();
  };
}

/** Whether coarser units are asked for anew, rather than summed. @param {Figure | undefined} figure */
function byUnit(figure) {
  const known = figure?.methods?.find(({ name }) => name === figure.method);
  return Boolean(figure?.live && known?.needs === "values");
}

/** @returns {(model: Model, asked: Session) => MatrixState} the traits, decoded once */
function reader() {
  const figureOf = once(
    (raw) => /** @type {Figure} */ ({ ...EMPTY_FIGURE, .../** @type {any} */ (raw) }),
  );
  const scoresOf = once(decode);
  const levelsOf = once(decodeLevels);
  const gridAt = once(gridOf);
  return (model, asked) => {
    const status = asked.status();
    const figure = figureOf(model.get("_figure"));
    const scores = scoresOf(model.get("_scores"));
    const levels = levelsOf(model.get("_levels"));
    const level = levelName(model.get("level"));
    const rowLevel = model.get("row_level") ?? null;
    const given = model.get("_tokens");
    const tokens = asked.now.newText || !given?.text ? null : given;
    const missing = Boolean(model.get("_scores")?.shape) && scores === null;
    const busy = asked.busy(missing);
    const live = asked.connected() && Boolean(figure.live);
    const drawn = busy || status.state === "error" ? "" : figure.method;
    return {
      text: model.get("text") ?? "",
      token: model.get("token") ?? null,
      step: model.get("step") ?? null,
      theme: model.get("theme") ?? "auto",
      settings: model.get("settings") ?? {},
      strongest: Boolean(model.get("strongest")),
      rowScale: Boolean(model.get("row_scale")),
      method: drawn || model.get("method"),
      tokens,
      levels,
      rowLevel,
      grid: tokens && gridAt(tokens, levels, level, rowLevel, figure, scores),
      figure,
      status,
      refused: asked.refused(),
      busy,
      checking: asked.now.checking,
      live,
      editable: live && figure.editable,
      badge: asked.badge(),
    };
  };
}

/** @type {Figure} */
const EMPTY_FIGURE = {
  model: "",
  method: "",
  signed: true,
  unit: "",
  of: "logit",
  level: "token",
  methods: [],
  editable: false,
  task: "",
  multi_label: false,
  readout: "answer",
  target: null,
  foil: null,
  foils: [],
  check: null,
  checks: null,
  settings: {},
  position: null,
  ends: null,
  masks: [],
  answer: null,
  cost: {},
  partial: false,
};

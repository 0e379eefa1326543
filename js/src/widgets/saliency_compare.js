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
import { decode } from "../core/wire.js";
import { initialize, once, session } from "../saliency/session.js";
import { decodeLevels, levelName } from "../saliency/units.js";
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
    pin: (token) => asked.write({ token }),
    hover: (index) => bus.hover(index === null ? null : { side: null, index }),
    setLevel: (level) => asked.write({ level }),
    setMethods: (methods) => asked.write({ methods }),
    setTarget: (target) => asked.write({ target }),
    setFoil: (foil) => asked.write({ foil }),
    back: () => asked.press("_back"),
    stop: () => asked.press("_stop"),
    submitText: (text) => asked.write({ text }),
  });
  const figureOf = once(
    (raw) => /** @type {Figure} */ ({ ...EMPTY_FIGURE, .../** @type {any} */ (raw) }),
  );
  const scoresOf = once(decode);
  const levelsOf = once(decodeLevels);
  const rowsOf = once(rowsAt);

  /** @returns {CompareState} */
  function read() {
    const status = asked.status();
    const figure = figureOf(model.get("_figure"));
    const levels = levelsOf(model.get("_levels"));
    const given = model.get("_tokens");
    const tokens = asked.now.newText || !given?.text ? null : given;
    const scores = scoresOf(model.get("_scores"));
    const at = tokens && rowsOf(tokens, levels, levelName(model.get("level")), figure, scores);
    const live = asked.connected() && figure.live;
    const missing = Boolean(model.get("_scores")?.shape) && scores === null;
    return {
      text: model.get("text") ?? "",
      token: model.get("token") ?? null,
      theme: model.get("theme") ?? "auto",
      methods: model.get("methods") ?? [],
      tokens,
      levels,
      level: at?.level ?? figure.level,
      sums: at?.sums ?? false,
      units: at?.units ?? null,
      rows: at?.rows ?? NONE,
      figure,
      status,
      refused: asked.refused(),
      busy: asked.busy(missing),
      live,
      editable: live && figure.editable,
      badge: asked.badge(),
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

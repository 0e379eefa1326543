/** The traits that all widgets of attribution have, decoded once: what their views draw from. */

import { decode } from "../core/wire.js";
import { once } from "./session.js";
import { decodeLevels, levelName } from "./units.js";

/** @typedef {import("../core/types").Model} Model */
/** @typedef {ReturnType<typeof import("./session.js").session>} Session */
/** @typedef {{level: string, live?: boolean, editable: boolean}} AnyFigure */

/**
 * @template {AnyFigure} Figure
 * @param {Figure} empty what Python has not said
 */
export function traitsReader(empty) {
  const figureOf = once((raw) => /** @type {Figure} */ ({ ...empty, .../** @type {any} */ (raw) }));
  const scoresOf = once(decode);
  const levelsOf = once(decodeLevels);
  /** @param {Model} model @param {Session} asked */
  return (model, asked) => {
    const figure = figureOf(model.get("_figure"));
    const scores = scoresOf(model.get("_scores"));
    const missing = Boolean(model.get("_scores")?.shape) && scores === null;
    const given = model.get("_tokens");
    const live = asked.connected() && Boolean(figure.live);
    return {
      scores,
      wanted: levelName(model.get("level")),
      /** What the view draws. */
      common: {
        text: String(model.get("text") ?? ""),
        token: /** @type {number | null} */ (model.get("token") ?? null),
        theme: /** @type {import("./types").ThemePreference} */ (model.get("theme") ?? "auto"),
        settings: model.get("settings") ?? {},
        /** Null while a new text is on its way through the model. @type {import("./types").Tokens | null} */
        tokens: asked.now.newText || !given?.text ? null : given,
        levels: levelsOf(model.get("_levels")),
        figure,
        status: asked.status(),
        refused: asked.refused(),
        busy: asked.busy(missing),
        checking: asked.now.checking,
        live,
        editable: live && figure.editable,
        badge: asked.badge(),
      },
    };
  };
}

/**
 * What a reader may ask, as traits that are written and buttons that are pressed.
 * @param {Session} asked
 * @returns {import("./types").MapActions}
 */
export function asking({ write, press }) {
  return {
    setMethod: (method) => write({ method }),
    setLevel: (level) => write({ level }),
    setSettings: (settings) => write({ settings }),
    setTarget: (target) => write({ target }),
    setFoil: (foil) => write({ foil }),
    submitText: (text) => write({ text }),
    check: () => press("_check"),
    back: () => press("_back"),
    stop: () => press("_stop"),
  };
}

/**
 * The method asked for while it is not drawn, else the one drawn.
 * @param {Model} model
 * @param {{figure: {method: string}, busy: boolean, status: {state: string}}} common
 */
export function methodOf(model, { figure, busy, status }) {
  return (busy || status.state === "error" ? "" : figure.method) || model.get("method");
}

/**
 * Whether coarser units are asked for anew, rather than summed.
 * @param {{live?: boolean, method: string, methods: import("./types").MethodInfo[]} | undefined} figure
 */
export function byUnit(figure) {
  const known = figure?.methods?.find(({ name }) => name === figure.method);
  return Boolean(figure?.live && known?.needs === "values");
}

/** What Python says of one map, before it has said anything. */
export const EMPTY_FIGURE = {
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
  readout: "",
  target: null,
  foil: null,
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

/**
 * SaliencyText: the text a model read, shaded by what each part contributed to an answer.
 *
 * The browser writes `text`, `method`, `target`, `foil`, `of`, `position`, `level`, `settings`,
 * `step`, `token`, and counts presses in `_check`, `_back`, `_stop`, `_request`; Python answers by
 * replacing `_tokens`, `_levels`, `_scores`, `_predictions`, `_figure`, `_status`. Sums over a
 * level and the steps of an answer are made here. Hover, the open table and the open editor are
 * never synced.
 */

import "../core/core.css";
import { together } from "../core/together.js";
import { keyOf, wantedOf } from "../saliency/predictions.js";
import { initialize, once, session } from "../saliency/session.js";
import { asking, byUnit, EMPTY_FIGURE, methodOf, traitsReader } from "../saliency/traits.js";
import { atLevel, shownOf } from "./saliency_text/shown.js";
import { saliencyView } from "./saliency_text/view.js";
import "./saliency_text.css";

/** @typedef {import("../core/types").Model} Model */
/** @typedef {import("../core/types").RenderContext} RenderContext */
/** @typedef {import("../saliency/types").Wanted} Wanted */
/** @typedef {import("./saliency_text/types").SaliencyState} SaliencyState */
/** @typedef {import("./saliency_text/types").Figure} Figure */
/** @typedef {import("./saliency_text/types").Candidate} Candidate */
/** @typedef {ReturnType<typeof session>} Session */

const QUESTIONS = ["text", "method", "target", "foil", "of", "position", "settings", "level"];
const VIEWS = ["token", "theme", "step"];

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
  const view = saliencyView(el, {
    ...actionsOn(model, asked),
    hover: (index) => bus.hover(index === null ? null : { side: null, index }),
  });
  const read = reader();
  asked.update();
  return () => {
    asked.destroy();
    bus.destroy();
    view.destroy();
  };
}

/** @returns {(model: Model, asked: Session) => SaliencyState} */
function reader() {
  const traits = traitsReader(/** @type {Figure} */ (EMPTY_FIGURE));
  const atLevelOf = once(atLevel);
  const shownAt = once(shownOf);
  return (model, asked) => {
    const { common, scores, wanted } = traits(model, asked);
    const { figure, tokens, levels } = common;
    const at = tokens && atLevelOf(tokens, levels, wanted, figure.level, scores);
    const live = isLive(figure, asked);
    return {
      ...common,
      ...marked(model, figure, common.busy),
      method: methodOf(model, common),
      shown: at && shownAt(at, figure.signed, figure.answer, model.get("step") ?? null),
      live,
      editable: live && figure.editable,
    };
  };
}

/** @param {Figure} figure @param {Session} asked */
function isLive({ live, editable, methods }, asked) {
  return asked.connected() && (live ?? (editable || methods.length > 1));
}

/** What the strip marks. @param {Model} model @param {Figure} figure @param {boolean} busy */
function marked(model, figure, busy) {
  const predictions = model.get("_predictions") ?? [];
  /** @param {"target" | "foil"} name */
  const one = (name) => askedFor(model.get(name), predictions, figure[name], busy);
  const letGo = busy && model.get("foil") === null;
  return { predictions, target: one("target"), foil: letGo ? null : one("foil") };
}

/**
 * What the strip marks: while an answer is outstanding, the candidate asked for.
 * @param {Wanted} asked
 * @param {Candidate[]} predictions
 * @param {Candidate | null} drawn
 * @param {boolean} busy
 */
function askedFor(asked, predictions, drawn, busy) {
  const found = busy && predictions.find((one) => keyOf(wantedOf(one)) === keyOf(asked));
  return found || drawn;
}

/** @param {Model} model @param {Session} asked @returns {Omit<import("./saliency_text/types").Actions, "hover">} */
function actionsOn(model, asked) {
  const { write } = asked;
  const drawn = (/** @type {"target" | "foil"} */ name) => {
    const candidate = model.get("_figure")?.[name] ?? null;
    return candidate && candidate.id >= 0 ? wantedOf(candidate) : null;
  };
  const same = (/** @type {Wanted} */ a, /** @type {Wanted} */ b) =>
    b !== null && keyOf(a) === keyOf(b);
  /** Entropy has no target, and a target no entropy. */
  const number = () => (/^(entropy|own function)$/.test(model.get("of")) ? { of: null } : {});
  return {
    ...asking(asked),
    pin: (token) => write({ token }),
    setOf: (of) => write(of === "entropy" ? { target: null, foil: null, of } : { of }),
    setPosition: (position, token) =>
      write(token === undefined ? { position } : { position, token }),
    setStep: (step) => write({ step }),
    // Explaining the foil turns the question round.
    setTarget: (target) =>
      write(
        same(target, drawn("foil"))
          ? { target, foil: drawn("target"), ...number() }
          : { target, ...number() },
      ),
    // The target may have been the model's own choice: name it, so that it stays.
    setFoil: (foil) =>
      write(foil === null ? { foil } : { target: drawn("target"), foil, ...number() }),
  };
}

/**
 * SaliencyText: the text a model read, shaded by what each token contributed to one prediction.
 *
 * The browser writes `text`, `method`, `target`, `foil`, `token`, `_stop`, `_request`; Python
 * answers by replacing `_tokens`, `_scores`, `_predictions`, `_figure`, `_status`. Hover, the open
 * table and the open editor are never synced.
 */

import "../core/core.css";
import { watchKernel } from "../core/kernel.js";
import { together } from "../core/together.js";
import { decode } from "../core/wire.js";
import { saliencyView } from "./saliency_text/view.js";
import "./saliency_text.css";

/** @typedef {import("../core/types").Model} Model */
/** @typedef {import("../core/types").RenderContext} RenderContext */
/** @typedef {import("./saliency_text/types").SaliencyState} SaliencyState */
/** @typedef {import("./saliency_text/types").Figure} Figure */
/** @typedef {import("./saliency_text/types").Candidate} Candidate */
/**
 * What a view remembers between two draws.
 * @typedef {{ waiting: boolean, newText: boolean, silent: boolean, gone: boolean }} Session
 */

const QUESTION = ["text", "method", "target", "foil"];
const ANSWER = ["_tokens", "_scores", "_predictions", "_figure", "_status"];
const TRAITS = [...QUESTION, ...ANSWER, "token", "theme"];
/** So long without an answer, the figure says that it shows the last state. */
const PATIENCE = 5000;

export default () => ({ initialize, render });

/** Some hosts drop the first buffers: ask for them once more. @param {Pick<RenderContext, "model">} context */
function initialize({ model }) {
  const ask = () => {
    const envelope = model.get("_scores");
    if (!envelope?.shape || decode(envelope)) return;
    model.set("_request", (model.get("_request") ?? 0) + 1);
    model.save_changes();
  };
  model.on("change:_scores", ask);
  ask();
  return () => model.off("change:_scores", ask);
}

/** @param {RenderContext} context */
function render({ model, el }) {
  const bus = together(model, {
    onHover: (hover) => view.light(hover?.index ?? null),
    shares: ["token"],
  });
  const view = saliencyView(el, {
    ...actionsOn(model),
    hover: (index) => bus.hover(index === null ? null : { side: null, index }),
  });
  /** @type {Set<string>} */
  const changed = new Set();
  const session = { waiting: false, newText: false, silent: false, gone: false, closed: false };
  const figureOf = once((raw) => /** @type {Figure} */ ({ ...EMPTY_FIGURE, ...raw }));
  const scoresOf = once(decode);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let patience;

  function update() {
    if (session.closed) return;
    follow(changed, session, model);
    changed.clear();
    clearTimeout(patience);
    if (session.waiting && model.get("_status")?.state !== "loading") {
      patience = setTimeout(() => {
        session.silent = true;
        update();
      }, PATIENCE);
    }
    const figure = figureOf(model.get("_figure"));
    view.update(readState(model, session, figure, scoresOf(model.get("_scores"))));
  }

  /** Traits set together in Python arrive in one turn and are drawn once. @param {string} name */
  function note(name) {
    if (changed.size === 0) queueMicrotask(update);
    changed.add(name);
  }

  const handlers = TRAITS.map((name) => ({ event: `change:${name}`, run: () => note(name) }));
  for (const { event, run } of handlers) model.on(event, run);
  const stopKernel = watchKernel(model, el, (gone) => {
    session.gone = gone;
    note("kernel");
  });
  update();
  return () => {
    session.closed = true;
    clearTimeout(patience);
    stopKernel();
    bus.destroy();
    for (const { event, run } of handlers) model.off(event, run);
    view.destroy();
  };
}

/**
 * A conversion that gives the same result, not an equal one, until its input changes: what is drawn
 * from it need not be drawn again.
 * @template In, Out
 * @param {(input: In) => Out} convert
 * @returns {(input: In) => Out}
 */
function once(convert) {
  /** @type {{ input: In, output: Out } | null} */
  let last = null;
  return (input) => {
    if (!last || last.input !== input) last = { input, output: convert(input) };
    return last.output;
  };
}

/**
 * Whether an answer is outstanding. A question without an answer in the same turn opens one;
 * a figure or a status that is not "loading" closes it.
 * @param {Set<string>} changed
 * @param {Session} session
 * @param {Model} model
 */
function follow(changed, session, model) {
  const loading = model.get("_status")?.state === "loading";
  if (ANSWER.some((name) => changed.has(name))) {
    session.waiting = loading;
    session.silent = false;
  } else if (QUESTION.some((name) => changed.has(name))) {
    session.waiting = !session.gone && !model.lmwStandalone;
  }
  if (changed.has("_tokens") || !session.waiting) session.newText = false;
  else if (changed.has("text")) session.newText = true;
}

/**
 * The traits, decoded once.
 * @param {Model} model
 * @param {Session} session
 * @param {Figure} figure
 * @param {import("../core/types").Decoded | null} scores
 * @returns {SaliencyState}
 */
function readState(model, { waiting, newText, silent, gone }, figure, scores) {
  const status = { ...EMPTY_STATUS, ...model.get("_status") };
  const predictions = model.get("_predictions") ?? [];
  const tokens = model.get("_tokens");
  const missing = Boolean(model.get("_scores")?.shape) && scores === null;
  const busy = waiting || missing || status.state === "loading";
  const connected = !gone && !model.lmwStandalone;
  const live = connected && (figure.live ?? (figure.editable || figure.methods.length > 1));
  /** @param {"target" | "foil"} name */
  const asked = (name) => askedFor(model.get(name), predictions, figure[name], busy);
  return {
    text: model.get("text") ?? "",
    method: (busy ? model.get("method") : figure.method) || model.get("method"),
    token: model.get("token") ?? null,
    theme: model.get("theme") ?? "auto",
    tokens: newText || !tokens?.text ? null : tokens,
    scores: /** @type {Float32Array | null} */ (scores?.data ?? null),
    predictions,
    target: asked("target"),
    foil: busy && model.get("foil") === null ? null : asked("foil"),
    figure,
    status,
    busy,
    live,
    editable: live && figure.editable,
    badge: badge(gone, silent),
  };
}

/**
 * What the strip marks: while an answer is outstanding, the candidate asked for.
 * @param {string | number | null} asked
 * @param {Candidate[]} predictions
 * @param {Candidate | null} drawn
 * @param {boolean} busy
 */
function askedFor(asked, predictions, drawn, busy) {
  const found = busy && predictions.find(({ id }) => id === asked);
  return found || drawn;
}

/** @param {boolean} gone @param {boolean} silent */
function badge(gone, silent) {
  if (gone) return "kernel not connected: showing the last state";
  return silent ? "no answer from the kernel yet: showing the last state" : null;
}

/** @param {Model} model @returns {Omit<import("./saliency_text/types").Actions, "hover">} */
function actionsOn(model) {
  /** @param {Record<string, unknown>} values */
  const write = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const drawn = (/** @type {"target" | "foil"} */ name) => model.get("_figure")?.[name]?.id ?? null;
  return {
    pin: (token) => write({ token }),
    setMethod: (method) => write({ method }),
    submitText: (text) => write({ text }),
    stop: () => write({ _stop: (model.get("_stop") ?? 0) + 1 }),
    // Explaining the foil turns the question round.
    setTarget: (target) =>
      write(target === drawn("foil") ? { target, foil: drawn("target") } : { target }),
    // The target may have been the model's own choice: name it, so that it stays.
    setFoil: (foil) => write(foil === null ? { foil } : { target: drawn("target"), foil }),
  };
}

/** @type {Figure} */
const EMPTY_FIGURE = {
  model: "",
  method: "",
  signed: true,
  unit: "",
  methods: [],
  editable: false,
  readout: "",
  target: null,
  foil: null,
  check: null,
  cost: { passes: 0, seconds: 0 },
  partial: false,
};

/** @type {import("../core/types").Status} */
const EMPTY_STATUS = { state: "ready", message: "", remedy: "", example: null, progress: null };

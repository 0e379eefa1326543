/**
 * Whether an answer is outstanding, and whether anybody is there to give it: what every widget of
 * attribution follows of the model.
 */

import { watchKernel } from "../core/kernel.js";
import { decode } from "../core/wire.js";
import { decodeLevels } from "./units.js";

/** @typedef {import("../core/types").Model} Model */
/** @typedef {import("./types").SaliencyStatus} Status */

const ANSWER = ["_tokens", "_scores", "_levels", "_predictions", "_figure", "_status"];
/** So long without an answer, the figure says that it shows the last state. */
const PATIENCE = 5000;

/** @type {Status} */
const EMPTY = { state: "ready", message: "", remedy: "", example: null, progress: null };

/**
 * @param {Model} model
 * @param {HTMLElement} el
 * @param {{questions: string[], views: string[], draw: () => void, asks?: (name: string) => boolean}} options
 *   `questions`: traits that ask Python something; `views`: traits that are drawn without it;
 *   `asks`: whether a question needs an answer as it stands
 */
export function session(model, el, { questions, views, draw, asks = () => true }) {
  /** @type {Set<string>} */
  const changed = new Set();
  const now = { waiting: false, checking: false, newText: false, silent: false, gone: false };
  let closed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let patience;

  /**
   * A question without an answer in the same turn opens a wait; a figure or a status that is not
   * "loading" closes it.
   */
  function follow() {
    const loading = status().state === "loading";
    if (ANSWER.some((name) => changed.has(name))) {
      now.waiting = loading;
      now.silent = false;
      if (!loading) now.checking = false;
    } else if (changed.has("_check")) {
      now.waiting = now.checking = connected();
    } else if (questions.some((name) => changed.has(name) && asks(name))) {
      now.waiting = connected() && (status().state !== "empty" || written());
      now.checking = false;
    }
    if (!connected()) now.waiting = now.checking = now.silent = false;
    if (changed.has("_tokens") || !now.waiting) now.newText = false;
    else if (changed.has("text")) now.newText = true;
  }

  const connected = () => !now.gone && !model.lmwStandalone;
  /** Nobody loads any more when the kernel has gone. @returns {Status} */
  const status = () => {
    const given = { ...EMPTY, ...model.get("_status") };
    return given.state === "loading" && !connected() ? EMPTY : given;
  };
  /** Without a text nothing is asked yet. */
  const written = () => changed.has("text") && Boolean(model.get("text")?.trim());

  function update() {
    if (closed) return;
    follow();
    changed.clear();
    clearTimeout(patience);
    if (now.waiting && status().state !== "loading") {
      patience = setTimeout(() => {
        now.silent = true;
        update();
      }, PATIENCE);
    }
    draw();
  }

  /** Traits set together in Python arrive in one turn and are drawn once. @param {string} name */
  function note(name) {
    if (changed.size === 0) queueMicrotask(update);
    changed.add(name);
  }

  const handlers = [...new Set([...questions, ...views, ...ANSWER, "_check"])].map((name) => {
    const handler = () => note(name);
    model.on(`change:${name}`, handler);
    return () => model.off(`change:${name}`, handler);
  });
  const stopKernel = watchKernel(model, el, (gone) => {
    now.gone = gone;
    note("kernel");
  });

  return {
    now,
    status,
    connected,
    update,
    /** Whether an answer is outstanding that may still come. @param {boolean} missing data has not come yet */
    busy: (missing) => connected() && (now.waiting || missing || status().state === "loading"),
    /** What the header says of the kernel, or null. */
    badge() {
      if (now.gone) return "kernel not connected: showing the last state";
      return now.silent ? "no answer from the kernel yet: showing the last state" : null;
    },
    /** The target or foil that could not be used. @returns {import("./types").Refused | null} */
    refused() {
      const { about } = status();
      const name = /** @type {const} */ (["target", "foil"]).find((one) => about?.includes(one));
      return name ? { name, value: model.get(name) } : null;
    },
    /** @param {Record<string, unknown>} values */
    write(values) {
      for (const [name, value] of Object.entries(values)) model.set(name, value);
      model.save_changes();
    },
    /** One more press of a button that Python listens to. @param {string} name */
    press(name) {
      model.set(name, (model.get(name) ?? 0) + 1);
      model.save_changes();
    },
    destroy() {
      closed = true;
      clearTimeout(patience);
      stopKernel();
      for (const off of handlers) off();
    },
  };
}

/**
 * Some hosts drop the first buffers: ask once more until scores and levels are here.
 * @param {Pick<import("../core/types").RenderContext, "model">} context
 */
export function initialize({ model }) {
  const complete = () => {
    const scores = model.get("_scores");
    const levels = model.get("_levels") ?? [];
    return (
      (!scores?.shape || decode(scores) !== null) && decodeLevels(levels).length === levels.length
    );
  };
  const ask = () => {
    if (complete()) return;
    model.set("_request", (model.get("_request") ?? 0) + 1);
    model.save_changes();
  };
  model.on("change:_scores", ask);
  ask();
  return () => model.off("change:_scores", ask);
}

/**
 * A conversion that gives the same result, not an equal one, until its inputs change: what is drawn
 * from it need not be drawn again.
 * @template {unknown[]} In
 * @template Out
 * @param {(...inputs: In) => Out} convert
 * @returns {(...inputs: In) => Out}
 */
export function once(convert) {
  /** @type {{ inputs: In, output: Out } | null} */
  let last = null;
  return (...inputs) => {
    const known = last?.inputs;
    if (!last || inputs.some((input, i) => input !== known?.[i])) {
      last = { inputs, output: convert(...inputs) };
    }
    return last.output;
  };
}

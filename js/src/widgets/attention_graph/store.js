/**
 * The model at arm's length. Traits written by both sides: text, layer, heads, mean, token, side,
 * threshold, top_k, hide_special, hide_first, view, kind, search, theme, _stop, _request.
 * Written by Python only: _tokens, _attention, _focus, _figure, _status. Hover is never synced,
 * nor is which part of a long text is in view.
 */

import { AttentionData } from "./data.js";
import { decodeFocus } from "./long/focus.js";

/** @typedef {import("../../core/types").Model} Model */
/** @typedef {import("../../core/types").Status} Status */
/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").TokenPair} TokenPair */

/** @type {State} */
const DEFAULTS = {
  text: "",
  layer: 0,
  heads: [],
  mean: false,
  token: null,
  side: "query",
  threshold: 0,
  top_k: null,
  hide_special: false,
  hide_first: false,
  view: "columns",
  kind: "self",
  search: "",
  theme: "auto",
};
const NAMES = /** @type {(keyof State)[]} */ (Object.keys(DEFAULTS));
const GIVEN = ["_tokens", "_attention", "_focus", "_figure", "_status"];

/** @type {Figure} */
const NO_FIGURE = {
  model: "",
  title: "",
  layers: 0,
  layer_numbers: [],
  heads: [],
  kinds: [],
  causal: false,
  editable: false,
  top_per_row: null,
};

/** @type {Status} */
const LOADING = { state: "loading", message: "", remedy: "", example: null, progress: null };

/**
 * Ask Python to send the data again when the host lost it on the way.
 * @param {Model} model
 */
export function requestMissing(model) {
  const attention = model.get("_attention");
  const described = attention?.weights !== undefined;
  if (!described || AttentionData.decode(attention)) return;
  model.set("_request", (model.get("_request") ?? 0) + 1);
  model.save_changes();
}

/**
 * @param {Model} model
 */
export function createStore(model) {
  /** @type {AttentionData | null} */
  let data = null;
  /** @type {import("./long/focus.js").Focus | null} */
  let focus = null;
  /** @type {Set<string>} */
  const changed = new Set();
  /** @type {((names: Set<string>) => void) | null} */
  let listener = null;
  let alive = true;

  const decode = () => {
    data = AttentionData.decode(model.get("_attention"));
  };
  const decodePinned = () => {
    focus = decodeFocus(model.get("_focus"));
  };
  decode();
  decodePinned();

  // Traits that Python sets together arrive as separate events: answer them once.
  const flush = () => {
    if (!alive) return;
    const names = new Set(changed);
    changed.clear();
    if (names.has("_attention")) decode();
    if (names.has("_focus")) decodePinned();
    listener?.(names);
  };
  const handlers = [...NAMES, ...GIVEN].map((name) => {
    const handler = () => {
      if (changed.size === 0) queueMicrotask(flush);
      changed.add(name);
    };
    model.on(`change:${name}`, handler);
    return () => model.off(`change:${name}`, handler);
  });

  return {
    model,
    /** @returns {State} */
    get state() {
      const entries = NAMES.map((name) => [name, model.get(name) ?? DEFAULTS[name]]);
      return Object.fromEntries(entries);
    },
    /** @returns {Figure} */
    get figure() {
      return { ...NO_FIGURE, ...model.get("_figure") };
    },
    /** @returns {Status} */
    get status() {
      return model.get("_status")?.state ? { ...LOADING, ...model.get("_status") } : LOADING;
    },
    /** @returns {TokenPair | null} */
    get tokens() {
      return model.get("_tokens")?.query ? model.get("_tokens") : null;
    },
    get data() {
      return data;
    },
    /** Every weight of the pinned token, when the data have only the strongest. */
    get focus() {
      return focus;
    },
    /** @param {Partial<State>} values */
    set(values) {
      for (const [name, value] of Object.entries(values)) model.set(name, value);
      model.save_changes();
    },
    stop() {
      model.set("_stop", (model.get("_stop") ?? 0) + 1);
      model.save_changes();
    },
    /** @param {(names: Set<string>) => void} handler */
    onChange(handler) {
      listener = handler;
    },
    destroy() {
      alive = false;
      for (const off of handlers) off();
    },
  };
}

/** @typedef {ReturnType<typeof createStore>} Store */

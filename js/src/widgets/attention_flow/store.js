/**
 * Traits written by both sides: text, kind, method, target, foil, layer, heads, token, hide_first,
 * hide_special, threshold, top_k, fold, theme, _stop, _request. Written by Python only: _tokens, _steps, _trace, _figure,
 * _status. Hover is never synced, nor is which gaps are open.
 */

import { AttentionData } from "../../attention/data.js";
import { NO_FIGURE } from "../../attention/figure.js";
import { request, traitStore } from "../../core/store.js";
import { decodeTrace } from "./trace.js";

/** @typedef {import("../../core/types").Model} Model */
/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */

/** @type {State} */
const DEFAULTS = {
  text: "",
  kind: "self",
  method: "rollout",
  target: null,
  foil: null,
  layer: 0,
  heads: [],
  token: null,
  hide_first: false,
  hide_special: false,
  threshold: 0,
  top_k: null,
  fold: null,
  theme: "auto",
};
/** @type {Figure} */
const EMPTY = {
  ...NO_FIGURE,
  methods: [],
  method: "",
  label: "",
  unit: "share",
  explains: "",
  residual: null,
  minus_own: false,
  linear: true,
};

/** @param {Model} model */
export function requestMissing(model) {
  const steps = model.get("_steps");
  if (steps?.weights !== undefined && !AttentionData.decode(steps)) request(model);
}

/** @param {Model} model */
export function createStore(model) {
  const traits = traitStore(model, {
    defaults: DEFAULTS,
    decoders: { _steps: AttentionData.decode, _trace: decodeTrace },
    given: ["_tokens", "_figure"],
  });
  return {
    ...traits,
    get state() {
      return traits.state;
    },
    get status() {
      return traits.status;
    },
    /** @returns {Figure} */
    get figure() {
      return { ...EMPTY, ...model.get("_figure") };
    },
    /** @returns {import("../../core/types").Tokens | null} */
    get tokens() {
      return model.get("_tokens")?.query ?? null;
    },
    get data() {
      return traits.decoded("_steps");
    },
    /** The trace of the pinned node, where Python computed it. */
    get trace() {
      return traits.decoded("_trace");
    },
  };
}

/** @typedef {ReturnType<typeof createStore>} Store */

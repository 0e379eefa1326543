/**
 * Traits written by both sides: text, layer, heads, mean, token, side, threshold, top_k,
 * hide_special, hide_first, renormalise, pair, collapsed, step, view, kind, search, theme, _stop,
 * _request. Written by Python only: _tokens, _attention, _focus, _sums, _figure, _status. Hover is never synced,
 * nor is which part of a long text is in view.
 */

import { AttentionData } from "../../attention/data.js";
import { NO_FIGURE } from "../../attention/figure.js";
import { decodeSums } from "../../attention/sums.js";
import { request, traitStore } from "../../core/store.js";
import { decodeFocus } from "./long/focus.js";

/** @typedef {import("../../core/types").Model} Model */
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
  renormalise: false,
  pair: "all",
  collapsed: [],
  step: null,
  view: "columns",
  kind: "self",
  search: "",
  theme: "auto",
};
const DECODERS = {
  _attention: AttentionData.decode,
  _focus: decodeFocus,
  _sums: decodeSums,
};

/** @param {Model} model */
export function requestMissing(model) {
  const attention = model.get("_attention");
  const described = attention?.weights !== undefined;
  if (described && !AttentionData.decode(attention)) request(model);
}

/**
 * @param {Model} model
 */
export function createStore(model) {
  const traits = traitStore(model, {
    defaults: DEFAULTS,
    decoders: DECODERS,
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
      return { ...NO_FIGURE, ...model.get("_figure") };
    },
    /** @returns {TokenPair | null} */
    get tokens() {
      return model.get("_tokens")?.query ? model.get("_tokens") : null;
    },
    get data() {
      return traits.decoded("_attention");
    },
    /** Every weight of the pinned token, when the data have only the strongest. */
    get focus() {
      return traits.decoded("_focus");
    },
    /** What hidden keys hold, when the data have only the strongest. */
    get sums() {
      return traits.decoded("_sums");
    },
  };
}

/** @typedef {ReturnType<typeof createStore>} Store */

/**
 * Traits written by both sides: text, layer, heads, method, colour, sentence, token, side, search,
 * theme, _stop, _request. Written by Python only: _tokens, _space, _figure, _status. Hover, zoom
 * and what part of the plane is in view are never synced.
 */

import { NO_FIGURE } from "../../attention/figure.js";
import { request, traitStore } from "../../core/store.js";
import { Space } from "./data.js";

/** @typedef {import("../../core/types").Model} Model */
/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */

/** @type {State} */
const DEFAULTS = {
  text: "",
  layer: 0,
  heads: [],
  method: "pca",
  colour: "kind",
  sentence: 0,
  token: null,
  side: "query",
  search: "",
  theme: "auto",
};

/** @param {Model} model */
export function requestMissing(model) {
  const wire = model.get("_space");
  if (wire?.points && !Space.decode(wire)) request(model);
}

/** @param {Model} model */
export function createStore(model) {
  const traits = traitStore(model, {
    defaults: DEFAULTS,
    decoders: { _space: Space.decode },
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
      return { ...NO_FIGURE, bytes: 0, ...model.get("_figure") };
    },
    /** @returns {import("../../core/types").Tokens[]} */
    get sentences() {
      return model.get("_tokens")?.sentences ?? [];
    },
    get space() {
      return traits.decoded("_space");
    },
  };
}

/** @typedef {ReturnType<typeof createStore>} Store */

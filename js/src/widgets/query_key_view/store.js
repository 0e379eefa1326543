/**
 * Traits written by both sides: text, layer, heads, token, key, order, kind, theme, _stop,
 * _request. Written by Python only: _tokens, _parts, _figure, _status. Hover is never synced.
 */

import { NO_FIGURE } from "../../attention/figure.js";
import { request, traitStore } from "../../core/store.js";
import { HeadPart } from "./data.js";

/** @typedef {import("../../core/types").Model} Model */
/** @typedef {import("./types").State} State */
/** @typedef {import("./types").PartWire} PartWire */
/** @typedef {import("../../attention/types").Figure & {rotary?: import("./types").Rotary}} Figure */

/** @type {State} */
const DEFAULTS = {
  text: "",
  layer: 0,
  heads: [],
  token: null,
  key: null,
  order: "dimension",
  kind: "self",
  theme: "auto",
};

/** @param {PartWire[] | null | undefined} wires @returns {HeadPart[]} */
const decodeParts = (wires) =>
  (wires ?? []).flatMap((wire) => {
    const part = HeadPart.decode(wire);
    return part ? [part] : [];
  });

/** @param {Model} model */
export function requestMissing(model) {
  const wires = model.get("_parts") ?? [];
  if (decodeParts(wires).length < wires.length) request(model);
}

/** @param {Model} model */
export function createStore(model) {
  const traits = traitStore(model, {
    defaults: DEFAULTS,
    decoders: { _parts: decodeParts },
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
    /** @returns {import("./types").TokenSides | null} */
    get tokens() {
      const tokens = model.get("_tokens");
      return tokens?.query ? { query: tokens.query, key: tokens.key ?? tokens.query } : null;
    },
    get parts() {
      return traits.decoded("_parts");
    },
    /** The one head that is shown: the first chosen one. */
    get head() {
      return traits.state.heads[0] ?? 0;
    },
  };
}

/** @typedef {ReturnType<typeof createStore>} Store */

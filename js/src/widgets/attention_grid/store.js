/**
 * Traits written by both sides: text, kind, layer, heads, token, side, statistic, order, flat,
 * descending, at_least, at_most, show_types, scale, size, types, theme, _stop, _request. Written by Python only:
 * _tokens, _thumbnails, _statistics, _types, _detail, _figure, _status. Hover is never synced.
 */

import { NO_FIGURE } from "../../attention/figure.js";
import { request, traitStore } from "../../core/store.js";
import { decodeStatistics } from "./statistics.js";
import { Details, Thumbnails } from "./thumbnails.js";

/** @typedef {import("../../core/types").Model} Model */
/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").TokenPair} TokenPair */
/** @typedef {import("./types").TypesWire} TypesWire */

/** @type {State} */
const DEFAULTS = {
  text: "",
  kind: "self",
  theme: "auto",
  layer: 0,
  heads: [],
  token: null,
  side: "query",
  statistic: "",
  order: "head",
  flat: false,
  descending: false,
  at_least: null,
  at_most: null,
  show_types: [],
  scale: "head",
  size: null,
  types: false,
};
const DECODERS = {
  _thumbnails: Thumbnails.decode,
  _statistics: decodeStatistics,
  _detail: Details.decode,
};

/** @param {Model} model */
export function requestMissing(model) {
  const sent = model.get("_thumbnails");
  if (sent?.cells !== undefined && !Thumbnails.decode(sent)) request(model);
}

/** @param {Model} model */
export function createStore(model) {
  const traits = traitStore(model, {
    defaults: DEFAULTS,
    decoders: DECODERS,
    given: ["_tokens", "_types", "_figure"],
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
      return { ...NO_FIGURE, labels: false, ...model.get("_figure") };
    },
    /** @returns {import("./types").Texts | null} */
    get texts() {
      /** @type {TokenPair | null} */
      const pair = model.get("_tokens");
      return pair?.query ? { query: pair.query, key: pair.key ?? pair.query } : null;
    },
    get thumbnails() {
      return traits.decoded("_thumbnails");
    },
    get statistics() {
      return traits.decoded("_statistics");
    },
    /** @returns {TypesWire} */
    get types() {
      return { labels: null, scores: [], meanings: {}, error: "", ...model.get("_types") };
    },
    get details() {
      return traits.decoded("_detail");
    },
  };
}

/** @typedef {ReturnType<typeof createStore>} Store */

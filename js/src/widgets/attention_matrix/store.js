/**
 * Traits written by both sides: text, layer, heads, token, side, key, scale, pool, kind, theme,
 * _stop, _request. Written by the browser only: _view, which tiles it lacks, when it rests. Written
 * by Python only: _tokens, _attention, _overview, _tiles, _row, _figure, _status. Hover is never
 * synced, nor is how far the reader zoomed.
 */

import { AttentionData } from "../../attention/data.js";
import { NO_FIGURE } from "../../attention/figure.js";
import { request, traitStore } from "../../core/store.js";
import { decodeOverview, decodeRow, decodeTiles } from "./decode.js";

/** @typedef {import("../../core/types").Model} Model */
/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").TokenPair} TokenPair */

/** @type {State} */
const DEFAULTS = {
  text: "",
  layer: 0,
  heads: [],
  token: null,
  side: "query",
  key: null,
  scale: "head",
  pool: "token",
  kind: "self",
  theme: "auto",
};
const DECODERS = {
  _attention: AttentionData.decode,
  _overview: decodeOverview,
  _tiles: decodeTiles,
  _row: decodeRow,
};

/** @param {Model} model */
export function requestMissing(model) {
  const [attention, overview] = [model.get("_attention"), model.get("_overview")];
  const lost =
    (attention?.weights !== undefined && !AttentionData.decode(attention)) ||
    (overview?.cells !== undefined && !decodeOverview(overview));
  if (lost) request(model);
}

/** @param {Model} model */
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
    get overview() {
      return traits.decoded("_overview");
    },
    get tiles() {
      return traits.decoded("_tiles");
    },
    get row() {
      return traits.decoded("_row");
    },
    /** Ask for tiles. @param {{number: number, level: number, tiles: number[][]}} wanted */
    look(wanted) {
      const turn = (model.get("_view")?.turn ?? 0) + 1;
      model.set("_view", { ...wanted, turn });
      model.save_changes();
    },
  };
}

/** @typedef {ReturnType<typeof createStore>} Store */

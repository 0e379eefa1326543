/** Made-up queries and keys of one head, as Python sends them. */

import { envelope, fakeTokens } from "./fake_attention.js";

/** @typedef {import("../src/core/types").Tokens} Tokens */

const READY = { state: "ready", message: "", remedy: "", example: null, progress: null };

/** @param {number} seed */
function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return 2 * (state / 2 ** 32) - 1;
  };
}

/**
 * @param {number} count
 * @param {{channels?: number, layer?: number, head?: number, query?: number | null,
 *   keys?: number[] | null, sink?: number | null, nan?: boolean}} [options] query: only that one
 * @returns {any}
 */
export function fakePart(count, options = {}) {
  const { channels = 16, layer = 0, head = 0, query = null, sink = null, nan = false } = options;
  const next = random(7 + 31 * layer + head);
  const q = Float32Array.from({ length: count * channels }, () => 3 * next());
  const k = Float32Array.from({ length: count * channels }, () => 3 * next());
  if (nan) q[0] = Number.NaN;
  const queries = query === null ? Array.from({ length: count }, (_, i) => i) : [query];
  const keys = options.keys ?? Array.from({ length: count }, (_, i) => i);
  const stages = queries.map((at) => stagesOf(q, k, at, count, channels, sink));
  const rows = [0, 1, 2, 3, 4].flatMap((step) =>
    stages.flatMap(({ steps }) => keys.map((key) => steps[step][key])),
  );
  const axes = ["step", "query", "key"];
  return {
    layer,
    head,
    best: [queries.at(-1), Math.min(1, count - 1)],
    queries: query === null ? null : queries,
    keys: options.keys ?? null,
    query: envelope(
      Float32Array.from(
        queries.flatMap((at) => [...q.subarray(at * channels, (at + 1) * channels)]),
      ),
      "float32",
      [queries.length, channels],
      ["query", "channel"],
    ),
    key: envelope(
      Float32Array.from(keys.flatMap((at) => [...k.subarray(at * channels, (at + 1) * channels)])),
      "float32",
      [keys.length, channels],
      ["key", "channel"],
    ),
    rows: envelope(Float32Array.from(rows), "float32", [5, queries.length, keys.length], axes),
    weights:
      query === null
        ? null
        : envelope(Float32Array.from(stages[0].steps[4]), "float32", [1, count], ["query", "key"]),
    names: queries.map(() => ["Dot product", "Scale", "Mask", "Exponential", "Share"]),
    symbols: queries.map(() => ["q · k", "× 0.25", "−∞ where hidden", "exp(s − max)", "÷ sum"]),
    notes: { "Dot product": "How well they fit." },
    best_keys: stages.map(({ steps }) => best(steps[4])),
    hidden: queries.map((at) => count - 1 - at),
    sinks: stages.map(({ share }) => (sink === null ? null : [sink, share])),
  };
}

/** @param {number[]} weights */
function best(weights) {
  const others = weights.map((weight, i) => (i === 0 ? -1 : weight));
  const most = Math.max(...others);
  return most > 0 ? others.indexOf(most) : 0;
}

/** @param {Float32Array} q @param {Float32Array} k @param {number} at @param {number} count @param {number} channels @param {number | null} sink */
function stagesOf(q, k, at, count, channels, sink) {
  const dot = Array.from({ length: count }, (_, key) => {
    let sum = 0;
    for (let i = 0; i < channels; i++) sum += q[at * channels + i] * k[key * channels + i];
    return sum;
  });
  const scaled = dot.map((value) => value / 4);
  const masked = scaled.map((value, key) => (key > at ? Number.NEGATIVE_INFINITY : value));
  const peak = Math.max(...masked, sink ?? Number.NEGATIVE_INFINITY);
  const powers = masked.map((value) => Math.exp(value - peak));
  const extra = sink === null ? 0 : Math.exp(sink - peak);
  const total = powers.reduce((sum, value) => sum + value, extra);
  const weights = powers.map((value) => value / total);
  return { steps: [dot, scaled, masked, powers, weights], share: extra / total };
}

/**
 * The state of a QueryKeyView.
 * @param {string[]} texts
 * @param {{tokens?: Partial<Tokens>, key?: Tokens | null, figure?: object, traits?: object,
 *   parts?: any[]}} [options]
 * @returns {Record<string, any>}
 */
export function viewState(texts, { tokens, key = null, figure = {}, traits = {}, parts } = {}) {
  return {
    text: texts.join(""),
    layer: 0,
    heads: [0],
    token: null,
    key: null,
    order: "dimension",
    kind: "self",
    theme: "auto",
    _tokens: { query: fakeTokens(texts, tokens), key },
    _parts: parts ?? [fakePart(texts.length), fakePart(texts.length, { head: 1 })],
    _figure: {
      model: "SmolLM2-135M-Instruct",
      title: "Query and key",
      layers: 3,
      layer_numbers: [0, 1, 2],
      heads: [4, 4, 4],
      kinds: ["self"],
      causal: true,
      editable: true,
      ...figure,
    },
    _status: READY,
    _group: "",
    _stop: 0,
    _request: 0,
    ...traits,
  };
}

/**
 * The state of a QueryKeySpace.
 * @param {string[][]} sentences
 * @param {{traits?: object, figure?: object, wire?: object}} [options]
 * @returns {Record<string, any>}
 */
export function spaceState(sentences, { traits = {}, figure = {}, wire = {} } = {}) {
  const count = sentences.reduce((sum, texts) => sum + texts.length, 0);
  const next = random(5);
  const floats = (/** @type {number} */ size) =>
    Float32Array.from({ length: size }, () => 4 * next());
  const [weights, columns, offsets, scales, owner] = Array.from({ length: 5 }, () => {
    /** @type {number[]} */
    const list = [];
    return list;
  });
  offsets.push(0);
  sentences.forEach((texts, s) => {
    texts.forEach((_, query) => {
      owner.push(s);
      scales.push(1 / 65535);
      // The token before gets 0.8, the first 0.2; the first itself everything.
      for (const [key, weight] of query === 0
        ? [[0, 1]]
        : query === 1
          ? [[0, 1]]
          : [
              [query - 1, 0.8],
              [0, 0.2],
            ]) {
        columns.push(key);
        weights.push(Math.round(weight * 65535));
      }
      offsets.push(columns.length);
    });
  });
  const list = (/** @type {any} */ array, /** @type {string} */ dtype) =>
    envelope(array, dtype, [array.length], ["entry"]);
  return {
    text: sentences[0]?.join("") ?? "",
    layer: 0,
    heads: [0],
    method: "pca",
    colour: "kind",
    sentence: 0,
    token: null,
    side: "query",
    search: "",
    theme: "auto",
    _tokens: { sentences: sentences.map((texts) => fakeTokens(texts)) },
    _space: {
      layer: 0,
      head: 0,
      method: "pca",
      explained: [0.31, 0.12],
      scale: 1.2,
      agreement: 0.71,
      top: null,
      points: envelope(floats(4 * count), "float32", [2, count, 2], ["kind", "token", "axis"]),
      sentence: list(Int32Array.from(owner), "int32"),
      norms: envelope(floats(2 * count).map(Math.abs), "float32", [2, count], ["kind", "token"]),
      weights: list(Uint16Array.from(weights), "uint16"),
      columns: list(Uint16Array.from(columns), "uint16"),
      offsets: list(Uint32Array.from(offsets), "uint32"),
      rowscale: list(Float32Array.from(scales), "float32"),
      ...wire,
    },
    _figure: {
      model: "SmolLM2-135M-Instruct",
      title: "Query-key space",
      layers: 3,
      layer_numbers: [0, 1, 2],
      heads: [4, 4, 4],
      kinds: ["self"],
      causal: true,
      editable: true,
      bytes: 36_000_000,
      ...figure,
    },
    _status: READY,
    _group: "",
    _stop: 0,
    _request: 0,
    ...traits,
  };
}

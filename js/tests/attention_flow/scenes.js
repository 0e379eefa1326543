/** Made-up mixing of tokens, and the state of an AttentionFlow that shows it. */

import { envelope, fakeTokens } from "../fake_attention.js";

export const TEXTS = "When| Mary| and| John| went| to| the| store".split("|");

/** @param {number} seed */
function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * steps[layer][query][key]: rows sum to 1, half of each stays.
 * @param {number} layers
 * @param {number} count
 * @param {boolean} [causal]
 */
export function fakeSteps(layers, count, causal = true) {
  const next = random(7);
  return Array.from({ length: layers }, () =>
    Array.from({ length: count }, (_, query) => {
      const row = Array.from({ length: count }, (_, key) =>
        causal && key > query ? 0 : next() ** 3,
      );
      const sum = row.reduce((a, b) => a + b, 0);
      return row.map((weight, key) => weight / sum / 2 + (key === query ? 0.5 : 0));
    }),
  );
}

/**
 * The trait `_steps`.
 * @param {number[][][]} steps
 * @returns {import("../../src/attention/types").AttentionWire}
 */
export function stepsWire(steps) {
  const [layers, count] = [steps.length, steps[0].length];
  const values = new Uint16Array(layers * count * count);
  const scale = new Float32Array(layers * count);
  steps.flat().forEach((row, r) => {
    const most = Math.max(...row);
    scale[r] = most / 65535;
    for (let key = 0; key < count; key++) {
      values[r * count + key] = Number.isNaN(most) ? 0 : Math.round((row[key] / most) * 65535);
    }
  });
  const shape = [layers, 1, count];
  const axes = ["layer", "head", "query"];
  const weights = envelope(values, "uint16", [...shape, count], [...axes, "key"]);
  return {
    layers: Array.from({ length: layers }, (_, i) => i),
    format: "dense",
    weights: { ...weights, scale: envelope(scale, "float32", shape, axes) },
  };
}

/**
 * The trait `_trace` of a node that has come from two inputs.
 * @param {number} layers
 * @param {number} count
 * @param {number} token
 */
export function traceWire(layers, count, token) {
  const nodes = new Float32Array((layers + 1) * count);
  for (let level = 0; level <= layers; level++) nodes[level * count + token] = 2;
  nodes[1] = 2;
  const edges = Array.from({ length: layers }, (_, i) => i);
  return {
    token,
    layer: layers - 1,
    nodes: envelope(nodes, "float32", [layers + 1, count], ["level", "token"]),
    layers: envelope(Uint16Array.from([...edges, 0]), "uint16", [layers + 1], ["edge"]),
    queries: envelope(
      Uint32Array.from([...edges.map(() => token), token]),
      "uint32",
      [layers + 1],
      ["edge"],
    ),
    keys: envelope(
      Uint32Array.from([...edges.map(() => token), 1]),
      "uint32",
      [layers + 1],
      ["edge"],
    ),
    weights: envelope(
      Float32Array.from([...edges.map(() => 2), 2]),
      "float32",
      [layers + 1],
      ["edge"],
    ),
  };
}

/**
 * @param {string[]} texts
 * @param {{layers?: number, steps?: number[][][], figure?: object, traits?: object,
 *   tokens?: object, causal?: boolean}} [options]
 * @returns {Record<string, any>}
 */
export function fakeState(texts, options = {}) {
  const { layers = 4, figure = {}, traits = {}, tokens = {}, causal = true } = options;
  const steps = options.steps ?? fakeSteps(layers, texts.length, causal);
  const names = ["attention", "rollout", "flow", "norms", "relevance"];
  return {
    text: texts.join(""),
    kind: "self",
    method: "rollout",
    target: null,
    foil: null,
    layer: steps.length - 1,
    heads: [],
    token: texts.length - 1,
    hide_first: false,
    hide_special: false,
    threshold: 0,
    top_k: null,
    fold: null,
    theme: "auto",
    _tokens: { query: fakeTokens(texts, tokens), key: null },
    _steps: stepsWire(steps),
    _trace: {},
    _figure: {
      model: "SmolLM2-135M-Instruct",
      title: "Attention flow",
      note: "",
      signed: false,
      layers: steps.length,
      layer_numbers: steps.map((_, i) => i),
      heads: steps.map(() => 3),
      kinds: ["self"],
      causal,
      editable: true,
      top_per_row: null,
      methods: names.map((name) => ({ name, summary: "what it is", why_not: null })),
      method: "rollout",
      label: "Rollout (Abnar and Zuidema 2020)",
      unit: "share",
      explains: "",
      residual: 0.5,
      minus_own: false,
      linear: true,
      ...figure,
    },
    _status: { state: "ready", message: "", remedy: "", example: null, progress: null },
    _group: "",
    _stop: 0,
    _request: 0,
    ...traits,
  };
}

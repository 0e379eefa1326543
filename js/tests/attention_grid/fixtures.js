/** Made-up grids: every head the same few shapes, with numbers that can be told beforehand. */

import { envelope, fakeTokens } from "../fake_attention.js";

export const TEXTS = "When| Mary| and| John| went| to| the| store".split("|");

/**
 * Bytes of one head: 0 looks at the first token, 1 at the token before, 2 at itself.
 * @param {number} kind
 * @param {number} rows
 * @param {number} columns
 */
function cells(kind, rows, columns) {
  const bytes = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const column = [0, Math.max(0, row - 1), Math.min(row, columns - 1)][kind % 3];
    bytes[row * columns + column] = 254;
    if (row > 1) bytes[row * columns + 1] = Math.max(bytes[row * columns + 1], 127);
  }
  return bytes;
}

/**
 * @param {{heads?: number[], texts?: string[], key?: string[] | null, block?: [number, number],
 *   unreadable?: Record<string, string>, labels?: string[][] | null, signed?: boolean,
 *   causal?: boolean, nan?: boolean, traits?: object, figure?: object, tokens?: object}} [options]
 * @returns {Record<string, any>}
 */
export function gridState(options = {}) {
  const {
    heads = [4, 4, 4],
    texts = TEXTS,
    key = null,
    block = [1, 1],
    unreadable = {},
    labels = null,
    signed = false,
    causal = true,
    nan = false,
    traits = {},
    figure = {},
    tokens = {},
  } = options;
  const pairs = heads.flatMap((count, layer) =>
    unreadable[layer] ? [] : Array.from({ length: count }, (_, head) => [layer, head]),
  );
  const rows = Math.ceil(texts.length / block[0]);
  const columns = Math.ceil((key ?? texts).length / block[1]);
  const bytes = new Uint8Array(pairs.length * rows * columns);
  for (const [place, [layer, head]] of pairs.entries()) {
    bytes.set(cells(layer + head, rows, columns), place * rows * columns);
  }
  if (signed)
    for (let i = 0; i < bytes.length; i++) bytes[i] = bytes[i] === 0 ? 127 : 254 - (i % 2) * 254;
  if (nan) bytes[bytes.length - 1] = 255;
  const largest = Float32Array.from(pairs, (_, place) => 1 / (1 + place));
  const numbers = Float32Array.from([
    ...pairs.map(([layer, head]) => layer + head / 10),
    ...pairs.map(([, head]) => head / 10),
  ]);
  return {
    text: texts.join(""),
    kind: "self",
    theme: "auto",
    layer: 0,
    heads: [1],
    token: null,
    side: "query",
    statistic: "entropy",
    order: "head",
    flat: false,
    descending: false,
    at_least: null,
    at_most: null,
    show_types: [],
    scale: "head",
    size: null,
    types: labels !== null,
    _tokens: { query: fakeTokens(texts, tokens), key: key && fakeTokens(key) },
    _thumbnails: {
      cells: envelope(bytes, "uint8", [pairs.length, rows, columns], ["head", "query", "key"]),
      largest: envelope(largest, "float32", [pairs.length], ["head"]),
      heads: pairs,
      block,
      unreadable,
    },
    _statistics: signed
      ? { names: [], values: null }
      : {
          names: ["entropy", "first"],
          values: envelope(numbers, "float32", [2, pairs.length], ["statistic", "head"]),
        },
    _types: labels
      ? {
          labels,
          scores: labels.map((names) => names.map(() => 0.5)),
          meanings: { induction: "looks at what came after" },
          error: "",
        }
      : { labels: null, error: "" },
    _detail: {},
    _figure: {
      model: "tiny",
      title: signed ? "Difference" : "Attention",
      note: "",
      signed,
      layers: heads.length,
      layer_numbers: heads.map((_, layer) => layer),
      heads,
      kinds: ["self"],
      causal,
      editable: true,
      labels: true,
      top_per_row: null,
      ...figure,
    },
    _status: { state: "ready", message: "", remedy: "", example: null, progress: null },
    _group: "",
    _stop: 0,
    _request: 0,
    ...traits,
  };
}

/**
 * One head in full: weight (row + 1) / 100 everywhere.
 * @param {[number, number]} head
 * @param {number} rows
 * @param {number} columns
 */
export function gridDetail(head, rows, columns) {
  const values = new Uint16Array(rows * columns).fill(65535);
  const scale = Float32Array.from({ length: rows }, (_, row) => (row + 1) / 100 / 65535);
  return {
    heads: [head],
    block: [1, 1],
    weights: {
      ...envelope(values, "uint16", [1, rows, columns], ["head", "query", "key"]),
      scale: envelope(scale, "float32", [1, rows], ["head", "query"]),
    },
  };
}

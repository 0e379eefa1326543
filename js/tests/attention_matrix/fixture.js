/** Made-up matrices of any size, and a kernel that answers for them. */

import { envelope, fakeAttention, fakeTokens } from "../fake_attention.js";

const TILE = 128;

/** 0 to 1. @param {number} a @param {number} b */
function noise(a, b) {
  let mixed = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x165667b1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

/**
 * A weight that depends on nothing but its place: a sink, a diagonal, repeats.
 * @param {number} q @param {number} k @param {boolean} causal @param {boolean} signed
 */
export function weightAt(q, k, causal, signed) {
  if (causal && k > q) return 0;
  let weight = 0.03 * noise(q, k) ** 4;
  if (k === 0) weight += 0.3 + 0.3 * noise(q, 1);
  if (k === q - 1) weight += 0.25;
  if (q - k === 61 || q - k === 610) weight += 0.2 * noise(q >> 4, 3);
  if (k % 97 === 13 && q - k > 0 && q - k < 300) weight += 0.06;
  return signed ? weight * (noise(k >> 2, q >> 3) - 0.5) : weight;
}

/**
 * Cells of a level, as Python sends them: 16 bits and a scale a row.
 * @param {(q: number, k: number) => number} at
 * @param {[number, number, number, number]} part first and last row, first and last column
 * @param {number} level
 * @param {[number, number]} shape
 * @param {boolean} signed
 */
function block(at, [y0, y1, x0, x1], level, [rows, columns], signed) {
  const [high, wide, size] = [y1 - y0, x1 - x0, 2 ** level];
  const values = new Float64Array(high * wide);
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      const ends = [Math.min(rows, (y + 1) * size), Math.min(columns, (x + 1) * size)];
      values[(y - y0) * wide + x - x0] = largest(at, [y * size, ends[0]], [x * size, ends[1]]);
    }
  }
  const full = signed ? 32767 : 65535;
  const data = signed ? new Int16Array(high * wide) : new Uint16Array(high * wide);
  const scale = new Float32Array(high);
  for (let y = 0; y < high; y++) {
    const row = values.subarray(y * wide, (y + 1) * wide);
    const broken = row.some(Number.isNaN);
    const most = broken ? 0 : row.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    scale[y] = broken ? Number.NaN : most / full;
    for (let x = 0; x < wide; x++)
      data[y * wide + x] = most ? Math.round((row[x] / most) * full) : 0;
  }
  return { data, scale };
}

/**
 * The largest weight of a block, without its sign.
 * @param {(q: number, k: number) => number} at
 * @param {number[]} rows first, one past the last
 * @param {number[]} columns
 */
function largest(at, rows, columns) {
  let best = 0;
  for (let q = rows[0]; q < rows[1]; q++) {
    for (let k = columns[0]; k < columns[1]; k++) {
      const weight = at(q, k);
      if (Number.isNaN(weight)) return weight;
      if (Math.abs(weight) > Math.abs(best)) best = weight;
    }
  }
  return best;
}

/**
 * The state of an AttentionMatrix that got an overview.
 * @param {string[]} texts
 * @param {{keys?: string[], level?: number, causal?: boolean, signed?: boolean, nan?: number[],
 *   tokens?: object, starts?: {query: number[], key: number[]}, figure?: object, traits?: object}} [options]
 * @returns {Record<string, any>}
 */
export function matrixState(texts, options = {}) {
  const { keys, level = 0, causal = !keys, signed = false, nan = [], starts = null } = options;
  const shape = /** @type {[number, number]} */ ([
    starts?.query.length ?? texts.length,
    starts?.key.length ?? (keys ?? texts).length,
  ]);
  const at = (/** @type {number} */ q, /** @type {number} */ k) =>
    nan.includes(q) ? Number.NaN : weightAt(q, k, causal, signed);
  const [high, wide] = shape.map((size) => Math.ceil(size / 2 ** level));
  const { data, scale } = block(at, [0, high, 0, wide], level, shape, signed);
  const ofRows = Float32Array.from({ length: shape[0] }, (_, q) => {
    if (nan.includes(q)) return Number.NaN;
    let most = 0;
    for (let k = 0; k < shape[1]; k++) most = Math.max(most, Math.abs(at(q, k)));
    return most;
  });
  const best = [...ofRows.keys()].filter((q) => ofRows[q] > 0).slice(0, 50);
  const ints = (/** @type {number[]} */ list, /** @type {string} */ axis) =>
    envelope(Int32Array.from(list), "int32", [list.length], [axis]);
  const cells = envelope(data, signed ? "int16" : "uint16", [high, wide], ["row", "column"]);
  return {
    ...common(texts, keys, { ...options, causal, signed }),
    _overview: {
      number: 1,
      layer: 0,
      heads: [1],
      pool: "token",
      level,
      shape,
      tile: TILE,
      cells: { ...cells, scale: envelope(scale, "float32", [high], ["row"]) },
      row_largest: envelope(ofRows, "float32", [shape[0]], ["row"]),
      strongest: {
        row: ints(best, "cell"),
        column: ints(
          best.map(() => 0),
          "cell",
        ),
        weight: envelope(
          Float32Array.from(best, (q) => at(q, 0)),
          "float32",
          [best.length],
          ["cell"],
        ),
      },
      starts: starts && { query: ints(starts.query, "row"), key: ints(starts.key, "column") },
      ...(starts ? { pool: "turn" } : {}),
    },
    ...options.traits,
  };
}

/**
 * @param {string[]} texts
 * @param {string[] | undefined} keys
 * @param {{causal: boolean, signed: boolean, tokens?: object, figure?: object}} options
 */
function common(texts, keys, { causal, signed, tokens, figure }) {
  return {
    text: texts.join(""),
    layer: 0,
    heads: [1],
    token: null,
    side: "query",
    key: null,
    scale: "head",
    pool: "token",
    kind: "self",
    theme: "auto",
    _tokens: { query: fakeTokens(texts, tokens), key: keys ? fakeTokens(keys) : null },
    _attention: {},
    _tiles: {},
    _row: {},
    _view: {},
    _figure: {
      model: "SmolLM2-135M-Instruct",
      title: signed ? "Difference of attention" : "Attention",
      note: signed ? "The first text minus the second." : "",
      signed,
      unit: "share",
      layers: 6,
      layer_numbers: [0, 1, 2, 3, 4, 5],
      heads: Array(6).fill(9),
      kinds: ["self"],
      causal,
      editable: true,
      top_per_row: null,
      ...figure,
    },
    _status: { state: "ready", message: "", remedy: "", example: null, progress: null },
    _stop: 0,
    _request: 0,
    _group: "",
  };
}

/**
 * The state of a short text: every weight of all heads.
 * @param {string[]} texts
 * @param {Parameters<typeof fakeAttention>[1] & {tokens?: object, key?: any, figure?: object, traits?: object}} [options]
 * @returns {Record<string, any>}
 */
export function denseState(texts, options = {}) {
  const { causal = true, heads = 9 } = options;
  const keys = options.key?.text.length ?? texts.length;
  const base = common(texts, undefined, {
    causal,
    signed: false,
    tokens: options.tokens,
    figure: { heads: Array(6).fill(heads), ...options.figure },
  });
  return {
    ...base,
    _tokens: { ...base._tokens, key: options.key ?? null },
    _attention: fakeAttention(texts, { layers: [0, 1, 2, 3, 4, 5], ...options, heads, keys }),
    _overview: {},
    ...options.traits,
  };
}

/**
 * What Python sends for `_view`.
 * @param {Record<string, any>} state
 * @param {{level: number, tiles: number[][], number: number}} view
 */
export function tilesFor(state, { level, tiles, number }) {
  const { shape } = state._overview;
  const { causal, signed } = state._figure;
  const [rows, columns] = shape.map((/** @type {number} */ size) => Math.ceil(size / 2 ** level));
  const data = signed
    ? new Int16Array(tiles.length * TILE * TILE)
    : new Uint16Array(tiles.length * TILE * TILE);
  const scale = new Float32Array(tiles.length * TILE);
  tiles.forEach(([y, x], i) => {
    const part = /** @type {[number, number, number, number]} */ ([
      y * TILE,
      Math.min(rows, (y + 1) * TILE),
      x * TILE,
      Math.min(columns, (x + 1) * TILE),
    ]);
    const one = block((q, k) => weightAt(q, k, causal, signed), part, level, shape, signed);
    const wide = part[3] - part[2];
    for (let row = 0; row < part[1] - part[0]; row++) {
      data.set(one.data.subarray(row * wide, (row + 1) * wide), (i * TILE + row) * TILE);
      scale[i * TILE + row] = one.scale[row];
    }
  });
  const axes = ["tile", "row", "column"];
  const cells = envelope(data, signed ? "int16" : "uint16", [tiles.length, TILE, TILE], axes);
  return {
    number,
    level,
    tiles,
    cells: { ...cells, scale: envelope(scale, "float32", [tiles.length, TILE], axes.slice(0, 2)) },
  };
}

/** Made-up attention that looks like the real thing: sinks, previous-token and induction heads. */

/** @typedef {import("../src/core/types").Tokens} Tokens */
/** @typedef {import("../src/core/types").TokenKind} TokenKind */

/** @param {number} seed */
function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * @param {string[]} texts
 * @param {Partial<Tokens>} [more]
 * @returns {Tokens}
 */
export function fakeTokens(texts, more = {}) {
  let at = 0;
  const start = texts.map((text) => {
    const here = at;
    at += text.length;
    return here;
  });
  return {
    text: texts,
    kind: texts.map(() => /** @type {TokenKind} */ ("text")),
    raw: texts.map((text) => text.replace(/^ /, "Ġ")),
    id: texts.map((_, i) => 1000 + i),
    word: texts.map((_, i) => i),
    role: null,
    segment: null,
    start,
    end: start.map((s, i) => s + texts[i].length),
    whole: texts.map(() => null),
    ...more,
  };
}

/**
 * One row of one head as float weights over the keys it may see.
 * @param {string[]} texts
 * @param {number} head
 * @param {number} layer
 * @param {number} query
 * @param {number} keys
 * @param {() => number} next
 */
function row(texts, head, layer, query, keys, next) {
  const logits = new Float64Array(keys);
  const kind = (head + layer) % 5;
  for (let key = 0; key < keys; key++) {
    logits[key] = 2.2 * (next() - 0.5) - 0.02 * Math.abs(query - key);
    if (key === 0) logits[key] += [2.5, 1, 3.5, 4.5, 1.5][kind];
    if (kind === 1 && key === query - 1) logits[key] += 6;
    if (
      kind === 2 &&
      key > 0 &&
      key <= query &&
      texts[key - 1] === texts[query] &&
      key - 1 !== query
    )
      logits[key] += 7;
    if (kind === 4 && texts[key] === texts[query]) logits[key] += 3.5;
    if (kind === 0 && Math.abs(query - key) < 4) logits[key] += 2;
  }
  const most = Math.max(...logits);
  let sum = 0;
  for (let key = 0; key < keys; key++) sum += logits[key] = Math.exp(logits[key] - most);
  return logits.map((value) => value / sum);
}

/**
 * @param {string[]} texts
 * @param {{layers?: number[], heads?: number, causal?: boolean, top?: number | null, keys?: number,
 *   nan?: [number, number][]}} [options] top: strongest keys of each row (csr); nan: (head, query)
 * @returns {import("../src/widgets/attention_graph/types").AttentionWire}
 */
export function fakeAttention(texts, options = {}) {
  const {
    layers = [0],
    heads = 4,
    causal = true,
    top = null,
    keys = texts.length,
    nan = [],
  } = options;
  const queries = texts.length;
  const rows = layers.length * heads * queries;
  const scale = new Float32Array(rows);
  const kept = new Float32Array(rows);
  const offsets = new Uint32Array(rows + 1);
  /** @type {number[]} */
  const values = [];
  /** @type {number[]} */
  const columns = [];
  for (let r = 0; r < rows; r++) {
    const query = r % queries;
    const head = Math.floor(r / queries) % heads;
    const layer = layers[Math.floor(r / queries / heads)];
    const weights = new Float64Array(keys);
    const next = random(17 + 31 * layer + 7 * head + 1009 * query);
    weights.set(row(texts, head, layer, query, causal ? query + 1 : keys, next));
    const most = Math.max(...weights);
    const broken = nan.some(([h, q]) => h === head && q === query);
    scale[r] = broken ? Number.NaN : most / 65535;
    for (const key of strongest(weights, top ?? keys)) {
      values.push(Math.round((weights[key] / most) * 65535));
      columns.push(key);
      kept[r] += weights[key];
    }
    offsets[r + 1] = values.length;
  }
  const shape = [layers.length, heads, queries];
  const axes = ["layer", "head", "query"];
  const rowscale = envelope(scale, "float32", shape, axes);
  if (top === null) {
    const weights = envelope(
      Uint16Array.from(values),
      "uint16",
      [...shape, keys],
      [...axes, "key"],
    );
    return { layers, format: "dense", weights: { ...weights, scale: rowscale } };
  }
  return {
    layers,
    format: "csr",
    weights: envelope(Uint16Array.from(values), "uint16", [values.length], ["entry"]),
    columns: envelope(Uint16Array.from(columns), "uint16", [values.length], ["entry"]),
    offsets: envelope(offsets, "uint32", [rows + 1], ["row"]),
    rowscale,
    kept: envelope(kept, "float32", shape, axes),
  };
}

/** The places of the largest weights, in order of place. @param {Float64Array} weights @param {number} count */
function strongest(weights, count) {
  const places = [...weights.keys()];
  if (count >= places.length) return places;
  const cut = places.sort((a, b) => weights[b] - weights[a]).slice(0, count);
  return cut.filter((place) => weights[place] > 0).sort((a, b) => a - b);
}

/**
 * @param {import("../src/core/types").Numbers} array
 * @param {string} dtype
 * @param {number[]} shape
 * @param {string[]} axes
 */
export function envelope(array, dtype, shape, axes) {
  const data = new DataView(array.buffer, array.byteOffset, array.byteLength);
  return { data, dtype, shape, axes, scale: null };
}

/**
 * The state of an AttentionGraph.
 * @param {string[]} texts
 * @param {Parameters<typeof fakeAttention>[1] & {tokens?: Partial<Tokens>, key?: Tokens | null,
 *   figure?: object, traits?: object, allLayers?: number}} [options]
 * @returns {Record<string, any>}
 */
export function fakeState(texts, options = {}) {
  const { heads = 4, allLayers = 6, causal = true, top = null, traits = {}, figure = {} } = options;
  return {
    text: texts.join(""),
    layer: options.layers?.[0] ?? 0,
    heads: [],
    mean: false,
    token: null,
    side: "query",
    threshold: 0,
    top_k: null,
    hide_special: false,
    hide_first: false,
    view: "columns",
    kind: "self",
    search: "",
    theme: "auto",
    _tokens: { query: fakeTokens(texts, options.tokens), key: options.key ?? null },
    _attention: fakeAttention(texts, {
      ...options,
      keys: options.key?.text.length ?? options.keys,
    }),
    _figure: {
      model: "SmolLM2-135M-Instruct",
      title: "Attention",
      layers: allLayers,
      layer_numbers: Array.from({ length: allLayers }, (_, i) => i),
      heads: Array(allLayers).fill(heads),
      kinds: ["self"],
      causal,
      editable: true,
      top_per_row: top,
      ...figure,
    },
    _status: { state: "ready", message: "", remedy: "", example: null, progress: null },
    _stop: 0,
    _request: 0,
    ...traits,
  };
}

// Plausible states of SaliencyText, as Python sends them.

/** @typedef {import("../src/core/types").Tokens} Tokens */

export const METHODS = [
  {
    name: "gradient",
    label: "Gradient",
    summary: "How strongly a small change of the token would move the target.",
    signed: false,
    slow: false,
    needs: "gradients",
    group: "Gradients",
    settings: [],
  },
  {
    name: "input_x_gradient",
    label: "Input × gradient",
    summary: "First-order contribution of each token: embedding times gradient.",
    signed: true,
    slow: false,
    needs: "gradients",
    group: "Gradients",
    settings: [],
  },
  {
    name: "integrated_gradients",
    label: "Integrated gradients",
    summary: "Gradients summed along the path from a baseline; adds up to the target.",
    signed: true,
    slow: true,
    needs: "gradients",
    group: "Gradients",
    settings: [
      { name: "steps", kind: "int", default: null },
      { name: "tolerance", kind: "float", default: 0.05 },
      { name: "baseline", kind: "str", default: null },
      { name: "keep_special", kind: "bool", default: true },
    ],
  },
  {
    name: "attention_rollout",
    label: "Attention rollout",
    summary: "Attention multiplied through the layers, half of each from the residual stream.",
    signed: false,
    slow: false,
    needs: "question",
    group: "Attention",
    settings: [],
  },
  {
    name: "occlusion",
    label: "Leave one out",
    summary: "How far the target falls when a unit is taken away.",
    signed: true,
    slow: true,
    needs: "values",
    group: "Perturbation",
    settings: [{ name: "removal", kind: "str", default: null }],
  },
  {
    name: "random",
    label: "Random",
    summary: "Random numbers: the control that every method should beat.",
    signed: true,
    slow: false,
    needs: "question",
    group: "Control",
    settings: [{ name: "seed", kind: "int", default: 0 }],
  },
];

export const READY = {
  state: "ready",
  message: "",
  remedy: "",
  example: null,
  progress: null,
};

/**
 * @param {number[] | Float32Array} scores
 */
export function envelope(scores) {
  const data = Float32Array.from(scores);
  return {
    data: new DataView(data.buffer),
    dtype: "float32",
    shape: [data.length],
    axes: ["token"],
    scale: null,
  };
}

/**
 * The unit of each token, as Python sends levels.
 * @param {Record<string, number[] | null>} levels
 */
export function levelsOf(levels) {
  return Object.entries(levels).map(([name, units]) => {
    if (!units) return { name, parts: null };
    const data = Int32Array.from(units);
    const parts = { data: new DataView(data.buffer), dtype: "int32", shape: [data.length] };
    return { name, parts: { ...parts, axes: ["token"], scale: null } };
  });
}

/**
 * Tokens from surface pieces; a piece may also be an object with overrides.
 * @param {(string | Record<string, any>)[]} pieces
 * @returns {Tokens}
 */
export function tokens(pieces) {
  let place = 0;
  const rows = pieces.map((piece, index) => {
    const row = typeof piece === "string" ? { text: piece } : piece;
    const kind = row.kind ?? "text";
    const length = row.length ?? [...row.text].length;
    const start = row.start ?? place;
    const end = row.end ?? start + length;
    place = end;
    return {
      text: row.text,
      kind,
      raw: row.raw ?? row.text.replaceAll(" ", "Ġ").replaceAll("\n", "Ċ"),
      id: row.id ?? 100 + index,
      word: kind === "special" ? -1 : index,
      role: row.role ?? null,
      segment: row.segment ?? 0,
      start,
      end,
      whole: row.whole ?? null,
    };
  });
  /** @param {string} name */
  const column = (name) => rows.map((row) => /** @type {any} */ (row)[name]);
  return {
    text: column("text"),
    kind: column("kind"),
    raw: column("raw"),
    id: column("id"),
    word: column("word"),
    role: rows.some((row) => row.role) ? column("role") : null,
    segment: rows.some((row) => row.segment) ? column("segment") : null,
    start: column("start"),
    end: column("end"),
    whole: column("whole"),
  };
}

export const NAMES = [
  { id: 6393, label: " Mary", probability: 0.4631, logit: 17.21 },
  { id: 260, label: " the", probability: 0.1204, logit: 15.86 },
  { id: 1938, label: " John", probability: 0.0917, logit: 15.59 },
  { id: 845, label: " her", probability: 0.0702, logit: 15.32 },
  { id: 699, label: " his", probability: 0.0388, logit: 14.73 },
  { id: 253, label: " a", probability: 0.0214, logit: 14.14 },
  { id: 601, label: " each", probability: 0.0102, logit: 13.4 },
  { id: 198, label: "\n", probability: 0.0061, logit: 12.89 },
  { id: 88, label: " Maria", probability: 0.0046, logit: 12.6 },
  { id: 902, label: " everyone", probability: 0.0009, logit: 10.97 },
];

const CHECK = {
  name: "completeness gap",
  value: -0.021,
  relative: 0.0049,
  total: 4.31,
  expected: 4.331,
  explanation:
    "The contributions should add up to the change of the target from baseline to input.",
};

/**
 * @param {Record<string, any>} changes
 */
export function figure(changes = {}) {
  return {
    model: "SmolLM2-135M-Instruct",
    method: "integrated_gradients",
    signed: true,
    unit: "logit difference",
    methods: METHODS,
    editable: true,
    of: "logit",
    level: "token",
    task: "causal",
    multi_label: false,
    checks: null,
    settings: {},
    position: null,
    ends: null,
    masks: [],
    answer: null,
    readout: "next token",
    target: NAMES[0],
    foil: NAMES[2],
    check: CHECK,
    cost: { passes: 50, seconds: 2.1 },
    partial: false,
    ...changes,
  };
}

/**
 * @param {Record<string, any>} changes
 * @returns {Record<string, any>}
 */
export function state(changes = {}) {
  const pieces = "When| Mary| and| John| went| to| the| store|,| John| gave| a| drink| to".split(
    "|",
  );
  const scores = [
    0.31, 2.14, 0.22, -1.32, 0.05, 0.02, -0.08, 0.19, -0.11, -1.71, 0.46, 0.11, 0.27, 0.62,
  ];
  return {
    text: pieces.join(""),
    method: "integrated_gradients",
    target: NAMES[0].id,
    foil: NAMES[2].id,
    of: null,
    position: null,
    level: "token",
    settings: {},
    step: null,
    token: null,
    theme: "auto",
    _stop: 0,
    _request: 0,
    _check: 0,
    _back: 0,
    _levels: [],
    _tokens: tokens(pieces),
    _scores: envelope(scores),
    _predictions: NAMES,
    _figure: figure(),
    _status: READY,
    ...changes,
  };
}

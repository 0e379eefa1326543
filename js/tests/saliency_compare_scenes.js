// States of SaliencyCompare, as Python sends them. Used by the tests and to look at.

import { levelsOf, METHODS, READY, state, tokens } from "./saliency_text_fixtures.js";
import { SCENES as TEXTS } from "./saliency_text_scenes.js";

/** @param {number[][]} rows */
export function envelope(rows) {
  const data = Float32Array.from(rows.flat());
  return {
    data: new DataView(data.buffer),
    dtype: "float32",
    shape: [rows.length, rows[0].length],
    axes: ["method", "unit"],
    scale: null,
  };
}

/** A method as it crosses. @param {Record<string, any>} row */
export function wire(row) {
  return {
    name: "m",
    label: "M",
    summary: "",
    slow: false,
    group: "Gradients",
    signed: true,
    unit: "logit",
    check: null,
    checks: [],
    cost: {},
    partial: false,
    agreement: null,
    ...row,
  };
}

/** @param {string} name @param {number} value @param {number} random @param {boolean} passed */
export function check(name, value, random, passed) {
  const nothing = { explanation: "", relative: null, total: null, expected: null };
  return { name, value, random, passed, ...nothing };
}

const NAMED = [
  ["input_x_gradient", "Input × gradient", "Gradients", true, "logit"],
  ["gradient", "Gradient norm", "Gradients", false, "gradient norm"],
  ["integrated_gradients", "Integrated gradients", "Gradients", true, "logit"],
  ["discretized", "Discretized integrated gradients", "Gradients", true, "logit"],
  ["smoothgrad", "SmoothGrad", "Gradients", true, "logit"],
  ["lrp", "Layer-wise relevance (AttnLRP)", "Gradients", true, "logit"],
  ["rollout", "Attention rollout", "Attention", false, "share"],
  ["leave_one_out", "Leave-one-out", "Perturbation", true, "logit"],
  ["lime", "LIME", "Perturbation", true, "logit"],
  ["kernel_shap", "Kernel SHAP", "Perturbation", true, "logit"],
  ["sobol", "Sobol indices", "Perturbation", false, "share of the variance"],
  ["random", "Random (control)", "Control", true, "random"],
];

/**
 * @param {any} tokens
 * @param {number} [count] of methods
 * @param {Record<string, any>} [more]
 */
export function compared(tokens, count = 5, more = {}) {
  let seed = 5;
  const chance = () => {
    seed = (seed * 16807) % 2147483647;
    return seed / 2147483647 - 0.5;
  };
  const chosen = [...NAMED.slice(0, count - 1), NAMED[NAMED.length - 1]];
  const truth = tokens.text.map(() => chance() ** 3 * 8);
  const rows = chosen.map(([name, label, group, signed, unit], i) =>
    wire({
      name,
      label,
      group,
      signed,
      unit,
      slow: group === "Perturbation",
      agreement: 0.7 - 0.05 * i,
      checks: [
        { ...check("comprehensiveness", 2.4 - 0.3 * i, 0.6, i < 6), beaten: i < 6 ? 1 : 0.5 },
        { ...check("sufficiency", 0.3 + 0.2 * i, 1.1, i < 4), beaten: i < 4 ? 0.9 : 0.3 },
      ],
      cost: { passes: 1 + 30 * i, seconds: 0.1 + i },
    }),
  );
  const scores = rows.map(({ group, signed }) =>
    truth.map((/** @type {number} */ one) => {
      const score = (group === "Control" ? 0 : one) + chance();
      return signed ? score : Math.abs(score);
    }),
  );
  const { figure, ...traits } = more;
  return state({
    text: tokens.text.join(""),
    methods: [],
    foil: null,
    _tokens: tokens,
    _levels: levelsOf({ token: null }),
    _scores: envelope(scores),
    _figure: {
      model: "SmolLM2-135M-Instruct",
      level: "token",
      readout: "next token",
      of: "logit",
      target: { id: 6393, label: " Mary", probability: 0.46 },
      foil: null,
      rows,
      agreement: rows.map((_, i) =>
        rows.map((_, j) => (i === j ? 1 : 0.8 - 0.1 * Math.abs(i - j))),
      ),
      failures: {},
      known: METHODS,
      live: true,
      editable: true,
      cost: { passes: 90, seconds: 4 },
      partial: false,
      ...figure,
    },
    ...traits,
  });
}

const REVIEW =
  "The| plot| is| thin| and| the| jokes| are| old|,| but| the| two| leads| are| so| good| that| I| laughed| all| the| way| home|.| Go| and| see| it|!".split(
    "|",
  );

/** @param {Record<string, any>} status @param {Record<string, any>} [more] */
const troubled = (status, more) => ({
  ...compared(tokens(REVIEW)),
  ...more,
  _status: { ...READY, state: "error", back: true, ...status },
});

export const SCENES = {
  review: () => compared(tokens(REVIEW)),
  two: () => compared(tokens(REVIEW), 2),
  twelve: () => compared(tokens(REVIEW), 12),
  pinned: () => compared(tokens(REVIEW), 5, { token: 3 }),
  long: () => compared(tokens(Array.from({ length: 400 }, (_, i) => REVIEW[i % REVIEW.length])), 6),
  huge: () =>
    compared(tokens(Array.from({ length: 4096 }, (_, i) => REVIEW[i % REVIEW.length])), 12),
  odd: () => compared(TEXTS.odd()._tokens),
  rtl: () => compared(TEXTS.rtl()._tokens),
  chat: () => compared(TEXTS.chat()._tokens),
  cjk: () => compared(tokens([..."我们昨天在北京看到了一只非常大的熊猫，它正在吃竹子。真可爱！"])),
  broken: () => {
    const made = compared(tokens(REVIEW));
    const scores = new Float32Array(made._scores.data.buffer);
    for (let i = 2; i < scores.length; i += 7) scores[i] = Number.NaN;
    return made;
  },
  partial: () =>
    compared(tokens(REVIEW), 3, {
      figure: {
        partial: true,
        failures: {
          DeepLIFT: "It has no rule for rotary position embeddings, which this model has.",
        },
      },
    }),
  error: () =>
    troubled(
      {
        message: "The target 'Marry' is 2 tokens here: 'Mar', 'ry'.",
        remedy: "Did you mean ' Marry', with a space before it? That is one token.",
        about: ["target"],
      },
      { target: "Marry" },
    ),
  unable: () =>
    troubled({ message: "There is nothing to compare.", remedy: "Write a text.", about: ["text"] }),
  loading: () => ({
    ...compared(tokens(REVIEW)),
    _status: { ...READY, state: "loading", progress: { done: 18, total: 50, seconds_left: 14 } },
  }),
  empty: () => ({
    ...compared(tokens(REVIEW)),
    text: "",
    _tokens: {},
    _scores: {},
    _levels: [],
    _figure: { model: "tiny", known: METHODS, live: true, editable: true },
    _status: { ...READY, state: "empty", message: "Nothing to show yet.", example: "The king" },
  }),
  still: () => ({
    ...compared(tokens(REVIEW), 5, { figure: { live: false, editable: false, known: [] } }),
    lmwStandalone: true,
  }),
};

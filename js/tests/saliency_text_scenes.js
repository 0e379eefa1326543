// Odd and ordinary inputs of SaliencyText, each a full set of traits. Used by the tests and to look at.

import {
  envelope,
  figure,
  levelsOf,
  METHODS,
  NAMES,
  READY,
  state,
  tokens,
} from "./saliency_text_fixtures.js";

/** Numbers that look like scores, the same every time. @param {number} count */
function wave(count) {
  return Array.from({ length: count }, (_, i) => Math.sin(i * 1.7) ** 3 * (1 + Math.cos(i * 0.31)));
}

/**
 * @param {(string | Record<string, any>)[]} pieces
 * @param {number[]} scores
 * @param {Record<string, any>} [changes]
 */
function scene(pieces, scores, changes = {}) {
  const made = tokens(pieces);
  return state({
    text: made.text.filter((_, i) => made.kind[i] !== "special").join(""),
    _tokens: made,
    _scores: envelope(scores),
    ...changes,
  });
}

/** @param {string} char @param {string[]} hex @param {number} start */
function fragments(char, hex, start) {
  return hex.map((text) => ({
    text,
    kind: "bytes",
    whole: char,
    start,
    end: start + [...char].length,
  }));
}

/** @param {string} text */
const special = (text) => ({ text, kind: "special", length: 0 });

const WORDS =
  "The committee met again on Tuesday to weigh the three proposals that had survived the winter . Nobody expected a decision , least of all the treasurer , who had brought a novel and a flask of tea . ".split(
    /(?= )/,
  );

/** @param {number} count */
function long(count) {
  const pieces = Array.from({ length: count }, (_, i) =>
    i % 97 === 96 ? "\n\n" : WORDS[i % WORDS.length],
  );
  return scene(pieces, wave(count));
}

function chat() {
  const turn = (/** @type {string} */ role, /** @type {string[]} */ words) => [
    { text: "<|im_start|>", kind: "special", role },
    { text: role, role },
    { text: "\n", role },
    ...words.map((text) => ({ text, role })),
    { text: "<|im_end|>", kind: "special", role },
    { text: "\n", role },
  ];
  const pieces = [
    ...turn("system", ["You", " answer", " in", " one", " word", "."]),
    ...turn("user", ["What", " is", " the", " capital", " of", " France", "?"]),
    { text: "<|im_start|>", kind: "special", role: "assistant" },
    { text: "assistant", role: "assistant" },
    { text: "\n", role: "assistant" },
  ];
  const scores = wave(pieces.length).map((x) => x * 0.4);
  scores[19] = 2.3;
  scores[0] = -6.1;
  const target = { id: 7042, label: "Paris", probability: 0.914, logit: 21.3 };
  return scene(pieces, scores, {
    foil: null,
    _predictions: [
      target,
      { id: 3, label: "The", probability: 0.031 },
      { id: 9, label: "France", probability: 0.012 },
    ],
    _figure: figure({ target, foil: null, unit: "logit", editable: false, live: true }),
  });
}

function classifier() {
  const labels = [
    { id: 1, label: "positive", probability: 0.971, logit: 3.4 },
    { id: 0, label: "negative", probability: 0.029, logit: -0.1 },
  ];
  const pieces = [
    special("[CLS]"),
    "a",
    " surprisingly",
    " funny",
    ",",
    " warm",
    " and",
    " never",
    " sent",
    "imental",
    " film",
    special("[SEP]"),
  ];
  return scene(
    pieces,
    [0.31, 0.05, 0.42, 1.62, -0.03, 0.88, 0.06, -0.91, 0.24, 0.37, 0.11, -0.72],
    {
      target: null,
      foil: null,
      method: "input_x_gradient",
      _predictions: labels,
      _figure: figure({
        method: "input_x_gradient",
        target: labels[0],
        foil: null,
        readout: "class",
        unit: "logit",
        check: null,
        model: "distilbert-sst2",
      }),
    },
  );
}

function masked() {
  const target = { id: 3000, label: "paris", probability: 0.62, logit: 9.1 };
  const pieces = [
    special("[CLS]"),
    "The",
    " capital",
    " of",
    " France",
    " is",
    " ",
    { text: "[MASK]", kind: "special" },
    ".",
    special("[SEP]"),
  ];
  return scene(
    pieces,
    [0.2, 0.1, 1.1, 0.3, 2.9, 0.6, 0, 0.4, 0.2, 0.7].map((x) => x / 3),
    {
      target: null,
      foil: null,
      method: "gradient",
      _predictions: [
        target,
        { id: 1, label: "lyon", probability: 0.08 },
        { id: 2, label: "lille", probability: 0.05 },
      ],
      _figure: figure({
        method: "gradient",
        signed: false,
        target,
        foil: null,
        readout: "masked token",
        unit: "gradient norm",
        check: null,
        model: "bert-base-uncased",
      }),
    },
  );
}

function odd() {
  const pieces = [
    "Look",
    " ",
    ...fragments("🙂", ["F0 9F", "99", "82"], 5),
    " and",
    ...fragments(" 你", ["20 E4", "BD A0"], 10),
    ...fragments("好", ["E5 A5", "BD"], 12),
    "\n",
    "</script>",
    "<img",
    " src",
    "=x",
    " onerror",
    "=alert(1)>",
    "\n\n",
    "\t",
    "tab",
    "    ",
    "four",
    " cafe",
    "\u0301",
    " zwj",
    "\u200d",
    { text: " quokka", kind: "unknown" },
  ];
  return scene(pieces, wave(pieces.length));
}

function rightToLeft() {
  const text =
    "ذهبت| مريم| و|جون| إلى| ال|متجر| ثم| أعط|ى| جون| المشروب| إلى|\n|שלום| עולם|,| this| is| English| inside|\n|Left| to| right| again|.";
  const pieces = text.split("|");
  return scene(pieces, wave(pieces.length));
}

export const CHECKS = {
  rows: [
    {
      name: "comprehensiveness",
      value: 0.62,
      random: 0.11,
      passed: true,
      explanation: "Without the strongest 10–50 % of the text the logit falls by 0.62.",
    },
    {
      name: "sufficiency",
      value: 0.58,
      random: 0.49,
      passed: false,
      explanation: "With nothing but the strongest 10–50 % of the text the logit falls by 0.58.",
    },
    {
      name: "stability",
      value: 0.93,
      random: null,
      passed: true,
      explanation: "Mean rank correlation of the maps of 3 seeds.",
    },
  ],
  level: "token",
  where: null,
  seconds: 3.4,
};

/** The parts of `state()` at three levels. */
function levels() {
  const words = [...Array(14).keys()];
  const sentences = words.map((i) => (i < 9 ? 0 : 1));
  const phrases = [0, 0, 0, 0, 0, 1, 1, 1, 2, 3, 3, 3, 3, 3];
  return levelsOf({ token: null, word: phrases, sentence: sentences });
}

/** Four tokens of a text, three of an answer. */
function answer() {
  const pieces = "The| capital| of| France| is| Paris| of| course| .".split("|");
  const rows = [
    [0.2, 1.4, 0.1, 2.6, 0.4, 0, 0, 0, 0],
    [0.1, 0.2, 0.1, -0.4, 0.2, 0.9, 0, 0, 0],
    [0.05, 0.1, 0.1, 0.2, 0.1, 0.3, 1.2, 0, 0],
    [0.05, 0.1, 0.0, 0.1, 0.3, 0.2, -0.3, 0.8, 0],
  ];
  const scores = envelope(rows.flat());
  return scene(pieces, [0], {
    text: pieces.slice(0, 5).join(""),
    method: "input_x_gradient",
    target: null,
    foil: null,
    _predictions: [],
    _scores: { ...scores, shape: [4, 9], axes: ["generated", "unit"] },
    _levels: levelsOf({ token: null, sentence: [0, 0, 0, 1, 1, 2, 3, 4, 5] }),
    _figure: figure({
      method: "input_x_gradient",
      unit: "logit",
      readout: "",
      target: null,
      foil: null,
      check: null,
      answer: {
        start: 5,
        input: 5,
        places: [5, 6, 7, 8],
        seen: [5, 6, 7, 8],
        predictions: [" Paris", " of", " course", " ."].map((label, id) => ({
          id,
          label,
          probability: 0.9 - id * 0.2,
          logit: 3,
        })),
        values: [3, 3, 3, 3],
      },
    }),
  });
}

function question() {
  const pieces = [
    special("[CLS]"),
    { text: "Where", segment: 0 },
    " is it",
    "?",
    special("[SEP]"),
    { text: "The", segment: 1 },
    { text: " house", segment: 1 },
    { text: " stands", segment: 1 },
    { text: " in", segment: 1 },
    { text: " old", segment: 1 },
    { text: " Berlin", segment: 1 },
    { text: " near", segment: 1 },
    { text: " Potsdam", segment: 1 },
    { text: ".", segment: 1 },
  ];
  const spans = [
    { id: 9, label: "old Berlin", probability: 0.61, logit: 9.2, span: [9, 10] },
    { id: 10, label: "Berlin", probability: 0.22, logit: 8.2, span: [10, 10] },
    { id: 12, label: "Potsdam", probability: 0.08, logit: 7.1, span: [12, 12] },
  ];
  return scene(pieces, wave(pieces.length), {
    target: null,
    foil: null,
    _predictions: spans,
    _figure: figure({
      task: "question-answering",
      readout: "span",
      target: spans[0],
      foil: spans[2],
      check: null,
    }),
  });
}

function labels() {
  const pieces = [special("[CLS]"), "Anna", " met", " Paul", " in", " Rome", ".", special("[SEP]")];
  const found = [
    { id: 1, label: "PER", probability: 0.96, logit: 7.1 },
    { id: 0, label: "O", probability: 0.02, logit: 1.1 },
    { id: 2, label: "LOC", probability: 0.01, logit: 0.7 },
  ];
  return scene(pieces, [0.1, 1.8, 0.6, 0.2, 0.1, -0.3, 0.05, 0.1], {
    target: null,
    foil: null,
    _predictions: found,
    _figure: figure({
      task: "token-classification",
      readout: "token label",
      position: 1,
      target: found[0],
      foil: null,
      check: null,
      unit: "logit",
    }),
  });
}

/** @type {Record<string, () => Record<string, any>>} */
export const SCENES = {
  levels: () => state({ _levels: levels() }),
  sentences: () => state({ _levels: levels(), level: "sentence" }),
  removed: () =>
    state({
      method: "occlusion",
      level: "word",
      _levels: levels(),
      _scores: envelope([1.2, -0.4, 0.1, 0.6]),
      _figure: figure({ method: "occlusion", level: "word", check: null }),
    }),
  checked: () => state({ _figure: figure({ checks: CHECKS }) }),
  answer,
  step: () => ({ ...answer(), step: 1 }),
  question,
  labels,
  masks: () => ({
    ...masked(),
    ...scene(
      [
        "The",
        { text: "[MASK]", kind: "special" },
        " sat",
        " on",
        { text: "[MASK]", kind: "special" },
      ],
      [0.2, 0.4, 1.3, 0.2, 0.1],
      {
        foil: null,
        method: "gradient",
        _predictions: [{ id: 3, label: "cat", probability: 0.4 }],
        _figure: figure({
          method: "gradient",
          signed: false,
          readout: "masked token",
          target: { id: 3, label: "cat", probability: 0.4 },
          foil: null,
          check: null,
          unit: "gradient norm",
          position: 1,
          masks: [1, 4],
        }),
      },
    ),
  }),
  several: () => {
    const found = ["anger", "joy", "fear", "surprise"].map((label, id) => ({
      id,
      label,
      probability: [0.91, 0.74, 0.21, 0.02][id],
      logit: 1,
    }));
    return state({
      foil: null,
      _predictions: found,
      _figure: figure({
        task: "sequence-classification",
        multi_label: true,
        readout: "class",
        target: found[0],
        foil: null,
        check: null,
      }),
    });
  },
  entropy: () =>
    state({
      foil: null,
      of: "entropy",
      _figure: figure({
        of: "entropy",
        unit: "entropy",
        target: { id: -1, label: "entropy", probability: null, logit: null },
        foil: null,
        check: null,
      }),
    }),
  refused: () =>
    state({
      target: "Marry Ann",
      _status: {
        ...READY,
        state: "error",
        message: "The target 'Marry' is 2 tokens here: 'Mar', 'ry'.",
        remedy: "Did you mean ' Marry', with a space before it? That is one token.",
        about: ["target"],
        back: true,
      },
    }),
  unable: () =>
    state({
      method: "attention_rollout",
      _status: {
        ...READY,
        state: "error",
        message: "This model has no attention to multiply through its layers.",
        remedy: "Choose a method of gradients or of perturbation.",
        about: ["method"],
        back: true,
      },
    }),
  short: () => state(),
  unsigned: () =>
    state({
      method: "gradient",
      foil: null,
      _scores: envelope([0.9, 2.6, 0.5, 2.2, 0.7, 0.2, 0.4, 0.6, 0.3, 2.9, 1.8, 0.5, 1.1, 1.7]),
      _figure: figure({
        method: "gradient",
        signed: false,
        unit: "gradient norm",
        foil: null,
        check: null,
      }),
    }),
  long: () => long(1024),
  longest: () => long(4096),
  chat,
  classifier,
  masked,
  odd,
  rtl: rightToLeft,
  word: () => scene(["x".repeat(4000), "y".repeat(3000), " end"], [1, -2, 0.5]),
  nan: () =>
    state({
      _scores: envelope([
        0.3,
        Number.NaN,
        0.2,
        -1.3,
        0,
        0,
        Number.POSITIVE_INFINITY,
        0.2,
        -0.1,
        -1.7,
        0.5,
        0.1,
        0.3,
        0.6,
      ]),
    }),
  zero: () => state({ _scores: envelope(new Array(14).fill(0)) }),
  outlier: () =>
    state({
      _scores: envelope([
        19.4, 2.14, 0.22, -1.32, 0.05, 0.02, -0.08, 0.19, -0.11, -1.71, 0.46, 0.11, 0.27, 0.62,
      ]),
    }),
  poor: () =>
    state({
      _figure: figure({
        partial: true,
        check: { ...figure().check, value: 1.2, relative: 0.27, total: 3.16, expected: 4.33 },
      }),
    }),
  rare: () =>
    state({
      foil: 4242,
      _figure: figure({ foil: { id: 4242, label: " Napoleon", probability: 0.0000121, logit: 4 } }),
    }),
  loading: () =>
    state({
      method: "integrated_gradients",
      _status: { ...READY, state: "loading", progress: { done: 18, total: 50, seconds_left: 14 } },
      _figure: figure({ method: "input_x_gradient" }),
    }),
  first: () =>
    state({
      _tokens: {},
      _scores: {},
      _predictions: [],
      _figure: { model: "SmolLM2-135M-Instruct", methods: METHODS, editable: true },
      _status: { ...READY, state: "loading" },
    }),
  empty: () =>
    state({
      text: "",
      _tokens: {},
      _scores: {},
      _predictions: [],
      _figure: { model: "SmolLM2-135M-Instruct", methods: METHODS, editable: true },
      _status: {
        ...READY,
        state: "empty",
        message: "Nothing to show yet: write a text for the model to read.",
        example: "The animal didn't cross the street because it was too tired.",
      },
    }),
  error: () =>
    state({
      _status: {
        ...READY,
        state: "error",
        message: "The target “ Mary Ann” is 2 tokens: “ Mary”, “ Ann”.",
        remedy: "Name one token, for example “ Mary”.",
      },
    }),
  arrays: () =>
    state({
      text: "so bad",
      method: "given scores",
      target: null,
      foil: null,
      _tokens: tokens(["so", " bad"]),
      _scores: envelope([0.5, -1]),
      _predictions: [],
      _figure: figure({
        model: "",
        method: "given scores",
        methods: [],
        unit: "score",
        readout: "given",
        editable: false,
        foil: null,
        check: null,
        target: { id: -1, label: "", probability: null, logit: null },
      }),
    }),
  saved: () => state({ _figure: figure({ editable: false }), lmwStandalone: true }),
};

export { NAMES };

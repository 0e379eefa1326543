// States of SaliencyMatrix, as Python sends them. Used by the tests and to look at.

import { figure, levelsOf, METHODS, READY, state, tokens } from "./saliency_text_fixtures.js";

/** @param {number} seed a generator of numbers that look random, the same every time */
function random(seed) {
  let x = seed;
  return () => {
    x = (x * 16807) % 2147483647;
    return x / 2147483647;
  };
}

/** @param {number[][]} rows */
export function matrixEnvelope(rows) {
  const data = Float32Array.from(rows.flat());
  return {
    data: new DataView(data.buffer),
    dtype: "float32",
    shape: [rows.length, rows[0].length],
    axes: ["generated", "unit"],
    scale: null,
  };
}

/**
 * @param {(string | Record<string, any>)[]} read
 * @param {(string | Record<string, any>)[]} wrote
 * @param {(row: number, column: number) => number} score
 * @param {object} [more]
 * @param {number} [more.started] start tokens of a decoder at the end of `read`
 * @param {number} [more.rows] rows that were finished
 * @param {Record<string, any>} [more.figure]
 * @param {Record<string, number[] | null>} [more.levels]
 * @param {Record<string, any>} [more.traits]
 */
export function matrix(read, wrote, score, more = {}) {
  const made = tokens([...read, ...wrote]);
  const start = read.length;
  const count = more.rows ?? wrote.length;
  const rows = Array.from({ length: count }, (_, row) =>
    made.text.map((_, column) => (column < start + row ? score(row, column) : 0)),
  );
  const chance = random(77);
  const answer = {
    start,
    input: start - (more.started ?? 0),
    places: rows.map((_, row) => start + row),
    seen: rows.map((_, row) => start + row),
    predictions: rows.map((_, row) => ({
      id: 900 + row,
      label: made.text[start + row],
      probability: 0.2 + 0.7 * chance(),
    })),
    values: rows.map((row) => row.reduce((sum, x) => sum + x, 0)),
    checks: [],
    level: "token",
  };
  const words = made.text.filter((_, i) => i < answer.input && made.kind[i] !== "special");
  return state({
    text: words.join(""),
    method: "input_x_gradient",
    target: null,
    foil: null,
    row_level: null,
    strongest: false,
    row_scale: false,
    _tokens: made,
    _scores: matrixEnvelope(rows),
    _levels: levelsOf(more.levels ?? { token: null }),
    _predictions: [],
    _figure: figure({
      model: "opus-mt-en-de",
      method: "input_x_gradient",
      unit: "logit",
      target: null,
      foil: null,
      foils: [],
      check: null,
      live: true,
      methods: METHODS,
      answer,
      cost: { passes: 9, seconds: 0.31 },
      ...more.figure,
    }),
    ...more.traits,
  });
}

/** A diagonal with noise. @param {number[]} path column of each row @param {number} [size] */
function along(path, size = 2) {
  const noise = random(5);
  return (/** @type {number} */ row, /** @type {number} */ column) => {
    const near = Math.exp(-((column - path[row]) ** 2) / 0.7) * size * (0.6 + 0.5 * noise());
    return near + (noise() - 0.55) * 0.5;
  };
}

const special = (/** @type {string} */ text) => ({ text, kind: "special", length: 0 });

function translation() {
  const read = "The| old| bridge| over| the| river| was| closed| after| the| storm|.".split("|");
  const wrote = "Die| alte| Brücke| über| den| Fluss| wurde| nach| dem| Sturm| gesperrt|.".split(
    "|",
  );
  return matrix(
    [...read, special("</s>"), special("<pad>")],
    wrote,
    along([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 7, 11]),
    { started: 1 },
  );
}

const PROMPT =
  "And| the| king| said| unto| his| serv|ants|,| Bring| me| the| sword| of| my| father|,| and| the| people".split(
    "|",
  );
const ANSWER = " who| are| in| the| land| of| Egypt|.".split("|");

function story() {
  const noise = random(11);
  const score = (/** @type {number} */ row, /** @type {number} */ column) =>
    (column === 0 ? 3.1 : 0) + (column === 18 + row ? 1.4 : 0) + (noise() - 0.5) ** 3 * 9;
  return matrix(PROMPT, ANSWER, score, {
    levels: {
      token: null,
      word: [
        0, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
        25, 26,
      ],
      sentence: [...PROMPT.map(() => 0), ...ANSWER.map(() => 1)],
    },
    figure: { model: "SmolLM2-135M", editable: true, task: "causal" },
  });
}

/** @param {number} count @param {number} rows */
function long(count, rows) {
  const noise = random(3);
  const read = Array.from({ length: count }, (_, i) =>
    i % 61 === 60 ? "\n" : PROMPT[i % PROMPT.length],
  );
  const wrote = Array.from({ length: rows }, (_, i) => ANSWER[i % ANSWER.length]);
  return matrix(read, wrote, (row, column) => {
    const near = Math.abs(column - (row * count) / rows) < 6 ? 1.2 : 0;
    return (noise() - 0.5) ** 5 * 20 + near * noise();
  });
}

export const SCENES = {
  translation,
  story,
  marked: () => ({ ...translation(), strongest: true }),
  storymarked: () => ({ ...story(), strongest: true }),
  pinned: () => ({ ...story(), step: 3, token: 12 }),
  words: () => ({ ...story(), level: "word" }),
  sentences: () => ({ ...story(), level: "sentence" }),
  bysentence: () => ({ ...story(), row_level: "sentence" }),
  tall: () => long(60, 40),
  long: () => long(512, 24),
  huge: () => long(4096, 64),
  middle: () => long(90, 12),
  hugemarked: () => ({ ...long(512, 24), strongest: true }),
  own: () => ({ ...story(), row_scale: true }),
  one: () => matrix(PROMPT, [" who"], (_, column) => Math.sin(column * 1.3)),
  two: () => matrix(PROMPT, [" who", " said"], (_, column) => Math.sin(column * 1.3)),
  tiny: () => matrix(["a"], [" b"], () => 0.4),
  unsigned: () =>
    matrix(PROMPT, ANSWER, (row, column) => Math.abs(Math.sin(row * 2.1 + column * 1.7)) ** 4, {
      figure: { signed: false, method: "gradient", unit: "gradient norm" },
    }),
  broken: () =>
    matrix(PROMPT, ANSWER, (row, column) =>
      (row + column) % 7 === 0 ? Number.NaN : Math.cos(row * 3 + column),
    ),
  partial: () =>
    matrix(PROMPT, ANSWER, (row, column) => Math.cos(row * 3 + column), {
      rows: 3,
      figure: { partial: true },
    }),
  odd: () =>
    matrix(
      [
        "שלום",
        " עולם",
        " 🙂",
        " 你好",
        "世界",
        "</script>",
        "\n",
        "\t",
        " ",
        "Donaudampfschifffahrtsgesellschaftskapitän",
        { text: "0xF0", kind: "bytes", whole: "🜁", start: 70, end: 71 },
        { text: "0x9F", kind: "bytes", whole: "🜁", start: 70, end: 71 },
        special("<|endoftext|>"),
      ],
      [" <img src=x onerror=alert(1)>", "مرحبا", "\n", "答案", " 👩‍👩‍👧"],
      (row, column) => Math.sin(row + column * 2.2),
    ),
  checked: () => {
    const made = story();
    const rows = [
      {
        name: "comprehensiveness",
        value: 3.2,
        random: 1.1,
        passed: true,
        explanation: "…",
        relative: null,
        total: null,
        expected: null,
      },
      {
        name: "sufficiency",
        value: 0.4,
        random: 1.9,
        passed: true,
        explanation: "…",
        relative: null,
        total: null,
        expected: null,
      },
    ];
    made._figure = { ...made._figure, checks: { rows, level: "token", where: null, seconds: 1.4 } };
    return made;
  },
  still: () => {
    const made = story();
    made._figure = { ...made._figure, live: false, editable: false };
    return { ...made, lmwStandalone: true };
  },
  loading: () => ({
    ...story(),
    _status: { ...READY, state: "loading", progress: { done: 3, total: 8, seconds_left: 12 } },
  }),
  error: () => ({
    ...story(),
    _status: {
      ...READY,
      state: "error",
      message: "The answer is empty.",
      remedy: "Give an answer to explain.",
      about: ["text"],
      back: true,
    },
  }),
  empty: () => ({
    ...story(),
    text: "",
    _tokens: {},
    _scores: {},
    _figure: { model: "tiny", live: true, editable: true, methods: METHODS },
    _status: { ...READY, state: "empty", message: "Nothing to show yet.", example: "The king" },
  }),
};

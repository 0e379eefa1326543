/** States of a graph: differences, pairs, chats, written texts, two lines. */

import { envelope, fakeAttention, fakeState, fakeTokens } from "./fake_attention.js";
import { longState } from "./long_attention.js";

/** @typedef {import("../src/core/types").Tokens} Tokens */

export const MARY = "When| Mary| and| John| went| to| the| store|,| John| gave| a| drink| to".split(
  "|",
);
export const PAIR =
  "[CLS]|the| cat| slept| all| day|[SEP]|it| was| tired|,| so| it| slept|[SEP]".split("|");
export const CHAT = [
  ..."<|im_start|>|system|\n|You| are| a| helpful| assistant|.|<|im_end|>".split(/(?<!<)\|(?!>)/),
  ..."<|im_start|>|user|\n|What| is| the| capital| of| France|?|<|im_end|>".split(/(?<!<)\|(?!>)/),
  ..."<|im_start|>|assistant|\n|Paris|.|<|im_end|>".split(/(?<!<)\|(?!>)/),
];
const ROLES = CHAT.map((_, i) => (i < 10 ? "system" : i < 21 ? "user" : "assistant"));
const special = (/** @type {string[]} */ texts) =>
  /** @type {any} */ (texts.map((text) => (/^(\[|<\|)/.test(text) ? "special" : "text")));
const GERMAN = "Wenn| Maria| und| Johann| in| den| Laden| gehen|.|</s>".split("|");
const ARABIC = "عندما| ذهبت| مريم| ويوحنا| إلى| المتجر|،| أعطى| يوحنا| شرابا".split("|");

/**
 * What a second text has more or less than a first: signed 16-bit integers, a scale a row.
 * @param {string[]} texts
 * @param {{heads?: number, factor?: number, causal?: boolean}} [options]
 */
export function signedAttention(texts, { heads = 4, factor = 0.5, causal = true } = {}) {
  const n = texts.length;
  const values = new Int16Array(heads * n * n);
  const scale = new Float32Array(heads * n);
  for (let row = 0; row < heads * n; row++) {
    const [head, query] = [Math.floor(row / n), row % n];
    scale[row] = (factor * (0.2 + ((query * 7 + head * 3) % 10) / 12.5)) / 32767;
    for (let key = 0; key < (causal ? query + 1 : n); key++) {
      const wave = Math.sin(1.7 * key + 2.3 * query + head) ** 5;
      values[row * n + key] = Math.round(wave * 32767);
    }
  }
  const shape = [1, heads, n, n];
  const axes = ["layer", "head", "query", "key"];
  const rows = envelope(scale, "float32", shape.slice(0, 3), axes.slice(0, 3));
  return {
    layers: [0],
    heads: null,
    format: /** @type {const} */ ("dense"),
    weights: { ...envelope(values, "int16", shape, axes), scale: rows },
  };
}

/** @param {object} [traits] @param {object} [figure] @param {object} [options] */
export const difference = (traits = {}, figure = {}, options = {}) => {
  const state = fakeState(MARY, {
    traits,
    allLayers: 1,
    figure: {
      title: "Attention difference",
      note: "The first text (“…went…”) is subtracted from the second.",
      signed: true,
      unit: "share",
      ...figure,
    },
  });
  return { ...state, _attention: signedAttention(MARY, options) };
};

/** @param {object} [traits] */
export const pair = (traits = {}) =>
  fakeState(PAIR, {
    causal: false,
    tokens: { segment: PAIR.map((_, i) => (i < 7 ? 0 : 1)), kind: special(PAIR) },
    traits: { heads: [1, 2], ...traits },
  });

/** @param {object} [traits] */
export const chat = (traits = {}) =>
  fakeState(CHAT, {
    tokens: { role: ROLES, kind: special(CHAT) },
    traits: { heads: [1, 2], ...traits },
  });

/** @param {object} [traits] */
export const written = (traits = {}) =>
  fakeState(MARY, {
    figure: { start: 9, editable: false },
    traits: { heads: [2], step: 2, ...traits },
  });

/** @param {object} [traits] @param {Tokens} [key] */
export const cross = (traits = {}, key = fakeTokens(GERMAN)) =>
  fakeState(MARY, {
    causal: false,
    key,
    figure: { kinds: ["encoder", "decoder", "cross"] },
    traits: { kind: "cross", view: "lines", heads: [1, 3], ...traits },
  });

/** @type {Record<string, () => Record<string, any>>} */
export const graphScenes = {
  difference,
  differencepin: () => difference({ token: 12, heads: [1] }),
  differencearcs: () => difference({ view: "arcs" }),
  differencelines: () => difference({ view: "lines", token: 9 }),
  gradient: () =>
    difference(
      {},
      { unit: "attention × gradient", title: "Attention × gradient", note: "" },
      { factor: 7e-3 },
    ),
  pair,
  pairab: () => pair({ pair: "A→B" }),
  renormalised: () => pair({ hide_special: true, hide_first: true, renormalise: true, heads: [1] }),
  chat,
  folded: () => chat({ collapsed: [0, 2] }),
  foldedarcs: () => chat({ collapsed: [0, 2], view: "arcs" }),
  foldedlines: () => chat({ collapsed: [1], view: "lines" }),
  written,
  writtenwhole: () => written({ step: null }),
  writtenarcs: () => written({ view: "arcs" }),
  writtenlines: () => written({ view: "lines", step: 4 }),
  writtenlong: () => {
    const state = longState(1500, { traits: { step: 3 } });
    return { ...state, _figure: { ...state._figure, start: 1470 } };
  },
  cross,
  crosspin: () => cross({ token: 9 }),
  lines: () => fakeState([...MARY, ...MARY, ...MARY], { traits: { view: "lines", heads: [2] } }),
  rtl: () => fakeState(ARABIC, { causal: false, traits: { view: "lines", heads: [1], token: 4 } }),
  rtlcross: () => cross({ token: 5 }, fakeTokens(ARABIC)),
};
void fakeAttention;

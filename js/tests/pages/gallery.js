/** Every state of the graph on made-up data, by name: opened by gallery.mjs to be looked at. */

import { mount, pageModel } from "../../src/host.js";
import attentionGraph from "../../src/widgets/attention_graph.js";
import { fakeState, fakeTokens } from "../fake_attention.js";
import { longFocus, longState } from "../long_attention.js";

const MARY = "When| Mary| and| John| went| to| the| store|,| John| gave| a| drink| to".split("|");
const WORDS =
  "the| old| king| said| to| his| people| that| a| storm| was| coming|,| and| they| ran|.".split(
    "|",
  );
const long = (/** @type {number} */ n) =>
  Array.from({ length: n }, (_, i) =>
    i % 23 === 5 ? " Mary" : ` ${WORDS[(i * 7 + (i >> 4)) % WORDS.length].trim()}`,
  );
const ODD = [
  "[CLS]",
  "café",
  " naïve",
  "\n",
  "\t",
  "F0 9F",
  "98 80",
  " مرحبا",
  " שלום",
  " 你好",
  " 👩‍👩‍👧",
  "\u200d",
  " ",
  "</script><img src=x onerror=alert(1)>",
  ` ${"x".repeat(10000)}`,
  "[SEP]",
];
/** @type {any} */
const oddKinds = ODD.map((text) =>
  /^\[/.test(text) ? "special" : /^[0-9A-F]{2} /.test(text) ? "bytes" : "text",
);
const CHAT = [
  "<|im_start|>",
  "system",
  "\n",
  "You",
  " are",
  " helpful",
  ".",
  "<|im_end|>",
  "<|im_start|>",
  "user",
  "\n",
  "What",
  " is",
  " the",
  " capital",
  " of",
  " France",
  "?",
  "<|im_end|>",
  "<|im_start|>",
  "assistant",
  "\n",
  "Paris",
  ".",
  "<|im_end|>",
];
const roles = CHAT.map((_, i) => (i < 8 ? "system" : i < 19 ? "user" : "assistant"));

/** @type {Record<string, () => Record<string, any>>} */
const states = {
  mary: () =>
    fakeState(MARY, { heads: 9, allLayers: 30, layers: [0, 1, 2, 3], traits: { heads: [2] } }),
  all: () => fakeState(MARY, { heads: 9, allLayers: 30, layers: [0, 1, 2, 3] }),
  mean: () => fakeState(MARY, { heads: 9, allLayers: 30, traits: { mean: true } }),
  pinned: () => fakeState(MARY, { heads: 9, allLayers: 30, traits: { heads: [2, 4], token: 9 } }),
  long: () =>
    fakeState(long(512), { heads: 12, allLayers: 12, top: 32, traits: { hide_first: false } }),
  longone: () =>
    fakeState(long(512), {
      heads: 12,
      allLayers: 12,
      top: 32,
      traits: { heads: [2], hide_first: true },
    }),
  book: () => longState(4096),
  bookpin: () =>
    longState(4096, { traits: { token: 3900, _focus: longFocus(4096, { token: 3900 }) } }),
  bookall: () =>
    longState(4096, { heads: [0, 1, 2, 3, 4, 5, 6, 7, 8], top: 5, all: true, chat: true }),
  bookchat: () => longState(4096, { chat: true, traits: { token: 3905 } }),
  bookfind: () => longState(1500, { chat: true, traits: { search: "lamp" } }),
  bookshort: () => longState(340),
  odd: () =>
    fakeState(ODD, {
      tokens: { kind: oddKinds },
      causal: false,
      nan: [[0, 2]],
      traits: { hide_special: true },
    }),
  chat: () =>
    fakeState(CHAT, {
      tokens: { role: roles, kind: CHAT.map((t) => (t.startsWith("<|") ? "special" : "text")) },
      traits: { heads: [1] },
    }),
  arcs: () => fakeState(MARY, { heads: 9, allLayers: 30, traits: { view: "arcs", heads: [1, 2] } }),
  arcsall: () =>
    fakeState([...MARY, ...WORDS, ...MARY], {
      heads: 9,
      allLayers: 30,
      causal: false,
      traits: { view: "arcs" },
    }),
  cross: () =>
    fakeState(MARY, {
      causal: false,
      key: fakeTokens(["Als", " Maria", " und", " Johann", " in", " den", " Laden", " gingen"]),
      figure: { kinds: ["encoder", "decoder", "cross"] },
      traits: { kind: "cross" },
    }),
  crosslong: () =>
    fakeState(long(400), {
      causal: false,
      key: fakeTokens(long(60)),
      figure: { kinds: ["encoder", "decoder", "cross"] },
      traits: { kind: "cross", heads: [1] },
    }),
  loading: () =>
    fakeState(MARY, {
      traits: {
        _attention: {},
        _status: {
          state: "loading",
          message: "",
          remedy: "",
          example: null,
          progress: { done: 12, total: 50, seconds_left: 8 },
        },
      },
    }),
  empty: () =>
    fakeState([], {
      traits: {
        _tokens: {},
        _attention: {},
        _status: {
          state: "empty",
          message: "Nothing to show yet: write a text for the model to read.",
          remedy: "",
          example: "The animal didn't cross the street because it was too tired.",
          progress: null,
        },
      },
    }),
  error: () =>
    fakeState(MARY, {
      traits: {
        _status: {
          state: "error",
          message: "The text has 9,214 tokens, the model reads at most 8,192.",
          remedy: "Shorten the text, or pass truncate=True to keep its end.",
          example: null,
          progress: null,
        },
      },
    }),
};

const wanted = new URLSearchParams(location.search);
const name = wanted.get("state") ?? "mary";
const theme = wanted.get("theme") ?? "light";
document.body.style.cssText = `margin:16px;background:${theme === "dark" ? "#111" : "#fff"}`;
const state = states[name]();
performance.mark("state");
for (const [key, value] of wanted)
  if (key in state && key !== "theme") state[key] = JSON.parse(value);
if (wanted.has("live")) {
  const model = pageModel(state);
  model.lmwStandalone = false;
  model.comm_live = true;
  Object.assign(globalThis, { model });
  const handlers = attentionGraph();
  const el = document.body.appendChild(document.createElement("div"));
  handlers.initialize({ model });
  handlers.render({ model, el });
} else {
  const element = document.body.appendChild(document.createElement("div"));
  mount({ widget: attentionGraph, state, element }).then(({ model }) =>
    Object.assign(globalThis, { model }),
  );
}

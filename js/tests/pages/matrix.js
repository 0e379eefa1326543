/** States of the matrix on made-up data, by name: opened by matrix.mjs to be looked at. */

import { pageModel } from "../../src/host.js";
import attentionMatrix from "../../src/widgets/attention_matrix.js";
import { denseState, matrixState, tilesFor } from "../attention_matrix/fixture.js";
import { fakeTokens } from "../fake_attention.js";

const MARY = "When| Mary| and| John| went| to| the| store|,| John| gave| a| drink| to".split("|");
const WORDS = "the old king said to his people that a storm was coming and they ran .".split(" ");
const long = (/** @type {number} */ n) =>
  Array.from({ length: n }, (_, i) => ` ${WORDS[(i * 7 + (i >> 4)) % WORDS.length]}`);
const ODD = [
  "[CLS]",
  "café",
  "\n",
  "\t",
  "F0 9F",
  "98 80",
  " مرحبا",
  " שלום עולם",
  "你好",
  "世界",
  " 👩‍👩‍👧",
  "\u200d",
  " ",
  "</script><img src=x onerror=alert(1)>",
  ` ${"x".repeat(1000)}`,
  "[SEP]",
];
const oddKinds = ODD.map((text) =>
  /^\[/.test(text) ? "special" : /^[0-9A-F]{2} /.test(text) ? "bytes" : "text",
);
const ROLES = ["system", "user", "assistant", "user", "assistant"];
const CHAT = long(75);
const roles = CHAT.map((_, i) => ROLES[Math.floor(i / 15)]);
const german = fakeTokens(
  "Als Maria und Johann in den Laden gingen gab er ihr".split(" ").map((w) => ` ${w}`),
);

/** @type {Record<string, () => Record<string, any>>} */
const states = {
  tiny: () => denseState(MARY.slice(0, 8), { traits: { heads: [2] } }),
  mary: () => denseState([...MARY, ...MARY], { traits: { heads: [2] } }),
  pinned: () => denseState(MARY, { traits: { heads: [2], token: 9, key: 3 } }),
  mean: () => denseState(MARY, { traits: { heads: [] } }),
  sixty: () => denseState(long(60), { layers: [0], traits: { heads: [4] } }),
  row: () => denseState(long(60), { layers: [0], traits: { heads: [4], scale: "row" } }),
  log: () => denseState(long(60), { layers: [0], traits: { heads: [4], scale: "log" } }),
  half: () => matrixState(long(512)),
  book: () => matrixState(long(4096), { level: 3 }),
  bookpin: () => matrixState(long(4096), { level: 3, traits: { token: 3000, key: 2390 } }),
  signed: () => matrixState(long(60), { signed: true }),
  booksigned: () => matrixState(long(2048), { level: 2, signed: true }),
  nan: () => matrixState(long(60), { nan: [3, 20, 21, 22], causal: false }),
  odd: () => denseState(ODD, { tokens: { kind: oddKinds }, causal: false, traits: { heads: [1] } }),
  chat: () => denseState(CHAT, { layers: [0], tokens: { role: roles }, traits: { heads: [4] } }),
  turns: () =>
    matrixState(CHAT, {
      tokens: { role: roles },
      starts: { query: [0, 15, 30, 45, 60], key: [0, 15, 30, 45, 60] },
      traits: { pool: "turn" },
    }),
  cross: () =>
    denseState(MARY, {
      causal: false,
      key: german,
      figure: { kinds: ["encoder", "decoder", "cross"] },
      traits: { kind: "cross", heads: [4] },
    }),
  tall: () => matrixState(long(800), { keys: long(12), causal: false }),
  flat: () => matrixState(long(6), { keys: long(300), causal: false }),
};

const wanted = new URLSearchParams(location.search);
const theme = wanted.get("theme") ?? "light";
document.body.style.cssText = `margin:16px;background:${theme === "dark" ? "#111" : "#fff"}`;
const state = states[wanted.get("state") ?? "mary"]();
const model = pageModel(state);
model.lmwStandalone = wanted.has("alone");
model.comm_live = true;
Object.assign(globalThis, { model, turns: 0 });
model.on("change:_view", () => {
  const view = state._view;
  setTimeout(() => {
    /** @type {any} */ (globalThis).turns += 1;
    model.set("_tiles", tilesFor(state, view));
  }, 30);
});
const handlers = attentionMatrix();
const el = document.body.appendChild(document.createElement("div"));
handlers.initialize({ model });
handlers.render({ model, el });

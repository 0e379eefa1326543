/** A text of thousands of tokens, and attention on it as Python sends it: the strongest keys only. */

import { envelope, fakeState } from "./fake_attention.js";

/** @typedef {import("../src/core/types").TokenKind} TokenKind */

const TELLER = `In the old harbour town of Marwick the lighthouse keeper was called Mary Ellis . She wrote down every ship that passed , and every storm that came after it .
One evening in October John Carver , who mended nets for the fishermen , climbed the stairs to the lamp and asked her what the numbers in her book were for .
" They are not numbers , " said Mary , " they are people . When a ship is late I know whom to visit . "
John read the first page , then the second . There were names he knew , and beside each name an hour and the direction of the wind .
In the morning the fog lay so thick on the water that the bell could not be heard from the pier . The boats stayed where they were , and the whole town talked about the captain who had promised to be back before the feast .
By noon a grey shape stood at the end of the mole . It was the captain's dog , wet and shaking , with a piece of rope around its neck .`;
const OTHERS = [
  "הסערה הגיעה אל הנמל בלילה והאור לא כבה .",
  "كتبت ماري أسماء السفن في الدفتر القديم .",
  "灯台守はすべての船の名前を帳面に書き留めた。",
  "港口的老人说，风总是从东边来。",
];
const PLACES = "Marwick Stonehaven Ardmore Kilbride Dunmore Ravenglass".split(" ");
const PEOPLE = "Mary John Agnes Peter Ruth Thomas Clara".split(" ");

/** @param {number} seed */
function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Words as a byte-level tokenizer cuts them: a space in front, long words in two, newlines alone. @param {string} text @returns {string[]} */
function cut(text) {
  return text.split(/(\n)| /).flatMap((word) => {
    if (!word) return [];
    if (word === "\n") return ["\n"];
    if (/^[.,"]$/.test(word)) return [word];
    if (/[\u3040-\u9fff]/.test(word)) return [...word];
    return word.length > 8 ? [` ${word.slice(0, 5)}`, word.slice(5)] : [` ${word}`];
  });
}

/** What is said in one turn. @param {number} turn @param {number} paragraphs @param {() => number} next */
function speech(turn, paragraphs, next) {
  const all = TELLER.split("\n");
  const any = (/** @type {string[]} */ list) => list[Math.floor(next() * list.length)];
  return Array.from({ length: paragraphs }, (_, i) => {
    const other = turn % 5 === 3 && i === 0 ? ` ${OTHERS[(turn >> 1) % OTHERS.length]}` : "";
    const season = ["October", "March", "winter"][turn % 3];
    const own = all[(turn + i) % all.length]
      .replaceAll("Marwick", any(PLACES))
      .replaceAll("Mary", any(PEOPLE))
      .replaceAll("October", season);
    return own + other;
  }).join("\n");
}

/**
 * @param {number} count
 * @param {{chat?: boolean}} [options]
 */
export function longTokens(count, { chat = false } = {}) {
  const next = random(7);
  /** @type {string[]} */
  const text = [];
  /** @type {string[]} */
  const role = [];
  for (let turn = 0; text.length < count; turn++) {
    const who = turn % 2 === 0 ? "user" : "assistant";
    const said = cut(speech(turn, chat ? 1 + (turn % 4) : 1, next));
    const gap = turn % 6 === 5 ? ["\n", "\n"] : ["\n"];
    const pieces = chat
      ? ["<|im_start|>", who, "\n", ...said, "<|im_end|>", "\n"]
      : [...said, ...gap];
    text.push(...pieces);
    role.push(...pieces.map(() => who));
  }
  text.length = role.length = count;
  const kind = text.map(
    (piece) => /** @type {TokenKind} */ (piece.startsWith("<|") ? "special" : "text"),
  );
  return { text, kind, role: chat ? role : null };
}

/**
 * CSR attention: heads in turn look at the token before, at what followed the same word the time
 * before (induction), at all the same words, at the last few tokens; the first token is a sink.
 * @param {string[]} text
 * @param {{layer?: number, heads?: number[], top?: number, all?: boolean}} [options] all: the
 *   heads are all of the layer
 * @returns {import("../src/widgets/attention_graph/types").AttentionWire}
 */
export function longAttention(
  text,
  { layer = 0, heads = [0], top = 32, all = heads.length > 1 } = {},
) {
  const n = text.length;
  const rows = heads.length * n;
  const values = new Uint16Array(rows * top);
  const columns = new Uint16Array(rows * top);
  const offsets = new Uint32Array(rows + 1);
  const scale = new Float32Array(rows);
  const kept = new Float32Array(rows);
  /** @type {Map<string, number[]>} */
  const seen = new Map();
  let count = 0;
  for (const [place, head] of heads.entries()) {
    const next = random(31 * head + 7 * layer + 1);
    seen.clear();
    for (let q = 0; q < n; q++) {
      const row = rowOf(text, head + layer, q, seen, next, top);
      if (!seen.has(text[q])) seen.set(text[q], []);
      seen.get(text[q])?.push(q);
      const most = Math.max(...row.values());
      const share = 0.86 + 0.13 * next();
      const sum = [...row.values()].reduce((a, b) => a + b, 0) / share;
      const at = place * n + q;
      scale[at] = most / sum / 65535;
      kept[at] = q < top ? 1 : share;
      for (const key of [...row.keys()].sort((a, b) => a - b)) {
        values[count] = Math.round(((row.get(key) ?? 0) / most) * 65535);
        columns[count] = key;
        count += 1;
      }
      offsets[at + 1] = count;
    }
  }
  const shape = [1, heads.length, n];
  const axes = ["layer", "head", "query"];
  return {
    layers: [layer],
    heads: all ? null : heads,
    format: "csr",
    weights: envelope(values.slice(0, count), "uint16", [count], ["entry"]),
    columns: envelope(columns.slice(0, count), "uint16", [count], ["entry"]),
    offsets: envelope(offsets, "uint32", [rows + 1], ["row"]),
    rowscale: envelope(scale, "float32", shape, axes),
    kept: envelope(kept, "float32", shape, axes),
  };
}

/**
 * @param {string[]} text
 * @param {number} style
 * @param {number} q
 * @param {Map<string, number[]>} seen
 * @param {() => number} next
 * @param {number} top
 */
function rowOf(text, style, q, seen, next, top) {
  /** @type {Map<number, number>} */
  const row = new Map([[0, [2.2, 1.2, 3, 0.6][style % 4]]]);
  const add = (/** @type {number} */ key, /** @type {number} */ weight) => {
    if (key >= 0 && key <= q) row.set(key, (row.get(key) ?? 0) + weight);
  };
  const before = seen.get(text[q]) ?? [];
  if (style % 4 === 0 && before.length > 0 && /\w{3}/.test(text[q])) {
    add(before[Math.floor(before.length * next())] + 1, 4 + 3 * next());
  }
  if (style % 4 === 1) add(q - 1, 6);
  if (style % 4 === 2) for (const key of before.slice(-6)) add(key, 1.4 * next());
  if (style % 4 === 3) for (let back = 0; back < 6; back++) add(q - back, 1.5 / (1 + back));
  while (row.size < Math.min(top, q + 1)) {
    const near = next() < 0.6 ? q - Math.floor(20 * next()) : Math.floor((q + 1) * next());
    add(near, 0.02 + 0.1 * next() ** 4);
  }
  const strongest = [...row].sort((a, b) => b[1] - a[1]).slice(0, top);
  return new Map(strongest);
}

/**
 * The state of a graph of a long text.
 * @param {number} count tokens
 * @param {{chat?: boolean, heads?: number[], top?: number, all?: boolean, traits?: object,
 *   figure?: object}} [options]
 * @returns {Record<string, any>}
 */
export function longState(count, { chat, traits = {}, figure = {}, ...options } = {}) {
  const { heads = [0], top = 32 } = options;
  const { text, ...more } = longTokens(count, { chat });
  const state = fakeState(["a"], {
    heads: 9,
    allLayers: 30,
    figure: { top_per_row: top, ...figure },
  });
  const short = fakeState(["a"])._tokens.query;
  let at = 0;
  const start = text.map((piece) => {
    at += piece.length;
    return at - piece.length;
  });
  return {
    ...state,
    text: text.join(""),
    heads: options.all ? [] : heads,
    _tokens: {
      query: {
        ...short,
        ...more,
        text,
        raw: text.map((piece) => piece.replace(/^ /, "Ġ").replace("\n", "Ċ")),
        id: text.map((_, i) => 1000 + i),
        word: text.map((_, i) => i),
        start,
        end: start.map((from, i) => from + text[i].length),
        whole: text.map(() => null),
      },
      key: null,
    },
    _attention: longAttention(text, options),
    ...traits,
  };
}

/**
 * The trait `_focus`: one exact row or column, made up.
 * @param {number} count
 * @param {{layer?: number, heads?: number[], side?: "query" | "key", token: number}} options
 */
export function longFocus(count, { layer = 0, heads = [0], side = "query", token }) {
  const weights = new Uint16Array(heads.length * count);
  const scale = new Float32Array(heads.length).fill(1 / 65535);
  for (const row of heads.keys()) {
    for (let i = 0; i < count; i++)
      weights[row * count + i] = side === "query" && i > token ? 0 : 20 + (i % 7);
    weights[row * count + 5] = 40_000;
  }
  const packed = envelope(weights, "uint16", [heads.length, count], ["head", "token"]);
  return {
    layer,
    heads,
    side,
    token,
    weights: { ...packed, scale: envelope(scale, "float32", [heads.length], ["head"]) },
  };
}

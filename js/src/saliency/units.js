/** Levels of a text: tokens gathered into words, sentences, turns; their scores are sums. */

import { decode } from "../core/wire.js";

/** @typedef {import("../core/types").Tokens} Tokens */
/** @typedef {import("./types").Level} Level */
/** @typedef {import("./types").LevelWire} LevelWire */
/** @typedef {import("./types").Units} Units */
/** @typedef {import("../core/types").Decoded} Decoded */

/**
 * @param {LevelWire[] | null | undefined} levels
 * @returns {Level[]} without those whose data has not arrived
 */
export function decodeLevels(levels) {
  /** @type {Level[]} */
  const found = [];
  for (const { name, parts } of levels ?? []) {
    const decoded = parts && decode(parts);
    if (decoded) found.push({ name, parts: Int32Array.from(decoded.data) });
    else if (!parts) found.push({ name, parts: null });
  }
  return found;
}

/** Name of the level that a trait holds: a list is the reader's own passages. @param {unknown} value */
export function levelName(value) {
  return Array.isArray(value) ? "passage" : String(value ?? "token");
}

/**
 * The unit of every unit of a finer level, or null when they cut across one another.
 * @param {Int32Array | null} fine unit of each token; null when each is one
 * @param {Int32Array | null} coarse
 * @returns {Int32Array | null}
 */
export function between(fine, coarse) {
  if (!fine) return coarse;
  if (!coarse) return null;
  const map = new Int32Array(fine.length ? fine[fine.length - 1] + 1 : 0).fill(-1);
  for (let token = 0; token < fine.length; token++) {
    if (map[fine[token]] < 0) map[fine[token]] = coarse[token];
    else if (map[fine[token]] !== coarse[token]) return null;
  }
  return map;
}

/**
 * The level to show: the one asked for where scores can be summed to it, else the one computed.
 * @param {Level[]} levels
 * @param {string} asked
 * @param {string} computed
 */
export function reachable(levels, asked, computed) {
  const own = levels.find(({ name }) => name === computed) ?? { name: computed, parts: null };
  const wanted = levels.find(({ name }) => name === asked) ?? own;
  if (wanted === own) return { level: own, map: null };
  const map = between(own.parts, wanted.parts);
  return map ? { level: wanted, map } : { level: own, map: null };
}

/**
 * The rows of scores as they arrived: one, or one for each token of an answer.
 * @param {Decoded | null} scores
 * @param {number} count of columns that there should be
 * @returns {Float32Array[] | null} null when they are of another text
 */
export function rowsOf(scores, count) {
  if (!scores || scores.shape.at(-1) !== count) return null;
  const data = /** @type {Float32Array} */ (scores.data);
  if (scores.shape.length === 1) return [data];
  return Array.from({ length: scores.shape[0] }, (_, i) =>
    data.subarray(i * count, (i + 1) * count),
  );
}

/**
 * @param {Float32Array} scores
 * @param {Int32Array} map unit of each score
 */
export function summed(scores, map) {
  const sums = new Float64Array(map.length ? map[map.length - 1] + 1 : 0);
  for (let index = 0; index < map.length; index++) sums[map[index]] += scores[index];
  return Float32Array.from(sums);
}

/**
 * Units as tokens of a coarser kind.
 * @param {Tokens} tokens the model's own
 * @param {Int32Array | null} parts unit of each of them
 * @returns {Units}
 */
export function unitsOf(tokens, parts) {
  const count = tokens.text.length;
  if (!parts)
    return { tokens, parts, first: [...tokens.text.keys()], size: new Array(count).fill(1) };
  /** @type {number[]} */
  const first = [];
  /** @type {number[]} */
  const size = [];
  for (let token = 0; token < count; token++) {
    if (size[parts[token]] === undefined) [first[parts[token]], size[parts[token]]] = [token, 0];
    size[parts[token]] += 1;
  }
  const chars = characters(tokens);
  const last = first.map((from, unit) => from + size[unit] - 1);
  const end = first.map((from, unit) => Math.max(...tokens.end.slice(from, last[unit] + 1)));
  /** @template T @param {T[]} column @param {(unit: number) => T} several */
  const merged = (column, several) =>
    first.map((from, unit) => (size[unit] === 1 ? column[from] : several(unit)));
  const text = (/** @type {number} */ unit) =>
    chars.slice(tokens.start[first[unit]], end[unit]).join("");
  const firsts = (/** @type {any[] | null} */ column) =>
    column && first.map((from) => column[from]);
  return {
    first,
    size,
    parts,
    tokens: {
      text: merged(tokens.text, text),
      kind: merged(tokens.kind, () => "text"),
      raw: merged(tokens.raw, () => ""),
      id: first.map((from) => tokens.id[from]),
      word: first.map((from) => tokens.word[from]),
      role: firsts(tokens.role),
      segment: firsts(tokens.segment),
      start: first.map((from) => tokens.start[from]),
      end,
      whole: merged(tokens.whole, () => null),
    },
  };
}

/** The text, character by character as Python counts them. @param {Tokens} tokens */
function characters({ text, kind, start, end, whole }) {
  /** @type {string[]} */
  const chars = [];
  for (let token = 0; token < text.length; token++) {
    if (start[token] === end[token]) continue;
    const own = kind[token] === "bytes" ? (whole[token] ?? "") : text[token];
    let place = start[token];
    for (const char of own) chars[place++] = char;
  }
  return chars;
}

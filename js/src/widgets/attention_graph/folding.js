/**
 * Chat turns, or the texts of a pair, as one row each: as a key a turn receives the sum over its
 * tokens, as a query it gives their mean.
 */

import { AttentionData } from "../../attention/data.js";
import { runs } from "../../attention/text.js";

/** @typedef {import("../../core/types").Tokens} Tokens */

/**
 * @typedef {object} Fold
 * @property {Folded} tokens one a row
 * @property {Uint32Array} rowOf each token
 * @property {Uint32Array} from first token of each row
 * @property {Uint32Array} size tokens of each row
 */

/** Tokens of which some stand for several. @typedef {Tokens & {fold: {of: number, from: Uint32Array, size: Uint32Array}}} Folded */

/**
 * Null when nothing is to be folded.
 * @param {Tokens} tokens
 * @param {number[]} collapsed numbers of runs
 * @returns {Fold | null}
 */
export function foldOf(tokens, collapsed) {
  const chosen = runs(tokens).filter(({ from, to }, i) => collapsed.includes(i) && to - from > 1);
  if (chosen.length === 0) return null;
  const starts = new Map(chosen.map((run) => [run.from, run]));
  /** @type {number[]} */
  const from = [];
  /** @type {number[]} */
  const size = [];
  /** @type {string[]} */
  const text = [];
  for (let i = 0; i < tokens.text.length; i += size[size.length - 1]) {
    const run = starts.get(i);
    from.push(i);
    size.push(run ? run.to - run.from : 1);
    text.push(run ? `${run.name}, ${run.to - run.from} tokens` : tokens.text[i]);
  }
  const rowOf = new Uint32Array(tokens.text.length);
  for (let row = 0; row < from.length; row++) rowOf.fill(row, from[row], from[row] + size[row]);
  const several = (/** @type {number} */ row) => size[row] > 1;
  const fold = {
    of: tokens.text.length,
    from: Uint32Array.from(from),
    size: Uint32Array.from(size),
  };
  const firsts = Object.entries(tokens).map(([name, list]) => [
    name,
    list && from.map((i) => list[i]),
  ]);
  return {
    tokens: {
      .../** @type {Tokens} */ (Object.fromEntries(firsts)),
      text,
      kind: from.map((i, row) => (several(row) ? "text" : tokens.kind[i])),
      fold,
    },
    rowOf,
    from: fold.from,
    size: fold.size,
  };
}

/**
 * 1 for every row whose tokens are all marked, or of which some are.
 * @param {Fold | null} fold
 * @param {Uint8Array} marked
 * @param {"every" | "some"} [how]
 */
export function foldMask(fold, marked, how = "every") {
  if (!fold) return marked;
  return Uint8Array.from(fold.from, (from, row) =>
    marked.subarray(from, from + fold.size[row])[how]((one) => one === 1) ? 1 : 0,
  );
}

/**
 * The weights between rows, of one layer and some heads. Tokens that take no part count neither
 * into a sum nor into a mean; of data that have only the strongest edges, the rest counts as 0.
 * @param {AttentionData} data
 * @param {number} layer
 * @param {number[]} heads
 * @param {Fold} fold
 * @param {{query: Uint8Array, key: Uint8Array}} out 1 for tokens that take no part
 */
export function foldData(data, layer, heads, fold, out) {
  const count = fold.from.length;
  const values = new Float32Array(heads.length * count * count);
  const scale = new Float32Array(heads.length * count).fill(1);
  heads.forEach((head, place) => {
    for (let row = 0; row < count; row++) {
      const at = place * count + row;
      const into = values.subarray(at * count, (at + 1) * count);
      let taken = 0;
      for (let q = fold.from[row]; q < fold.from[row] + fold.size[row]; q++) {
        if (out.query[q]) continue;
        if (data.isBroken(layer, head, q)) scale[at] = Number.NaN;
        taken += 1;
        addRow(into, data.row(layer, head, q), fold.rowOf, out.key);
      }
      if (taken > 1) scale[at] /= taken;
    }
  });
  return new AttentionData(
    { layers: [layer], heads },
    [1, heads.length, count],
    count,
    values,
    scale,
  );
}

/** @param {Float32Array} into @param {import("../../attention/data.js").Row} row @param {Uint32Array} rowOf @param {Uint8Array} out */
function addRow(into, { values, columns, scale }, rowOf, out) {
  for (let i = 0; i < values.length; i++) {
    const key = columns ? columns[i] : i;
    if (!out[key]) into[rowOf[key]] += values[i] * scale;
  }
}

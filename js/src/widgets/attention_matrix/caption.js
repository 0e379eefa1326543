/** What the picture encodes, where its colour ends, what is pooled and what is missing, in words. */

import { count, number } from "../../core/format.js";

/** @typedef {import("./types").Matrix} Matrix */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").State} State */
/** @typedef {import("../../heat/paint.js").Look} Look */

const UNITS = { token: "token", word: "word", sentence: "sentence", turn: "turn" };

/**
 * @param {object} facts
 * @param {Matrix} facts.matrix
 * @param {Figure} facts.figure
 * @param {State} facts.state
 * @param {Look} facts.look
 * @param {{rows: number, columns: number, missing: boolean}} facts.blocks drawn now
 * @param {boolean} facts.alone whether nobody can send more
 */
export function captionText({ matrix, figure, state, look, blocks, alone }) {
  return [
    figure.note,
    encoding(matrix, figure),
    pooled(matrix),
    ends(state, matrix, look),
    blocksText(matrix, blocks, alone),
    matrix.causal ? "Hatched: keys that come after the query, which it cannot see." : "",
    broken(matrix),
  ]
    .filter(Boolean)
    .join(" ");
}

/** What a weight is, in a legend. @param {Figure} figure */
export const quantity = (figure) => {
  const unit = figure.unit ?? "share";
  if (unit !== "share") return unit;
  return figure.signed ? "difference of shares of attention" : "share of the query’s attention";
};

/** @param {Matrix} matrix @param {Figure} figure */
function encoding({ heads, pool }, figure) {
  const which = heads.length > 1 ? `the mean of ${heads.length} heads` : `head ${heads[0]}`;
  const one = UNITS[pool];
  const what = figure.unit && figure.unit !== "share" ? figure.unit : "weight";
  return `A cell is the ${what} from a ${one} (row, query) to a ${one} (column, key), ${which}.`;
}

/** @param {Matrix} matrix */
function pooled({ pool }) {
  if (pool === "token") return "";
  return `From ${UNITS[pool]} Q to ${UNITS[pool]} K: the mean over the queries in Q of the sum over the keys in K, so rows keep their sum.`;
}

/** @param {State} state @param {Matrix} matrix @param {Look} look */
function ends({ scale }, { signed, heads }, look) {
  const most = signed ? "largest weight without its sign" : "largest weight";
  const whose = heads.length > 1 ? "of this mean" : "of this head";
  if (scale === "row")
    return `Colour ends at each row’s own ${most}; rows that share a block, at the largest of theirs.`;
  if (scale === "global") return "Colour ends at 1, the same for every head and layer.";
  const top = `the ${most} ${whose}, ${number(look.high, 2)}`;
  if (scale === "log") {
    return `Colour is logarithmic, from ${number(look.low, 2)} (what is less looks like 0) to ${top}.`;
  }
  return `Colour ends at ${top}.`;
}

/** @param {Matrix} matrix @param {{rows: number, columns: number, missing: boolean}} blocks @param {boolean} alone */
function blocksText({ signed, level }, { rows, columns, missing }, alone) {
  if (rows === 1 && columns === 1) return "";
  const most = signed ? "largest weight without its sign" : "largest weight";
  const size = `${count(rows)} × ${count(columns)}`;
  const shown = `At this zoom a point is the ${most} of ${size} (max-pooled)`;
  if (!missing) return `${shown}; zoom in for each.`;
  if (alone)
    return `${shown}: single weights are not in this page (blocks of ${2 ** level} × ${2 ** level} are).`;
  return `${shown}; finer ones are on their way.`;
}

/** @param {Matrix} matrix */
function broken({ broken: rows, rows: all, pool }) {
  if (rows === 0) return "";
  const one = UNITS[pool];
  const who = rows === 1 ? `One ${one}` : `${count(rows)} ${one}s`;
  return `${who} of ${count(all)} in wide hatching: the weights are not numbers.`;
}

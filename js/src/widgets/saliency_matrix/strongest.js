/** The strongest input of each row, and whether together they follow an order: the diagonal. */

/** @typedef {import("./types").Grid} Grid */
/** @typedef {import("./types").Strongest} Strongest */

/** So few rows have some order by chance. */
const FEW = 5;

/**
 * The strongest is the largest without its sign; special tokens stand back.
 * @param {Grid} grid
 * @returns {Strongest}
 */
export function strongestOf({ rows, units, input }) {
  const { kind } = units.tokens;
  const written = [...Array(input).keys()].filter((column) => kind[column] !== "special");
  const among = written.length > 0 ? written : [...Array(input).keys()];
  const columns = rows.map(({ scores }) => {
    let best = -1;
    for (const column of among) {
      const size = Math.abs(scores[column]);
      if (Number.isFinite(size) && size > (best < 0 ? 0 : Math.abs(scores[best]))) best = column;
    }
    return best;
  });
  const marked = [...columns.keys()].filter((row) => columns[row] >= 0);
  const correlation = rankCorrelation(
    marked,
    marked.map((row) => columns[row]),
  );
  return { columns, correlation, chance: 1.96 / Math.sqrt(Math.max(1, marked.length - 1)) };
}

/**
 * Spearman's: the correlation of the ranks, ties at their mean rank.
 * @param {number[]} a
 * @param {number[]} b
 * @returns {number | null} null when one of them does not vary
 */
export function rankCorrelation(a, b) {
  const [x, y] = [ranks(a), ranks(b)];
  const middle = (a.length + 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    xy += (x[i] - middle) * (y[i] - middle);
    xx += (x[i] - middle) ** 2;
    yy += (y[i] - middle) ** 2;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : null;
}

/** @param {number[]} values */
function ranks(values) {
  const order = [...values.keys()].sort((i, j) => values[i] - values[j]);
  const found = new Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to]] === values[order[from]]) to += 1;
    for (let i = from; i < to; i++) found[order[i]] = (from + to + 1) / 2;
    from = to;
  }
  return found;
}

/**
 * What the marks say, in words; only as much as the numbers bear.
 * @param {Strongest} strongest
 * @param {(column: number) => string} name
 */
export function strongestWords({ columns, correlation, chance }, name) {
  const marked = columns.filter((column) => column >= 0);
  if (marked.length === 0) return "No row has an input that stands out.";
  const parts = ["Outlined: the strongest input of each row."];
  const top = mostCommon(marked);
  if (marked.length > 2 && top.count > marked.length / 2) {
    parts.push(`${top.count} of ${marked.length} rows have the same one, ${name(top.value)}.`);
  }
  if (marked.length < FEW) parts.push("So few rows cannot tell an order.");
  else if (correlation !== null) parts.push(orderWords(correlation, chance, marked.length));
  return parts.join(" ");
}

/** @param {number} correlation @param {number} chance @param {number} count */
function orderWords(correlation, chance, count) {
  const figure = correlation.toFixed(2).replace("-", "−");
  if (Math.abs(correlation) <= chance) {
    return `They follow no clear order: rank correlation ${figure}, and chance alone reaches ±${chance.toFixed(2)} with ${count} rows.`;
  }
  return correlation > 0
    ? `They move along with the answer, from the top left to the bottom right: rank correlation ${figure} (1: exactly the same order).`
    : `They run against the answer, from the top right to the bottom left: rank correlation ${figure} (−1: exactly the reverse order).`;
}

/** @param {number[]} values */
function mostCommon(values) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [value, count] = [...counts].sort((a, b) => b[1] - a[1])[0];
  return { value, count };
}

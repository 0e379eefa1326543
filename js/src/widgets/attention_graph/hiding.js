/** What hidden and filtered tokens hold, and the rows without it: exact, or said to be a bound. */

/** @typedef {import("../../attention/data.js").AttentionData} AttentionData */
/** @typedef {import("../../attention/sums.js").Sums} Sums */
/** @typedef {{data: AttentionData, sums: Sums | null, layer: number, heads: number[]}} Source */
/** @typedef {{share: number, exact: boolean}} Held mean over rows that are numbers; not exact: at least that */

/** A row with less than this left has nothing that could be made 1 of. The same as in Python. */
const NOTHING = 5e-4;

/** How much a row gives to some keys. @param {Source} source @param {Uint8Array} keys */
function reader({ data, sums, layer, heads }, keys) {
  const known = data.offsets && sums?.covers(layer, heads) ? sums.reader(layer, keys) : null;
  return {
    exact: !data.offsets || known !== null,
    of:
      known ??
      ((/** @type {number} */ head, /** @type {number} */ query) =>
        data.rowMass(layer, head, query, keys)),
  };
}

/**
 * @param {Source} source
 * @param {Uint8Array} keys 1 for the keys that count
 * @param {Uint8Array} [without] 1 for queries that do not
 * @returns {Held}
 */
export function heldBy(source, keys, without) {
  const { data, layer, heads } = source;
  const { of, exact } = reader(source, keys);
  let sum = 0;
  let rows = 0;
  for (const head of heads) {
    for (let query = 0; query < data.queries; query++) {
      if (without?.[query] || data.isBroken(layer, head, query)) continue;
      sum += of(head, query);
      rows += 1;
    }
  }
  return { share: rows ? sum / rows : 0, exact };
}

/**
 * Every row divided by what hidden keys leave; null when that is not known exactly.
 * @param {Source} source
 * @param {Uint8Array} hidden 1 for hidden keys
 * @returns {{data: AttentionData, empty: Uint8Array, factor: (head: number, query: number) => number} | null}
 *   empty: 1 for the queries that have nothing left in one of the heads
 */
export function renormalised(source, hidden) {
  const { data, layer, heads } = source;
  const { of, exact } = reader(
    source,
    hidden.map((one) => 1 - one),
  );
  if (!exact) return null;
  const factors = new Float32Array(data.scale.length).fill(1);
  const empty = new Uint8Array(data.queries);
  for (const head of heads) {
    for (let query = 0; query < data.queries; query++) {
      const left = of(head, query);
      const nothing = left < NOTHING;
      factors[data.rowIndex(layer, head, query)] = nothing ? 0 : 1 / left;
      if (nothing) empty[query] = 1;
    }
  }
  return {
    data: data.scaledBy(factors),
    empty,
    factor: (head, query) => factors[data.rowIndex(layer, head, query)],
  };
}

/** Everything that is known of one head, put together from what was sent. */

import { Details } from "./thumbnails.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./heatmap.js").Cells} Cells */

/**
 * @param {Store} store
 * @param {number} index of the thumbnail
 * @returns {import("./tips.js").Known}
 */
export function known(store, index) {
  const { thumbnails, statistics, types, figure } = store;
  const [layer, head] = thumbnails?.heads[index] ?? [0, 0];
  return {
    layer: String(figure.layer_numbers[layer] ?? layer),
    head,
    types: (types.labels?.[index] ?? []).map((name, i) => [
      name,
      types.scores[index]?.[i] ?? Number.NaN,
    ]),
    statistics: (statistics?.names ?? []).map((name) => [
      name,
      statistics?.of(name)?.[index] ?? Number.NaN,
    ]),
  };
}

/**
 * The best there is of a head: every weight, else its thumbnail.
 * @param {Store} store
 * @param {number} index
 * @returns {Cells | null}
 */
export function cellsOf(store, index) {
  const { thumbnails, details, figure } = store;
  if (!thumbnails || index < 0) return null;
  const [layer, head] = thumbnails.heads[index];
  const place = details instanceof Details ? details.find(layer, head) : -1;
  if (details && place >= 0) {
    return {
      rows: details.rows,
      columns: details.columns,
      block: details.block,
      largest: thumbnails.largest[index],
      exact: true,
      weight: (row, column) => details.weight(place, row, column),
    };
  }
  const bytes = thumbnails.of(index);
  return {
    rows: thumbnails.rows,
    columns: thumbnails.columns,
    block: thumbnails.block,
    largest: thumbnails.largest[index],
    exact: false,
    weight: (row, column) =>
      thumbnails.weight(index, bytes[row * thumbnails.columns + column], figure.signed),
  };
}

/** What the weights of the large head are. @param {Cells | null} cells @param {boolean} alone */
export function sourceWords(cells, alone) {
  if (!cells) return "";
  const [rows, columns] = cells.block;
  const pooled = rows * columns > 1;
  if (cells.exact)
    return pooled
      ? `Each cell: the largest of ${rows} × ${columns} weights.`
      : "Every weight is here: hover a cell to read it.";
  const small = pooled
    ? `Each cell: the largest of ${rows} × ${columns} weights`
    : "Weights to two digits";
  return `${small}${alone ? "; this page holds no more of this head." : "."}`;
}

/** How the width is shared between labels and cells. */

import { clamp } from "../../core/format.js";
import { BAND, longest } from "./labels.js";
import { plotSize } from "./viewport.js";

/** @typedef {import("./types").Matrix} Matrix */

const MARGIN = 10;
/** More rows may share a block, whose label is a range of numbers. */
const MANY = 512;
/** Of the whole width, and pixels, at most for labels. */
const LABEL = { share: 0.27, most: 128, above: 96 };

/**
 * Where the cells are: beside labels as long as they need, at most a part of the width.
 * @param {Matrix} matrix
 * @param {number} available pixels
 */
export function roomFor(matrix, available) {
  const { query, key, rows, columns } = matrix;
  const most = clamp(available * LABEL.share, 56, LABEL.most);
  const side = Math.max(rows > MANY ? Math.min(most, 72) : 36, longest(query, most));
  const above = longest(key, LABEL.above);
  const left = side + 10 + (query.bands.length > 0 ? BAND : 0);
  const { width, height } = plotSize(rows, columns, Math.max(40, available - left - MARGIN));
  const turned = above + 6 > width / columns;
  const top = (turned ? Math.max(44, above + 10) : 26) + (key.bands.length > 0 ? BAND : 0);
  return { room: { left, top, width, height, rows, columns, turned }, side, above };
}

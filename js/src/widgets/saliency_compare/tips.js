/** What the tooltip says about a unit: its score and rank in every method. */

import { div, h, span } from "../../core/dom.js";
import { tokenElement } from "../../core/tokens.js";
import { rankWords, scoreWords, shareWords } from "../../saliency/words.js";

/** @typedef {import("./types").Row} Row */
/** @typedef {import("./types").Units} Units */

/** @param {Units} units @param {Row[]} rows @param {number} unit */
export function allScores({ tokens, size }, rows, unit) {
  return div(
    "lmw-details",
    div(
      "lmw-details-head",
      span("lmw-details-name", tokenElement(tokens, unit, { compact: true })),
      size[unit] > 1 ? span("lmw-muted", `${size[unit]} tokens`) : null,
    ),
    h(
      "table",
      { class: "lmw-compare-tip" },
      rows.map(({ label, measured }) =>
        h(
          "tr",
          null,
          h("th", { scope: "row" }, label),
          h("td", null, scoreWords(measured, unit, 4)),
          h("td", null, measured.rank[unit] ? rankWords(measured, unit) : "–"),
          h("td", { class: "lmw-muted" }, measured.rank[unit] ? shareWords(measured, unit) : ""),
        ),
      ),
    ),
  );
}

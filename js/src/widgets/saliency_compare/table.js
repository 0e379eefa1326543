/** The same numbers as a table: a row a unit, a column a method. */

import { h, replace } from "../../core/dom.js";
import { tokenElement, tokenName } from "../../core/tokens.js";
import { scoreWords } from "../../saliency/words.js";

/** @typedef {import("./types").Row} Row */
/** @typedef {import("./types").Units} Units */

export function scoreTable() {
  const head = h("tr", null);
  const body = h("tbody", null);
  const element = h(
    "div",
    { class: "lmw-table", tabindex: "0", role: "region", "aria-label": "Table of scores" },
    h("table", null, h("thead", null, head), body),
  );
  return {
    element,
    /** @param {Units} units @param {Row[]} rows */
    draw(units, rows) {
      replace(
        head,
        h("th", { scope: "col" }, "#"),
        h("th", { scope: "col", class: "lmw-col-token" }, "Token"),
        rows.map(({ label, unit }) => h("th", { scope: "col" }, label, h("br", null), `(${unit})`)),
      );
      replace(
        body,
        units.tokens.text.map((_, i) =>
          h(
            "tr",
            null,
            h("td", null, i + 1),
            h(
              "th",
              { class: "lmw-col-token", scope: "row" },
              tokenElement(units.tokens, i, { compact: true }),
            ),
            rows.map(({ measured }) => h("td", null, scoreWords(measured, i, 4))),
          ),
        ),
      );
    },
  };
}

/**
 * Tab-separated text for the clipboard.
 * @param {Units} units
 * @param {Row[]} rows
 */
export function asText(units, rows) {
  const head = ["position", "token", ...rows.map(({ name }) => name)];
  const lines = units.tokens.text.map((_, i) => [
    i + 1,
    tokenName(units.tokens, i),
    ...rows.map(({ measured }) => measured.scores[i]),
  ]);
  return [head, ...lines].map((cells) => cells.join("\t")).join("\n");
}

/** The numbers as a table: every cell where there are few, else the strongest of each row. */

import { h, replace } from "../../core/dom.js";
import { percent } from "../../core/format.js";
import { tokenElement, tokenName } from "../../core/tokens.js";
import { scoreWords } from "../../saliency/words.js";
import { rowName } from "./axes.js";

/** @typedef {import("./types").Grid} Grid */
/** @typedef {import("./types").Measure} Measure */
/** @typedef {(row: number | null) => Measure} Measures */

const MOST_CELLS = 3000;
const STRONGEST = 10;

export function tableView() {
  const element = h("div", {
    class: "lmw-table",
    tabindex: "0",
    role: "region",
    "aria-label": "Table of contributions",
    hidden: true,
  });
  /** @type {unknown[]} */
  let drawn = [];
  return {
    element,
    /** @param {Grid} grid @param {Measures} measured @param {string} unit */
    draw(grid, measured, unit) {
      if (drawn[0] === grid && drawn[1] === unit) return;
      drawn = [grid, unit];
      const all = grid.rows.length * grid.columns <= MOST_CELLS;
      const head = all
        ? Array.from({ length: grid.columns }, (_, column) => columnHead(grid, column))
        : Array.from({ length: STRONGEST }, (_, i) => h("th", { scope: "col" }, `${i + 1}.`));
      const what = all ? "Score of each cell" : `The ${STRONGEST} strongest of each row`;
      replace(
        element,
        h(
          "table",
          null,
          h("caption", null, `${what} (${unit})`),
          h(
            "thead",
            null,
            h(
              "tr",
              null,
              h("th", { scope: "col" }, "written"),
              h("th", { scope: "col" }, "probability"),
              head,
            ),
          ),
          h(
            "tbody",
            null,
            grid.rows.map((_, row) => rowElement(grid, row, measured(row), all)),
          ),
        ),
      );
    },
  };
}

/** @param {Grid} grid @param {number} column */
function columnHead(grid, column) {
  return h(
    "th",
    { scope: "col", class: column === grid.input ? "lmw-col-apart" : null },
    plainToken(grid, column),
  );
}

/** @param {Grid} grid @param {number} unit */
function plainToken(grid, unit) {
  const element = tokenElement(grid.units.tokens, unit, { compact: true });
  delete element.dataset.token; // it is no token of the text
  return element;
}

/** @param {Grid} grid @param {number} row @param {Measure} measured @param {boolean} all */
function rowElement(grid, row, measured, all) {
  const { exact, unit, until, probability } = grid.rows[row];
  const cells = all
    ? Array.from({ length: grid.columns }, (_, column) =>
        h(
          "td",
          { class: column === grid.input ? "lmw-col-apart" : null },
          column < until ? scoreWords(measured, column, 2) : "",
        ),
      )
    : measured.order
        .slice(0, STRONGEST)
        .map((column) =>
          h(
            "td",
            null,
            plainToken(grid, column),
            h("span", { class: "lmw-muted" }, ` ${scoreWords(measured, column, 2)}`),
          ),
        );
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, exact ? plainToken(grid, unit) : rowName(grid, row)),
    h("td", null, probability === null ? "–" : percent(probability)),
    cells,
  );
}

/**
 * Tab-separated text for the clipboard; cells that had not been written yet are empty.
 * @param {Grid} grid
 * @param {string} unit
 */
export function asText(grid, unit) {
  const names = Array.from({ length: grid.columns }, (_, column) =>
    tokenName(grid.units.tokens, column),
  );
  const rows = grid.rows.map(({ scores, until, probability }, row) =>
    [
      rowName(grid, row),
      probability ?? "",
      ...names.map((_, column) => (column < until ? scores[column] : "")),
    ].join("\t"),
  );
  return [`written (${unit})\tprobability\t${names.join("\t")}`, ...rows].join("\n");
}

/** The numbers beside the picture: the pinned row or column, else the strongest cells. */

import { h, replace, span } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { exact } from "./tips.js";

/** @typedef {import("./types").Matrix} Matrix */
/** @typedef {import("./types").Axis} Axis */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").Strong} Strong */
/** @typedef {{row: number | null, column: number | null}} Pinned */

const ROWS = 50;
/** Of so many cells the whole matrix is copied. */
const COPIED = 10_000;

/**
 * The cells of a pinned row or column, the strongest first; null when they are not all here.
 * @param {Matrix} matrix
 * @param {Pinned} pinned
 * @param {{number: number, row: number, weights: ArrayLike<number>} | null} sent
 * @returns {Strong[] | null}
 */
export function lineOf(matrix, { row, column }, sent) {
  const { rows, columns, level, cells, number } = matrix;
  /** @type {Strong[]} */
  let found;
  if (row !== null && level === 0) {
    const start = row * columns;
    found = Array.from({ length: columns }, (_, i) => ({
      row,
      column: i,
      weight: cells.values[start + i],
    }));
  } else if (row !== null) {
    if (sent?.number !== number || sent.row !== row) return null;
    found = Array.from(sent.weights, (weight, i) => ({ row, column: i, weight }));
  } else if (column !== null && level === 0) {
    found = Array.from({ length: rows }, (_, i) => ({
      row: i,
      column,
      weight: cells.values[i * columns + column],
    }));
  } else return null;
  return found
    .filter(({ weight }) => weight !== 0 && !Number.isNaN(weight))
    .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
}

/** @typedef {{matrix: Matrix, figure: Figure, pinned: Pinned, line: Strong[] | null}} Shown */

/**
 * @param {HTMLElement} root
 * @param {{onGo: (cell: Strong) => void}} on
 */
export function weightsTable(root, { onGo }) {
  const element = h("aside", {
    class: "lmw-details",
    "aria-label": "Table of weights",
    tabindex: "0",
  });
  /** @type {Shown | null} */
  let shown = null;
  const visible = () => getComputedStyle(element).display !== "none";

  function refresh() {
    if (!visible()) return;
    if (!shown) return replace(element);
    const { matrix, figure, pinned, line } = shown;
    const cells = (line ?? matrix.strongest).slice(0, ROWS);
    const high = Math.max(...cells.map(({ weight }) => Math.abs(weight)), 0);
    const columns = line ? [pinned.row === null ? "query" : "key"] : ["query", "key"];
    const row = (/** @type {Strong} */ cell) =>
      h(
        "tr",
        null,
        columns.map((side, i) =>
          named(side === "query" ? matrix.query : matrix.key, cell, i === 0),
        ),
        h(
          "td",
          { class: "lmw-num" },
          h("i", {
            class: "lmw-bar",
            style: { width: `${(100 * Math.abs(cell.weight)) / (high || 1)}%` },
          }),
          go(cell, figure),
        ),
      );
    const left = line ? line.length - cells.length : 0;
    replace(
      element,
      h(
        "table",
        { class: "lmw-table" },
        h("caption", null, titleOf(shown)),
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            [...columns, "weight"].map((name) => h("th", { scope: "col" }, name)),
          ),
        ),
        h("tbody", null, cells.map(row)),
      ),
      left > 0 ? h("p", { class: "lmw-muted" }, `and ${count(left)} more`) : null,
      cells.length === 0 ? h("p", { class: "lmw-muted" }, "No weights.") : null,
    );
  }

  /** @param {Axis} axis @param {Strong} cell @param {boolean} first */
  function named(axis, cell, first) {
    const index = axis.side === "query" ? cell.row : cell.column;
    const attrs = { class: "lmw-table-token", dir: "auto" };
    const content = [h("bdi", null, axis.name(index)), span("lmw-index", count(index))];
    return first ? h("th", { ...attrs, scope: "row" }, content) : h("td", attrs, content);
  }

  /** @param {Strong} cell @param {Figure} figure */
  function go(cell, figure) {
    return h(
      "button",
      { class: "lmw-go", title: "Show this cell", onclick: () => onGo(cell) },
      exact(cell.weight, figure),
    );
  }

  return {
    element,
    visible,
    /** @param {Shown | null} next */
    show(next) {
      shown = next;
      refresh();
    },
    /** @returns {boolean} whether it is open now */
    toggle() {
      const open = !visible();
      root.dataset.lmwDetails = open ? "open" : "closed";
      refresh();
      return open;
    },
    refresh,
    /** Tab-separated: the pinned row or column, else the whole matrix while small, else its strongest cells. */
    copyText() {
      if (!shown) return null;
      const { matrix, line } = shown;
      const value = (/** @type {number} */ weight) => String(Number(weight.toPrecision(4)));
      if (!line && matrix.level === 0 && matrix.rows * matrix.columns <= COPIED) {
        const names = Array.from({ length: matrix.columns }, (_, i) => matrix.key.name(i));
        const lines = [["query \\ key", ...names].join("\t")];
        for (let row = 0; row < matrix.rows; row++) {
          const start = row * matrix.columns;
          const numbers = [...matrix.cells.values.subarray(start, start + matrix.columns)].map(
            value,
          );
          lines.push([matrix.query.name(row), ...numbers].join("\t"));
        }
        return lines.join("\n");
      }
      const lines = ["query\tindex\tkey\tindex\tweight"];
      for (const { row, column, weight } of line ?? matrix.strongest) {
        const names = [matrix.query.name(row), row, matrix.key.name(column), column];
        lines.push([...names, value(weight)].join("\t"));
      }
      return lines.join("\n");
    },
  };
}

/** @param {{matrix: Matrix, pinned: Pinned, line: Strong[] | null}} shown */
function titleOf({ matrix, pinned, line }) {
  const name = (/** @type {Axis} */ axis, /** @type {number} */ index) =>
    h("bdi", { class: "lmw-details-token" }, axis.name(index));
  if (!line) return h("span", null, span("lmw-details-token", "Strongest cells"));
  if (pinned.row !== null) {
    return h("span", null, name(matrix.query, pinned.row), span("lmw-muted", " attends to"));
  }
  const verb = span("lmw-muted", " is attended to by");
  return h("span", null, name(matrix.key, pinned.column ?? 0), verb);
}

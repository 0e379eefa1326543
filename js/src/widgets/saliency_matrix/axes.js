/** The labels of rows and columns: tokens as text, turned above the columns, moved with the cells. */

import { div, h, replace, span } from "../../core/dom.js";
import { clamp } from "../../core/format.js";
import { tokenElement, tokenName } from "../../core/tokens.js";
import { edge, GAP, HEADING } from "./layout.js";

/** @typedef {import("./types").Grid} Grid */
/** @typedef {import("./types").Layout} Layout */

/** One character, or such as are not turned: they stand upright where there is room. */
const SIGN = /^(.|[\u2e80-\u{1ffff}]+)$/u;
/** Room between two headings above the columns. */
const APART = 8;
/** Longest label of a row that has no token to show. */
const LONGEST = 60;

const pen = /** @type {CanvasRenderingContext2D} */ (
  document.createElement("canvas").getContext("2d")
);

/** @param {string} text @param {number} size */
function widthOf(text, size) {
  pen.font = `${size}px system-ui, "Segoe UI", "Noto Sans", sans-serif`;
  return pen.measureText(text).width;
}

/** The name of a row in plain words. @param {Grid} grid @param {number} row */
export function rowName(grid, row) {
  const { exact, unit, label } = grid.rows[row];
  if (exact) return tokenName(grid.units.tokens, unit, LONGEST);
  return label.length > LONGEST ? `${label.slice(0, LONGEST)}…`.trim() : label.trim() || label;
}

/** Widest labels, in pixels: what the layout makes room for. @param {Grid} grid */
export function labelWidths(grid) {
  let [row, column] = [0, 0];
  grid.rows.forEach((_, i) => {
    row = Math.max(row, widthOf(rowName(grid, i), 13));
  });
  for (let i = 0; i < Math.min(grid.columns, 400); i++) {
    column = Math.max(column, widthOf(tokenName(grid.units.tokens, i, LONGEST), 12));
  }
  return { row, column };
}

export function axes() {
  const rowsInner = div("lmw-rows-inner");
  const rows = div("lmw-matrix-rows", rowsInner);
  const columnsInner = div("lmw-columns-inner");
  const flag = div("lmw-column-flag");
  const columns = div("lmw-matrix-columns", columnsInner, flag);
  const corner = div(
    "lmw-matrix-corner",
    span("lmw-axis", "read →"),
    span("lmw-axis", "written ↓"),
  );
  const element = h(
    "div",
    { class: "lmw-matrix-axes", "aria-hidden": "true" },
    corner,
    rows,
    columns,
  );
  /** @type {HTMLElement[]} */
  let rowLabels = [];
  /** @type {HTMLElement[]} */
  let columnLabels = [];
  /** @type {{element: HTMLElement, from: number, to: number}[]} */
  let headings = [];
  /** @type {Grid | null} */
  let shown = null;
  /** @type {Layout | null} */
  let layout = null;
  /** @type {[HTMLElement, string][]} */
  let lit = [];
  /** Column whose flag stands. @type {number | null} */
  let flagged = null;

  /** @param {Grid} grid @param {Layout} now */
  function drawRows(grid, now) {
    rowLabels = grid.rows.map(({ exact, unit }, row) => {
      const name = exact
        ? tokenElement(grid.units.tokens, unit, { compact: true })
        : h("span", { class: "lmw-token lmw-token-compact", dir: "auto" }, rowName(grid, row));
      delete name.dataset.token;
      return h(
        "div",
        {
          class: "lmw-row-label",
          style: { top: `${row * now.height}px`, height: `${now.height}px` },
        },
        name,
      );
    });
    rowsInner.replaceChildren(...rowLabels);
  }

  /** @param {Grid} grid @param {Layout} now */
  function drawColumns(grid, now) {
    columnLabels = now.labelled
      ? Array.from({ length: grid.columns }, (_, column) => columnLabel(grid, now, column))
      : [];
    headings = [
      heading("input", 0, edge(now, now.input) - (grid.columns > grid.input ? GAP : 0)),
      ...(grid.columns > grid.input
        ? [heading("answer so far", edge(now, now.input), edge(now, grid.columns))]
        : []),
    ];
    columnsInner.replaceChildren(...columnLabels, ...headings.map((one) => one.element));
  }

  return {
    element,
    /** @param {Grid} grid @param {Layout} now */
    draw(grid, now) {
      if (shown === grid && layout?.cell === now.cell && layout.labelled === now.labelled) {
        layout = now;
        return place(now);
      }
      [shown, layout, lit] = [grid, now, []];
      place(now);
      drawRows(grid, now);
      drawColumns(grid, now);
    },
    /** @param {number} x @param {number} y @param {number} width of what is seen of the columns */
    scroll(x, y, width) {
      rowsInner.style.transform = `translateY(${-y}px)`;
      columnsInner.style.transform = `translateX(${-x}px)`;
      let end = layout ? Math.max(width, layout.width - layout.left) : width;
      for (const { element: one, from, to } of [...headings].reverse()) {
        const wide = one.offsetWidth;
        const left = Math.min(clamp(x, from, Math.max(from, to - wide)), end - wide);
        one.style.left = `${Math.max(0, left)}px`;
        end = left - APART;
      }
      placeFlag(x, width);
    },
    /**
     * @param {{row: number | null, column: number | null, name: string}[]} spots strongest last
     * @param {number} x @param {number} width
     */
    light(spots, x, width) {
      for (const [label, name] of lit) label.classList.remove(name);
      lit = [];
      flagged = null;
      for (const { row, column, name } of spots) {
        const both = [
          row === null ? undefined : rowLabels[row],
          column === null ? undefined : columnLabels[column],
        ];
        for (const label of both.filter((one) => one !== undefined)) {
          label.classList.add(name);
          lit.push([label, name]);
        }
        flagged = column ?? flagged;
      }
      placeFlag(x, width);
    },
  };

  /** @param {Layout} now */
  function place({ left, top }) {
    corner.style.width = rows.style.width = `${left}px`;
    corner.style.height = columns.style.height = `${top}px`;
    rows.style.top = `${top}px`;
    columns.style.left = `${left}px`;
  }

  /** The name of one column where there is no room for all. @param {number} x @param {number} width */
  function placeFlag(x, width) {
    flag.hidden = !layout || layout.labelled || flagged === null || !shown;
    if (flag.hidden || !layout || !shown || flagged === null) return;
    replace(flag, tokenElement(shown.units.tokens, flagged, { compact: true }));
    const middle = edge(layout, flagged) + layout.cell / 2 - x;
    const half = flag.offsetWidth / 2;
    flag.style.left = `${clamp(middle - half, 0, Math.max(0, width - 2 * half))}px`;
  }
}

/** @param {Grid} grid @param {Layout} layout @param {number} column */
function columnLabel(grid, layout, column) {
  const name = tokenElement(grid.units.tokens, column, { compact: true });
  delete name.dataset.token;
  const text = name.textContent ?? "";
  const short = SIGN.test(text) && widthOf(text, 12) <= layout.cell - 2;
  const upright = layout.upright || short;
  const room = upright ? layout.cell - 4 : layout.top - HEADING - 5;
  return h(
    "div",
    {
      class: upright ? "lmw-column-label lmw-upright" : "lmw-column-label",
      style: { left: `${edge(layout, column) + layout.cell / 2}px` },
    },
    h("span", { style: { "max-width": `${room}px` } }, name),
  );
}

/** @param {string} words @param {number} from @param {number} to */
function heading(words, from, to) {
  return { element: div("lmw-column-heading", words), from, to };
}

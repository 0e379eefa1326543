/** What the matrix says in words: its question, its caption, one cell at a time. */

import { count, number, percent } from "../../core/format.js";
import { tokenName } from "../../core/tokens.js";
import { captionWords, quoted, scoreWords, withSign } from "../../saliency/words.js";
import { rowName } from "./axes.js";

/** @typedef {import("./types").Grid} Grid */
/** @typedef {import("./types").Spot} Spot */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").Measure} Measure */
/** @typedef {import("../../saliency/types").Described} Described */

/**
 * The figure as the words and the legend need it: of a row, or of the whole answer.
 * @param {Figure} figure
 * @param {Grid | null} grid
 * @param {number | null} row
 * @returns {Described}
 */
export function described(figure, grid, row) {
  const level = grid?.level ?? "token";
  const of = { ...figure, level, foil: null, check: null, partial: false };
  if (!grid || row === null) {
    const label = grid?.rows.map((one) => one.label).join("") || "the answer";
    return { ...of, readout: "answer", target: { id: -1, label, probability: null } };
  }
  const { steps, label, probability } = grid.rows[row];
  const single = steps[1] - steps[0] === 1;
  return {
    ...of,
    unit: unitOf(figure, grid, row),
    readout: "next token",
    target: { id: -1, label, probability },
    foil: single ? (figure.foils[steps[0]] ?? null) : null,
    check: single ? (figure.answer?.checks?.[steps[0]] ?? null) : null,
  };
}

/** The unit of a row, or of all where they have several. @param {Figure} figure @param {Grid} grid @param {number | null} row */
export function unitOf(figure, grid, row) {
  const steps = row === null ? [] : grid.rows[row].steps;
  const found = new Set(figure.answer?.units?.slice(...steps));
  return found.size === 1 ? [...found][0] : figure.unit;
}

/** Which rows are in another unit than the legend says. @param {Figure} figure @param {Grid} grid */
function otherUnits(figure, grid) {
  const units = grid.rows.map((_, row) => unitOf(figure, grid, row));
  const others = units.filter((unit) => unit !== figure.unit);
  if (others.length === 0 || others.length === units.length) return "";
  return `${others.length} of ${units.length} rows have no contrast: their unit is ${others[0]}.`;
}

/**
 * @param {Figure} figure
 * @param {Grid} grid
 * @param {Measure} cells
 * @param {{own: boolean}} now
 */
export function caption(figure, grid, cells, { own }) {
  const plain = { ...cells, beyond: new Set(), broken: [] };
  const parts = [captionWords(grid.units.tokens, plain, described(figure, grid, null))];
  const known = figure.methods.find(({ name }) => name === figure.method);
  if (grid.sums) parts.push(`A ${grid.level}'s score is the sum of its tokens.`);
  else if (grid.level !== "token" && known?.needs === "values")
    parts.push(`Each ${grid.level} was taken away as one.`);
  if (grid.rowLevel !== "token" && grid.rowLevel !== grid.level)
    parts.push(`A row is a ${grid.rowLevel} of the answer: the sum over its tokens.`);
  const others = otherUnits(figure, grid);
  if (others) parts.push(others);
  if (own) parts.push("Each row has a scale of its own: compare colours within a row only.");
  if (grid.columns > grid.input) parts.push("Blank: not written yet.");
  if (cells.beyond.size > 0)
    parts.push(`${cellsWords(cells.beyond.size, "lies", "lie")} beyond the scale (double bar).`);
  if (cells.broken.length > 0)
    parts.push(`${cellsWords(cells.broken.length, "has", "have")} no finite score (hatched).`);
  if (figure.partial) parts.push("Stopped early: rows that were not finished are missing.");
  return parts.join(" ");
}

/** @param {number} n @param {string} one @param {string} several */
function cellsWords(n, one, several) {
  return `${count(n)} ${n === 1 ? `cell ${one}` : `cells ${several}`}`;
}

/** A row as the tooltip and screen readers say it: “said”, 12 %. @param {Grid} grid @param {number} row */
export function rowWords(grid, row) {
  const { probability } = grid.rows[row];
  const sure = typeof probability === "number" ? `, written with ${percent(probability)}` : "";
  return `${quoted(rowName(grid, row))}${sure}`;
}

/**
 * What the keyboard came to.
 * @param {Grid} grid
 * @param {Spot} spot
 * @param {(row: number) => Measure} measured
 * @param {string} unit
 */
export function spotWords(grid, { row, column }, measured, unit) {
  if (row === null) return "";
  const place = `row ${row + 1} of ${grid.rows.length}, ${rowWords(grid, row)}`;
  if (column === null) return place;
  const side = column < grid.input ? "" : " of the answer";
  const name = quoted(tokenName(grid.units.tokens, column));
  const value = scoreWords(measured(row), column, 2);
  return `${name}${side}, ${value} ${unit}; ${place}, column ${column + 1} of ${grid.columns}`;
}

/**
 * The line over the text: what shades it.
 * @param {Grid} grid
 * @param {number | null} row
 * @param {Measure} measured
 * @param {string} unit
 */
export function shadedBy(grid, row, measured, unit) {
  if (row !== null) return `Shaded by what ${quoted(rowName(grid, row))} came from`;
  if (grid.rows.length === 1) return `Shaded by what ${quoted(rowName(grid, 0))} came from`;
  if (!(measured.limit > 0)) return "Shaded by the whole answer: the sum of the rows";
  const most = grid.signed ? `±${number(measured.limit)}` : number(measured.limit);
  return `Shaded by the whole answer: the sum of the rows, full shade at ${most} ${unit}`;
}

/** What a row's own tooltip says. @param {Grid} grid @param {number} row @param {string} of @param {Measure} measured */
export function rowLines(grid, row, of, measured) {
  const { value } = grid.rows[row];
  const lines = [`row ${row + 1} of ${grid.rows.length}`];
  if (Number.isFinite(value)) lines.push(`${of.replaceAll("_", "-")} ${withSign(value, 4)}`);
  const top = measured.order.slice(0, 3).map((column) => {
    return `${quoted(tokenName(grid.units.tokens, column))} ${scoreWords(measured, column, 2)}`;
  });
  if (top.length > 0) lines.push(`strongest: ${top.join(", ")}`);
  return lines;
}

/** What follows the pointer and the keyboard: marks in matrix and text, tooltips, pins. */

import { div, h } from "../../core/dom.js";
import { frames } from "../../core/frames.js";
import { tokenName } from "../../core/tokens.js";
import { details } from "../../saliency/tips.js";
import { rowOf } from "./grid.js";
import { rowLines, unitOf as rowUnit, rowWords, spotWords } from "./said.js";
import { equal } from "./stage.js";

/** @typedef {import("./types").Grid} Grid */
/** @typedef {import("./types").MatrixState} MatrixState */
/** @typedef {import("./types").Measure} Measure */
/** @typedef {import("./types").Spot} Spot */

/** A picture as it stands: nothing to point at without its grid. */
/** @typedef {{state: MatrixState | null, measured: ((row: number | null) => Measure) | null, theme: import("./types").Theme}} Now */

/**
 * @param {object} parts
 * @param {ReturnType<typeof import("./stage.js").stage>} parts.cells
 * @param {ReturnType<typeof import("./text.js").linkedText>} parts.text
 * @param {ReturnType<typeof import("../../core/tooltip.js").tooltip>} parts.tip
 * @param {ReturnType<typeof import("../../saliency/legend.js").legend>} parts.scale
 * @param {Pick<import("./types").Actions, "hover" | "pin">} parts.actions
 * @param {(words: string) => void} parts.say
 * @param {() => Now} parts.now
 */
export function pointing({ cells, text, tip, scale, actions, say, now }) {
  const jobs = frames();
  /** @type {Spot | null} */
  let hovered = null;

  /** What is pinned, as rows and columns of the level. @returns {Spot | null} */
  function pinned() {
    const { state } = now();
    if (!state?.grid) return null;
    const { grid, token, step } = state;
    const row = rowOf(grid, step);
    const column = token === null ? null : columnOf(grid, token);
    return row === null && column === null ? null : { row, column };
  }

  /** A click keeps a row, a column or a cell; the same again lets it go. @param {Spot} spot */
  function choose({ row, column }) {
    const grid = now().state?.grid;
    if (!grid) return;
    const kept = pinned();
    const step = row === null ? null : grid.rows[row].steps[0];
    const token = column === null ? null : grid.units.first[column];
    if (row === null) return actions.pin({ token: kept?.column === column ? null : token });
    if (column === null) return actions.pin({ step: kept?.row === row ? null : step, token });
    const same = kept !== null && equal(kept, { row, column });
    actions.pin(same ? { step: null, token: null } : { step, token });
  }

  function release() {
    if (pinned()) actions.pin({ step: null, token: null });
  }

  /** Tell linked widgets. @param {Grid | null | undefined} grid @param {Spot | null} spot */
  function tell(grid, spot) {
    const unit = grid && spot ? unitOf(grid, spot) : null;
    actions.hover(grid && unit !== null ? grid.units.first[unit] : null);
  }

  /** @param {Spot | null} spot @param {"keyboard"} [by] */
  function hover(spot, by) {
    const { state, measured } = now();
    const same = spot && hovered ? equal(spot, hovered) : spot === hovered;
    if (same && !by) return;
    hovered = spot;
    cells.light({ hovered, heard: null });
    text.light(spot?.column ?? null, spot?.row ?? null);
    tell(state?.grid, spot);
    pointLegend();
    jobs.next(shadeText);
    if (!spot || !state?.grid || !measured) return tip.hide();
    if (by) say(spotWords(state.grid, spot, measured, unitAt(spot.row)));
    tip.show(cells.boxOf(spot), tipOf(state.grid, spot, spot.row, state, measured));
  }

  /** @param {Spot | null} spot @param {DOMRect} [box] */
  function hoverText(spot, box) {
    const { state, measured } = now();
    hovered = null;
    cells.light({ hovered: null, heard: spot });
    tell(state?.grid, spot);
    if (!spot || !box || !state?.grid || !measured) return tip.hide();
    tip.show(box, tipOf(state.grid, spot, spot.row ?? pinned()?.row ?? null, state, measured));
  }

  function pointLegend() {
    const grid = now().state?.grid;
    const spot = hovered ?? pinned();
    const cell = grid && spot && spot.row !== null && spot.column !== null;
    scale.point(cell ? Number(spot.row) * grid.columns + Number(spot.column) : null);
  }

  /** @param {number | null} row */
  function unitAt(row) {
    const { state } = now();
    return state?.grid ? rowUnit(state.figure, state.grid, row) : "";
  }

  function shadeText() {
    const { state, measured, theme } = now();
    if (!state?.grid || !measured) return;
    text.shade({
      grid: state.grid,
      measured,
      theme,
      unit: unitAt,
      hovered: hovered?.row ?? null,
      pinned: pinned()?.row ?? null,
    });
  }

  return {
    pinned,
    choose,
    release,
    hover,
    hoverText,
    pointLegend,
    shadeText,
    /** Another picture comes. */
    leave() {
      hovered = null;
      tip.hide();
      cells.light({ hovered: null, heard: null });
    },
    /** Mark the token that is hovered in a linked widget. @param {number | null} token */
    hear(token) {
      const grid = now().state?.grid;
      if (!grid) return;
      text.light(token === null ? null : (grid.units.parts?.[token] ?? token), null);
      const column = token === null ? null : columnOf(grid, token);
      cells.light({ heard: column === null ? null : { row: null, column } });
    },
    destroy: () => jobs.cancel(),
  };
}

/** The column of one of the model's own tokens, if it has one. @param {Grid} grid @param {number} token */
function columnOf({ units, columns }, token) {
  const unit = units.parts?.[token] ?? token;
  return unit < columns ? unit : null;
}

/** The unit a spot is about: its column, else what its row wrote. @param {Grid} grid @param {Spot} spot */
function unitOf(grid, { row, column }) {
  return column ?? (row === null ? null : grid.rows[row].unit);
}

/**
 * @param {Grid} grid
 * @param {Spot} spot
 * @param {number | null} row whose scores are told; null: those of the whole answer
 * @param {MatrixState} state
 * @param {(row: number | null) => Measure} measured
 */
function tipOf(grid, { row: own, column }, row, { figure }, measured) {
  if (column === null && own !== null) {
    return h(
      "div",
      { class: "lmw-details" },
      div("lmw-details-head", rowWords(grid, own)),
      rowLines(grid, own, figure.of, measured(own)).map((line) => h("div", null, line)),
    );
  }
  const at = Number(column);
  if (row === null && at >= grid.input) return div("lmw-details", tokenName(grid.units.tokens, at));
  const note = row === null ? "sum over the answer" : `for ${rowWords(grid, row)}`;
  const size = grid.units.size[at];
  return details(grid.units.tokens, measured(row), at, rowUnit(figure, grid, row), { size, note });
}

/** One view of the widget: puts the parts together and draws a state. Knows no traits. */

import { div, h, replace } from "../../core/dom.js";
import { shell } from "../../core/shell.js";
import { tokenName } from "../../core/tokens.js";
import { tooltip } from "../../core/tooltip.js";
import { checkButton, checkLine, checksPanel } from "../../saliency/checks.js";
import { drawing } from "../../saliency/drawing.js";
import { legend } from "../../saliency/legend.js";
import { questionNodes } from "../../saliency/question.js";
import { once } from "../../saliency/session.js";
import { quoted, scoreWords } from "../../saliency/words.js";
import { header } from "./controls.js";
import { pointing } from "./pointing.js";
import { caption, described } from "./said.js";
import { cellsMeasured, limitsOf, measures } from "./scale.js";
import { stage } from "./stage.js";
import { strongestOf, strongestWords } from "./strongest.js";
import { asText, tableView } from "./table.js";
import { linkedText } from "./text.js";

/** @typedef {import("./types").MatrixState} MatrixState */
/** @typedef {import("./types").Actions} Actions */
/** @typedef {import("./types").Spot} Spot */
/** @typedef {import("./types").Theme} Theme */

/** Longer texts stand under the matrix a moment after it, so that the matrix is there at once. */
const LONG = 700;
const AFTERWARDS = 60;

/**
 * @param {HTMLElement} el
 * @param {Actions} actions
 */
export function matrixView(el, actions) {
  const frame = shell(el, { name: "Saliency matrix" });
  const tip = tooltip(frame.root);
  const scale = legend();
  const sum = checkLine();
  const checks = checksPanel();
  const table = tableView();
  const on = {
    onChoose: (/** @type {Spot} */ spot) => at.choose(spot),
    onRelease: () => at.release(),
  };
  const cells = stage({ ...on, onHover: (spot, by) => at.hover(spot, by) });
  const text = linkedText({ ...on, onHover: (spot, box) => at.hoverText(spot, box) });
  const heading = h("p", { class: "lmw-question" });
  const diagonal = h("p", { class: "lmw-diagonal", role: "status", hidden: true });
  const run = checkButton({
    title:
      "Take the strongest parts of the input away, and keep nothing else: does the model need them for its answer?",
    onCheck: actions.check,
  });
  const footer = div(
    "lmw-scale-row",
    scale.element,
    div(
      "lmw-check-slot",
      sum.element,
      run.element,
      /** @type {HTMLElement} */ (frame.figure.querySelector(".lmw-progress-note")),
    ),
  );
  replace(
    frame.picture,
    heading,
    cells.element,
    table.element,
    diagonal,
    footer,
    checks.element,
    text.element,
    frame.caption,
  );
  const desk = drawing(frame, {
    actions,
    text: text.input,
    home: text.stop,
    hush: tip.hide,
    draw,
  });
  const top = header(frame, actions, {
    onEdit: desk.editor.start,
    onTable: (open) => {
      tableOpen = open;
      desk.redraw();
    },
    textToCopy: () => (state?.grid ? asText(state.grid, state.figure.unit) : ""),
  });
  const at = pointing({
    cells,
    text,
    tip,
    scale,
    actions,
    say: frame.say,
    now: () => ({ state, measured, theme: desk.theme }),
  });

  /** @type {MatrixState | null} */
  let state = null;
  let tableOpen = false;
  /** What the text under the matrix was drawn from. @type {import("./types").Grid | null} */
  let written = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let later;

  const limitsAt = once(limitsOf);
  const measuresAt = once(measures);
  const cellsAt = once(cellsMeasured);
  const strongestAt = once(strongestOf);
  /** Of the grid that is drawn. @type {((row: number | null) => import("./types").Measure) | null} */
  let measured = null;

  /** @param {MatrixState} now @param {Theme} theme @param {boolean} tabled */
  function drawMatrix(now, theme, tabled) {
    const { grid, figure, rowScale } = now;
    if (!grid) {
      measured = null;
      cells.draw(null, "");
      diagonal.hidden = true;
      scale.draw(null, described(figure, null, null), theme);
      frame.caption.textContent = "";
      return;
    }
    const limits = limitsAt(grid, rowScale);
    measured = measuresAt(grid, limits);
    const all = cellsAt(grid, limits, rowScale);
    const best = now.strongest ? strongestAt(grid) : null;
    const scene = {
      grid,
      theme,
      limits,
      strongest: best?.columns ?? null,
      number: (/** @type {number} */ row, /** @type {number} */ column) =>
        measured ? scoreWords(measured(row), column, 2) : "",
    };
    const [wrote, read] = [grid.rows.length, grid.columns];
    cells.draw(
      scene,
      `Matrix of what was written by what was read: ${wrote} ${wrote === 1 ? "row" : "rows"}, ${read} ${read === 1 ? "column" : "columns"}. Arrow keys move, Enter keeps a cell; the same numbers stand in the table.`,
    );
    cells.element.hidden = tabled;
    cells.light({ pinned: at.pinned() });
    const name = (/** @type {number} */ column) => quoted(tokenName(grid.units.tokens, column));
    diagonal.hidden = !best;
    diagonal.textContent = best ? strongestWords(best, name) : "";
    const one = described(figure, grid, null);
    scale.draw(all, rowScale ? shares(one) : one, theme);
    at.pointLegend();
    frame.caption.textContent = caption(figure, grid, all, { own: rowScale });
    if (tabled) table.draw(grid, measured, figure.unit);
  }

  /** What was read and written, under the matrix. */
  function drawText() {
    if (!state) return;
    const { tokens, grid } = state;
    written = grid;
    text.draw({ tokens, grid, plain: state.text, hidden: desk.editor.open });
    text.pin(grid, at.pinned());
    at.shadeText();
  }

  /** @param {MatrixState} now */
  function drawChecks({ figure, grid, live, busy, checking }) {
    const row = at.pinned()?.row ?? null;
    const { check, unit } = described(figure, grid, row);
    sum.draw(grid && { unit, check, cost: figure.cost });
    const found = figure.checks;
    const same = found?.level === grid?.level;
    const offered = live && !busy && grid !== null && !same;
    run.draw({ offered, checking, done: same && !busy });
    const note =
      found && !same
        ? `These checks are of the map by ${found.level}.`
        : "The checks are of the whole answer.";
    checks.draw(grid ? found : null, { unit: figure.unit, note });
  }

  /** @param {MatrixState} next @param {Theme} theme */
  function draw(next, theme) {
    state = next;
    const { figure, grid } = state;
    const tabled = tableOpen && grid !== null;
    top.draw(state, { table: tabled });
    replace(heading, questionNodes(described(figure, grid, at.pinned()?.row ?? null)));
    const { classList } = frame.root;
    classList.toggle("lmw-stale", state.busy && !state.checking && grid !== null);
    classList.toggle("lmw-unsigned", !figure.signed);
    table.element.hidden = !tabled;
    drawMatrix(state, theme, tabled);
    clearTimeout(later);
    if (grid && grid !== written && grid.columns > LONG) later = setTimeout(drawText, AFTERWARDS);
    else drawText();
    drawChecks(state);
  }

  return {
    /** Mark the token that is hovered in a linked widget. @param {number | null} token */
    light: at.hear,
    /** @param {MatrixState} next */
    update(next) {
      const before = state?.grid ?? null;
      if (next.grid !== before) at.leave();
      desk.update(next);
      if (before && next.grid && before !== next.grid) frame.say("A new matrix stands.");
    },
    destroy() {
      clearTimeout(later);
      desk.destroy();
      at.destroy();
      top.destroy();
      cells.destroy();
      text.destroy();
      tip.destroy();
      frame.destroy();
    },
  };
}

/** The scale of rows that each have their own. @param {import("../../saliency/types").Described} figure */
const shares = (figure) => ({ ...figure, unit: "1 = row's strongest" });

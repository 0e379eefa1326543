/** One view of the widget: puts the parts together and draws a state. Knows no traits. */

import { div, h, isCommand, replace, take } from "../../core/dom.js";
import { shell } from "../../core/shell.js";
import { watchTheme } from "../../core/theme.js";
import { tokenName } from "../../core/tokens.js";
import { tooltip } from "../../core/tooltip.js";
import { checkLine, checksPanel } from "../../saliency/checks.js";
import { editing } from "../../saliency/editing.js";
import { legend } from "../../saliency/legend.js";
import { questionNodes } from "../../saliency/question.js";
import { repair } from "../../saliency/repair.js";
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

/**
 * @param {HTMLElement} el
 * @param {Actions & import("../saliency_text/types").Actions} actions
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
  const run = h(
    "button",
    { class: "lmw-button lmw-check-run", onclick: actions.check },
    "Check this map",
  );
  run.title =
    "Take the strongest parts of the input away, and keep nothing else: does the model need them for its answer?";
  const footer = div(
    "lmw-scale-row",
    scale.element,
    div(
      "lmw-check-slot",
      sum.element,
      run,
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
  const slot = div("lmw-editor-slot");
  frame.picture.before(slot);
  const mend = repair(frame.figure, actions);
  const top = header(frame, actions, {
    onEdit: edit,
    onTable: (open) => {
      tableOpen = open;
      draw();
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
    now: () => ({ state, measured, theme }),
  });

  /** @type {MatrixState | null} */
  let state = null;
  /** @type {Theme} */
  let theme = "light";
  let tableOpen = false;
  /** @type {(() => void) | null} */
  let stopTheme = null;
  let preference = "";
  let frameRequest = 0;

  const limitsAt = once(limitsOf);
  const measuresAt = once(measures);
  const cellsAt = once(cellsMeasured);
  const strongestAt = once(strongestOf);
  /** Of the grid that is drawn. @type {((row: number | null) => import("./types").Measure) | null} */
  let measured = null;

  const editor = editing({
    text: text.input,
    slot,
    getText: () => state?.text ?? "",
    onSubmit: actions.submitText,
    onChange: draw,
    onLeave: text.focus,
  });
  text.input.addEventListener("dblclick", edit);
  frame.root.addEventListener("keydown", (event) => {
    const writing =
      event.target instanceof Element && event.target.matches("input, textarea, select");
    if (event.key !== "e" || writing || isCommand(event)) return;
    take(event);
    edit();
  });

  /** True while a message stands in the place of the picture. */
  function troubled() {
    return state?.status.state === "empty" || state?.status.state === "error";
  }

  function edit() {
    if (!state?.editable) return;
    tip.hide();
    editor.start();
  }

  /** @param {MatrixState} now @param {boolean} tabled */
  function drawMatrix(now, tabled) {
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

  /** @param {MatrixState} now */
  function drawChecks({ figure, grid, live, busy }) {
    const row = at.pinned()?.row ?? null;
    const { check } = described(figure, grid, row);
    sum.draw(grid && { unit: figure.unit, check, cost: figure.cost });
    const found = figure.checks;
    const same = found?.level === grid?.level;
    run.hidden = !live || busy || !grid || same;
    const note =
      found && !same
        ? `These checks are of the map by ${found.level}.`
        : "The checks are of the whole answer.";
    checks.draw(grid ? found : null, { unit: figure.unit, note });
  }

  function draw() {
    if (!state) return;
    const { figure, status, grid, tokens } = state;
    frame.setStatus(state.busy ? { ...status, state: "loading" } : status, {
      onStop: actions.stop,
      onExample: actions.submitText,
    });
    frame.badge(state.badge);
    mend.draw(/** @type {any} */ (state));
    editor.follow(troubled(), state.editable && mend.needsText(/** @type {any} */ (state)));
    const tabled = tableOpen && grid !== null;
    top.draw(state, { table: tabled });
    replace(heading, questionNodes(described(figure, grid, at.pinned()?.row ?? null)));
    const { classList } = frame.root;
    classList.toggle("lmw-stale", state.busy && !state.checking && grid !== null);
    classList.toggle("lmw-editing", editor.open);
    classList.toggle("lmw-unsigned", !figure.signed);
    table.element.hidden = !tabled;
    text.draw({ tokens, grid, plain: state.text, hidden: editor.open });
    drawMatrix(state, tabled);
    text.pin(grid, at.pinned());
    at.shadeText();
    drawChecks(state);
    cancelAnimationFrame(frameRequest);
    frameRequest = requestAnimationFrame(() => {
      frame.root.dataset.lmwReady = "true";
    });
  }

  return {
    /** Mark the token that is hovered in a linked widget. @param {number | null} token */
    light: at.hear,
    /** @param {MatrixState} next */
    update(next) {
      const before = state?.grid ?? null;
      if (next.grid !== before) {
        at.leave();
      }
      state = next;
      if (next.theme !== preference) {
        preference = next.theme;
        stopTheme?.();
        let first = true; // it answers at once, and this update draws anyway
        stopTheme = watchTheme(frame.root, next.theme, (found) => {
          theme = found;
          if (!first) draw();
        });
        first = false;
      }
      draw();
      if (before && next.grid && before !== next.grid) frame.say("A new matrix stands.");
    },
    destroy() {
      cancelAnimationFrame(frameRequest);
      at.destroy();
      stopTheme?.();
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

/** The header: the strongest of each row beside method and level; what the rows are, and their scale. */

import { checkbox, textButton } from "../../core/controls.js";
import { aria, h, replace, span } from "../../core/dom.js";
import { mapHeader } from "../../saliency/header.js";
import { reachable } from "../../saliency/units.js";

/** @typedef {import("./types").Actions} Actions */
/** @typedef {import("./types").MatrixState} MatrixState */
/** @typedef {import("../../core/shell.js").Shell} Shell */

/** @type {[string, string][]} */
const KEYS = [
  ["hover", "a cell: its score, its token in the text, its row"],
  ["click", "keep a cell, or a row by its label; the text follows"],
  ["← → ↑ ↓", "walk through the cells; left of the first: the row itself"],
  ["Home End", "first and last cell of the row"],
  ["Enter", "keep the cell, or let it go"],
  ["Esc", "let it go"],
];

/**
 * @param {Shell} frame
 * @param {Actions} actions
 * @param {{onEdit: () => void, onTable: (open: boolean) => void, textToCopy: () => string}} on
 */
export function header(frame, actions, on) {
  const strongest = textButton({
    label: "strongest in each row",
    title: "Outline the strongest input of each row, and draw a line through them",
    pressed: false,
    onClick: () => actions.setStrongest(strongest.getAttribute("aria-pressed") !== "true"),
  });
  strongest.classList.add("lmw-field");
  const rows = rowMenu(actions.setRowLevel);
  const own = checkbox({
    label: "each row on its own scale",
    title: "Weak rows can be read as well; colours are compared within a row only",
    checked: false,
    onChange: actions.setRowScale,
  });
  const top = mapHeader(frame, actions, {
    ...on,
    often: [strongest],
    rare: [rows.element, own.element],
    aboutLevels: "; so do the rows, unless they are chosen under “More controls”",
    copy: "Copy the matrix as text",
  });

  return {
    /** @param {MatrixState} state @param {{table: boolean}} now */
    draw(state, { table }) {
      const { grid } = state;
      rows.draw(state);
      aria(strongest, "pressed", state.strongest);
      strongest.disabled = !grid;
      own.set(state.rowScale);
      const level = grid?.level ?? "token";
      const help = { before: [whatIsShown()], keys: KEYS };
      const { levels, live, figure } = state;
      const summed = (/** @type {string} */ name) =>
        reachable(levels, name, figure.level).level.name === name;
      const offered = levels.filter(({ name }) => live || summed(name));
      top.draw(
        { ...state, levels: offered },
        { level, table, drawn: grid !== null, folds: true, help },
      );
    },
    destroy: top.destroy,
  };
}

/** What the rows are: by themselves as the columns. @param {Actions["setRowLevel"]} onLevel */
function rowMenu(onLevel) {
  const select = h("select", {
    class: "lmw-field",
    "aria-label": "Rows",
    title: "What a row is: a token, word or sentence of the answer",
    onchange: () => onLevel(select.value || null),
  });
  const element = h("label", { class: "lmw-setting-row" }, span("lmw-label", "rows"), select);
  let drawn = "";
  return {
    element,
    /** @param {MatrixState} state */
    draw({ levels, rowLevel, figure, grid }) {
      const names = levels.map(({ name }) => name).filter((name) => name !== "passage");
      element.hidden = !grid || names.length < 2 || figure.answer?.level !== "token";
      const key = names.join();
      if (key !== drawn) {
        drawn = key;
        replace(
          select,
          h("option", { value: "" }, "as the columns"),
          names.map((name) => h("option", { value: name }, `by ${name}`)),
        );
      }
      select.value = rowLevel ?? "";
    },
  };
}

function whatIsShown() {
  const first = "Each row is something that was written, each column something that was read.";
  return h(
    "p",
    null,
    h("strong", null, first),
    " A cell is how much the column contributed to the row.",
  );
}

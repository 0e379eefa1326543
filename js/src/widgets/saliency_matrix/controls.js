/** The header: what this is, method, level, the strongest of each row; and what folds away. */

import { copyButton } from "../../core/actions.js";
import { checkbox, iconButton, textButton } from "../../core/controls.js";
import { aria, div, h, replace, span } from "../../core/dom.js";
import { keyList, popover } from "../../core/popover.js";
import { foldedRow } from "../../core/shell.js";
import { levelMenu } from "../../saliency/levels.js";
import { methodMenu } from "../../saliency/methods.js";
import { settingsFields } from "../../saliency/settings.js";

/** @typedef {import("./types").Actions} Actions */
/** @typedef {import("./types").MatrixState} MatrixState */
/** @typedef {import("../../core/shell.js").Shell} Shell */

/**
 * @param {Shell} frame
 * @param {Actions} actions
 * @param {{onEdit: () => void, onTable: (open: boolean) => void, textToCopy: () => string}} on
 */
export function header(frame, actions, { onEdit, onTable, textToCopy }) {
  const methods = methodMenu(frame.root, actions.setMethod);
  const levels = levelMenu(
    actions.setLevel,
    "; so do the rows, unless they are chosen under “More controls”",
  );
  const rows = rowMenu(actions.setRowLevel);
  const strongest = textButton({
    label: "strongest in each row",
    title: "Outline the strongest input of each row, and draw a line through them",
    pressed: false,
    onClick: () => actions.setStrongest(strongest.getAttribute("aria-pressed") !== "true"),
  });
  strongest.classList.add("lmw-field");
  frame.controls.append(methods.element, levels.element, strongest);
  const folded = foldedRow(frame, { label: "More controls" });
  const own = checkbox({
    label: "each row on its own scale",
    title: "Weak rows can be read as well; colours are compared within a row only",
    checked: false,
    onChange: actions.setRowScale,
  });
  const settings = settingsFields(actions.setSettings);
  folded.add(rows.element, own.element, settings.element);

  const edit = iconButton({ icon: "edit", label: "Edit the text", keys: "e", onClick: onEdit });
  const more = iconButton({
    icon: "more",
    label: "More controls",
    onClick() {
      folded.toggle(folded.element.hidden);
      aria(more, "expanded", !folded.element.hidden);
    },
  });
  aria(more, "expanded", "false");
  const table = iconButton({
    icon: "table",
    label: "Show as table",
    pressed: false,
    onClick: () => onTable(table.getAttribute("aria-pressed") !== "true"),
  });
  const copy = copyButton(frame, { label: "Copy the matrix as text", text: textToCopy });
  const help = iconButton({ icon: "help", label: "What this shows", onClick: () => {} });
  const about = div("lmw-help");
  frame.actions.append(edit, more, table, copy, help);
  popover(frame.root, help, about, "What this shows");

  return {
    /** @param {MatrixState} state @param {{table: boolean}} now */
    draw(state, now) {
      const { figure, live, method, grid } = state;
      replace(frame.title, h("strong", null, "Saliency"), figure.model ? ` · ${figure.model}` : "");
      frame.title.title = figure.model;
      methods.draw(figure.methods, method, live);
      levels.draw(
        state.levels.map(({ name }) => name),
        grid?.level ?? "token",
      );
      rows.draw(state);
      aria(strongest, "pressed", state.strongest);
      strongest.disabled = !grid;
      own.set(state.rowScale);
      const known = figure.methods.find(({ name }) => name === method);
      const used = figure.method === method ? figure.settings : {};
      settings.draw((live && known?.settings) || [], state.settings, used);
      edit.hidden = !state.editable;
      aria(table, "pressed", now.table);
      table.disabled = copy.disabled = !grid;
      replace(about, helpText(state));
    },
    destroy: () => methods.destroy(),
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

/** @param {MatrixState} state */
function helpText({ figure, editable, method }) {
  const known = figure.methods.find(({ name }) => name === method);
  /** @type {[string, string][]} */
  const keys = [
    ["hover", "a cell: its score, its token in the text, its row"],
    ["click", "keep a cell, or a row by its label; the text follows"],
    ["← → ↑ ↓", "walk through the cells; left of the first: the row itself"],
    ["Home End", "first and last cell of the row"],
    ["Enter", "keep the cell, or let it go"],
    ["Esc", "let it go"],
  ];
  if (editable) keys.push(["e", "edit the text"]);
  return [
    h(
      "p",
      null,
      h(
        "strong",
        null,
        "Each row is something that was written, each column something that was read.",
      ),
      " A cell is how much the column contributed to the row.",
    ),
    known?.summary ? h("p", null, h("strong", null, `${known.label}. `), known.summary) : null,
    keyList(keys),
  ];
}

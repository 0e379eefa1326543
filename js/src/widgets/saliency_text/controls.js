/** The header: what this is, the method, the level, the actions; and what folds away. */

import { copyButton } from "../../core/actions.js";
import { iconButton, segmented } from "../../core/controls.js";
import { aria, div, h, replace, span } from "../../core/dom.js";
import { keyList, popover } from "../../core/popover.js";
import { foldedRow } from "../../core/shell.js";
import { levelMenu } from "../../saliency/levels.js";
import { methodMenu } from "../../saliency/methods.js";
import { settingsFields } from "../../saliency/settings.js";

/** @typedef {import("./types").Actions} Actions */
/** @typedef {import("./types").SaliencyState} SaliencyState */
/** @typedef {import("../../core/shell.js").Shell} Shell */

/** @type {[string, string, string][]} */
const NUMBERS = [
  ["logit", "logit", "The raw score of the target"],
  ["log_probability", "log-probability", "How sure the model is of the target, on a log scale"],
  ["probability", "probability", "How sure the model is of the target"],
  ["entropy", "entropy", "How unsure the model is, whatever the answer"],
];

/**
 * @param {Shell} frame
 * @param {Actions} actions
 * @param {{onEdit: () => void, onTable: (open: boolean) => void, textToCopy: () => string}} on
 */
export function header(frame, actions, { onEdit, onTable, textToCopy }) {
  const methods = methodMenu(frame.root, actions.setMethod);
  const levels = levelMenu(actions.setLevel);
  frame.controls.append(methods.element, levels.element);
  const folded = foldedRow(frame, { label: "More controls" });
  const number = numberMenu(actions.setOf);
  const ends = endsControl(actions.setPosition);
  const settings = settingsFields(actions.setSettings);
  folded.add(number.element, ends.element, settings.element);

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
  const copy = copyButton(frame, { label: "Copy the values as text", text: textToCopy });
  const help = iconButton({ icon: "help", label: "What this shows", onClick: () => {} });
  const about = div("lmw-help");
  frame.actions.append(edit, more, table, copy, help);
  popover(frame.root, help, about, "What this shows");

  return {
    /** @param {SaliencyState} state @param {{table: boolean}} now */
    draw(state, now) {
      const { figure, live, method } = state;
      const drawable = Boolean(state.shown?.measured);
      replace(frame.title, h("strong", null, "Saliency"), figure.model ? ` · ${figure.model}` : "");
      frame.title.title = figure.model;
      methods.draw(figure.methods, method, live);
      levels.draw(
        state.levels.map(({ name }) => name),
        state.shown?.level ?? "token",
      );
      number.draw(figure.of, live && !figure.answer);
      ends.draw(figure.ends, live && figure.readout === "span");
      const known = figure.methods.find(({ name }) => name === method);
      const used = figure.method === method ? figure.settings : {};
      settings.draw((live && known?.settings) || [], state.settings, used);
      more.hidden = !live;
      if (!live) folded.toggle(false);
      edit.hidden = !state.editable;
      aria(table, "pressed", now.table);
      table.disabled = !drawable;
      copy.disabled = !drawable;
      replace(about, helpText(state));
    },
    destroy: () => methods.destroy(),
  };
}

/** Which number of the model's answer is explained. @param {(of: string) => void} onOf */
function numberMenu(onOf) {
  const select = h("select", {
    class: "lmw-field",
    "aria-label": "What is explained",
    onchange: () => onOf(select.value),
  });
  const element = h(
    "label",
    { class: "lmw-setting-row" },
    span("lmw-label", "explain the"),
    select,
  );
  let drawn = "";
  return {
    element,
    /** @param {string} of @param {boolean} shown */
    draw(of, shown) {
      element.hidden = !shown;
      const own = NUMBERS.some(([value]) => value === of) ? "" : of;
      if (drawn !== `${own}.`) {
        drawn = `${own}.`;
        replace(
          select,
          NUMBERS.map(([value, label, title]) => h("option", { value, title }, label)),
          own ? h("option", { value: own }, own) : null,
        );
      }
      select.value = of;
    },
  };
}

/** Of an answer inside the text: where it starts, where it ends, or both. @param {Actions["setPosition"]} onPosition */
function endsControl(onPosition) {
  const choice = segmented({
    label: "Part of the answer",
    options: [
      { value: "both", label: "start and end" },
      { value: "start", label: "start" },
      { value: "end", label: "end" },
    ],
    value: "both",
    onChange: (value) => onPosition(value === "both" ? null : value),
  });
  return {
    element: choice.element,
    /** @param {string | null} ends @param {boolean} shown */
    draw(ends, shown) {
      choice.element.hidden = !shown;
      choice.set(/** @type {"both" | "start" | "end"} */ (ends ?? "both"));
    },
  };
}

/** @param {SaliencyState} state */
function helpText({ figure, live, editable, method }) {
  const known = figure.methods.find(({ name }) => name === method);
  const { check, answer } = figure;
  /** @type {[string, string][]} */
  const keys = [
    ["hover", "a token: its value and rank"],
    ["click", "keep it; linked widgets follow"],
    [
      "← → ↑ ↓",
      answer ? "walk through the tokens; step through the answer" : "walk through the tokens",
    ],
    ["Enter", "keep the token, or let it go"],
    ["Esc", "let it go"],
  ];
  if (live && !answer)
    keys.push(["click", "a prediction: explain it"], ["shift-click", "a prediction: compare"]);
  if (editable) keys.push(["e", "edit the text"]);
  return [
    known?.summary ? h("p", null, h("strong", null, `${known.label}. `), known.summary) : null,
    check ? h("p", null, check.explanation) : null,
    keyList(keys),
  ];
}

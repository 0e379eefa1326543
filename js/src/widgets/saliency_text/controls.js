/** The header: which number is explained and, inside a text, which end of the answer. */

import { segmented } from "../../core/controls.js";
import { h, replace, span } from "../../core/dom.js";
import { mapHeader } from "../../saliency/header.js";

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
export function header(frame, actions, on) {
  const number = numberMenu(actions.setOf);
  const ends = endsControl(actions.setPosition);
  const rare = [number.element, ends.element];
  const top = mapHeader(frame, actions, { ...on, rare, copy: "Copy the values as text" });

  return {
    /** @param {SaliencyState} state @param {{table: boolean}} now */
    draw(state, { table }) {
      const { figure, live, shown } = state;
      number.draw(figure.of, live && !figure.answer);
      ends.draw(figure.ends, live && figure.readout === "span");
      const [level, drawn] = [shown?.level ?? "token", Boolean(shown?.measured)];
      top.draw(state, { level, table, drawn, folds: live, help: helpOf(state) });
    },
    destroy: top.destroy,
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
function helpOf({ figure: { check, answer }, live }) {
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
    ["s", "in a long text: the strongest token, then the next"],
  ];
  if (live && !answer)
    keys.push(["click", "a prediction: explain it"], ["shift-click", "a prediction: compare"]);
  return { after: [check ? h("p", null, check.explanation) : null], keys };
}

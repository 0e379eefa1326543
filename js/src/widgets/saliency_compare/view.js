/** One view of the comparison: puts the parts together and draws a state. Knows no traits. */

import { actionButtons } from "../../core/actions.js";
import { div, h, replace } from "../../core/dom.js";
import { foldedRow, shell } from "../../core/shell.js";
import { tooltip } from "../../core/tooltip.js";
import { drawing } from "../../saliency/drawing.js";
import { levelMenu } from "../../saliency/levels.js";
import { questionNodes } from "../../saliency/question.js";
import { agreementTable, scoreCard } from "./card.js";
import { methodBoxes } from "./choose.js";
import { glossView } from "./gloss.js";
import { finding, ordered } from "./rows.js";
import { asText, scoreTable } from "./table.js";
import { allScores } from "./tips.js";

/** @typedef {import("./types").CompareState} CompareState */
/** @typedef {import("./types").Actions} Actions */
/** @typedef {import("./types").Order} Order */
/** @typedef {import("./types").Row} Row */
/** @typedef {import("./types").Theme} Theme */

/** @type {[Order, string][]} */
const ORDERS = [
  ["menu", "order: as chosen"],
  ["comprehensiveness", "order: strongest taken away"],
  ["agreement", "order: agreement"],
];
/** @type {[string, string][]} */
const KEYS = [
  ["hover", "a token: its score in every method"],
  ["click", "keep it; linked widgets follow"],
  ["← →", "walk through the text"],
  ["Enter", "keep the token, or let it go"],
  ["Esc", "let it go"],
  ["e", "edit the text"],
];

/** @param {HTMLElement} el @param {Actions} actions */
export function compareView(el, actions) {
  const frame = shell(el, { name: "Saliency compare" });
  const tip = tooltip(frame.root);
  const gloss = glossView({ onHover: hover, onChoose: choose, onRelease: () => actions.pin(null) });
  const card = scoreCard();
  const agreement = agreementTable();
  const table = scoreTable();
  const levels = levelMenu(actions.setLevel);
  const sorting = h("select", {
    class: "lmw-field",
    "aria-label": "Order of the methods",
    onchange: () => {
      order = /** @type {Order} */ (sorting.value);
      desk.redraw();
    },
  });
  replace(
    sorting,
    ORDERS.map(([value, label]) => h("option", { value }, label)),
  );
  frame.controls.append(levels.element, sorting);
  const boxes = methodBoxes(actions.setMethods);
  const folded = foldedRow(frame, { label: "Methods" });
  folded.add(boxes.element);
  const heading = h("p", { class: "lmw-question" });
  const says = h("p", { class: "lmw-finding" });
  replace(
    frame.picture,
    div(
      "lmw-main",
      heading,
      says,
      gloss.element,
      table.element,
      card.element,
      agreement.element,
      frame.caption,
    ),
  );
  const desk = drawing(frame, {
    actions,
    text: gloss.element,
    home: gloss.stop,
    hush: tip.hide,
    draw,
  });
  const bar = actionButtons(frame, {
    onEdit: desk.editor.start,
    more: folded,
    table: "Show as table",
    onTable: () => {
      tableOpen = !tableOpen;
      desk.redraw();
      return tableOpen;
    },
    copyText: () => (state?.units ? asText(state.units, rows) : null),
    keys: KEYS,
  });

  /** @type {CompareState | null} */
  let state = null;
  /** @type {Row[]} */
  let rows = [];
  /** @type {Order} */
  let order = "menu";
  let tableOpen = false;

  /** @param {number | null} token of the model's own */
  function unitOf(token) {
    if (token === null || !state?.units) return null;
    return state.units.parts?.[token] ?? token;
  }

  /** @param {number} unit */
  function choose(unit) {
    if (!state?.units) return;
    actions.pin(unit === unitOf(state.token) ? null : state.units.first[unit]);
  }

  /** @param {number | null} unit @param {DOMRect} [box] */
  function hover(unit, box) {
    const units = state?.units ?? null;
    actions.hover(unit === null || !units ? null : units.first[unit]);
    gloss.light(unit);
    if (unit === null || !box || !units) return tip.hide();
    tip.show(box, allScores(units, rows, unit));
  }

  function caption() {
    if (!state || rows.length === 0) return "";
    const { figure, sums } = state;
    const signed = rows.some(({ measured }) => measured.signed);
    const broken = rows.some(({ measured }) => measured.broken.length > 0);
    return [
      signed
        ? `Bars above the line of a row speak for ${named(figure)}, bars below against it; maps that cannot be below zero stand on it.`
        : "The higher the bar, the larger the score.",
      "Each row has a scale of its own.",
      broken ? "Hatched: no finite score." : "",
      sums ? "Scores are sums; checks and agreement, which are of finer units, are left out." : "",
      figure.partial ? "Stopped early: the methods done so far." : "",
    ]
      .filter(Boolean)
      .join(" ");
  }

  /**
   * @param {CompareState["units"]} units
   * @param {number | null} token
   * @param {boolean} checked whether checks and agreement are of what is shown
   * @param {Theme} theme
   */
  function drawRows(units, token, checked, theme) {
    gloss.element.hidden = tableOpen || !units || desk.editor.open;
    table.element.hidden = !tableOpen || !units;
    card.element.hidden = !units || rows.length === 0;
    agreement.element.hidden = !units || rows.length < 2 || !checked;
    if (!units || !state) return;
    const { figure } = state;
    if (tableOpen) table.draw(units, rows);
    else gloss.draw(units, rows, theme);
    gloss.pin(unitOf(token));
    card.draw(rows, { checked, failures: figure.failures });
    agreement.draw(rows, figure.agreement, theme);
  }

  /** @param {CompareState} next @param {Theme} theme */
  function draw(next, theme) {
    state = next;
    const { figure, units, token, live, busy, editable, sums } = state;
    rows = ordered(state.rows, order);
    frame.root.classList.toggle("lmw-stale", busy && rows.length > 0);
    replace(
      frame.title,
      h("strong", null, "Methods compared"),
      figure.model ? ` · ${figure.model}` : "",
    );
    frame.title.title = figure.model;
    levels.draw(
      state.levels.map(({ name }) => name),
      state.level,
    );
    sorting.hidden = rows.length < 3;
    bar.setEdit({ shown: editable, why: null });
    bar.setMore(live);
    boxes.draw(
      figure.known,
      state.methods.length > 0 ? state.methods : rows.map(({ name }) => name),
    );
    const asked = { ...figure, signed: true, unit: "", check: null };
    replace(heading, questionNodes(asked));
    says.textContent = finding(state.rows, sums ? [] : figure.agreement, !sums);
    says.hidden = says.textContent === "";
    drawRows(units, token, !sums, theme);
    frame.caption.textContent = caption();
  }

  return {
    /** @param {number | null} token */
    light: (token) => gloss.light(unitOf(token)),
    /** @param {CompareState} next */
    update(next) {
      const before = state?.rows;
      desk.update(next);
      if (before && before !== next.rows && next.rows.length > 0) frame.say(says.textContent ?? "");
    },
    destroy() {
      desk.destroy();
      gloss.destroy();
      tip.destroy();
      frame.destroy();
    },
  };
}

/** @param {import("./types").Figure} figure */
function named({ target, of }) {
  if (of === "entropy") return "the entropy";
  return target?.label ? `“${target.label.trim() || target.label}”` : "the answer";
}

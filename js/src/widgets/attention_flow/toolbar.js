/** All controls of a flow in their places; what they show follows the state. */

import { headControl, kindControl, showTitle } from "../../attention/controls.js";
import { wholeText } from "../../attention/text.js";
import { actionButtons } from "../../core/actions.js";
import { checkbox, segmented, slider } from "../../core/controls.js";
import { div, h, replace, span } from "../../core/dom.js";
import { number } from "../../core/format.js";
import { foldedRow } from "../../core/shell.js";
import { textDesk } from "../../core/text_desk.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./store.js").Store} Store */

/** @type {[string, string][]} */
const KEYS = [
  ["hover", "a node: what it is made of; an input: its ways to the selected node"],
  ["click", "keep a node, or let it go"],
  ["↑ ↓", "move through the tokens"],
  ["← →", "move through the layers"],
  ["Enter", "keep the node, or let it go"],
  ["Esc", "let it go"],
  ["[ ]", "selected node: layer before, layer after"],
];
const STEPS = 100;
/** The slider's middle is a share of 0.1: small shares need the room. @param {number} share */
const toStep = (share) => Math.round(Math.cbrt(share) * STEPS);
/** @param {number} step */
const toShare = (step) => Number(((step / STEPS) ** 3).toPrecision(2));
/** Methods that take attention weights: of heads that can be chosen, without some tokens. */
export const OF_WEIGHTS = ["attention", "rollout", "flow"];

/** Whether anything can be computed anew. @param {Store} store */
export const live = (store) =>
  !store.model.lmwStandalone &&
  store.figure.methods.some(({ name, why_not }) => name === store.figure.method && !why_not);

/**
 * @param {import("../../core/shell.js").Shell} frame
 * @param {Store} store
 * @param {{onTable: () => boolean, copyText: () => string | null}} on
 */
export function toolbar(frame, store, { onTable, copyText }) {
  const set = (/** @type {Partial<State>} */ values) => store.set(values);
  const methods = div("lmw-flow-methods");
  const kinds = kindControl(set);
  let methodsDrawn = "";
  const desk = textDesk({
    text: () => wholeText(store.state.text, store.tokens),
    onSubmit: (text) => set({ text }),
  });
  frame.controls.append(kinds.element, methods);
  const more = moreControls(frame, store, set);
  frame.figure.before(desk.element);
  const actions = actionButtons(frame, {
    onEdit: desk.toggle,
    more: more.row,
    table: "Table of sources",
    pressed: false,
    onTable,
    copyText,
    keys: KEYS,
  });

  /** @param {Figure} figure */
  function showMethods(figure) {
    const of = JSON.stringify([figure.methods, figure.method]);
    if (methodsDrawn === of) return;
    methodsDrawn = of;
    const here = figure.methods.some(({ name }) => name === figure.method);
    const own =
      here || !figure.method ? [] : [{ name: figure.method, summary: figure.label, why_not: null }];
    const control = segmented({
      label: "Method",
      options: [...figure.methods, ...own].map(({ name, summary }) => ({
        value: name,
        label: name,
        title: `${name}: ${summary}`,
      })),
      value: figure.method || store.state.method,
      onChange: (method) => set({ method }),
    });
    for (const { name, why_not } of figure.methods) if (why_not) control.disable(name, why_not);
    replace(methods, control.element);
  }

  return {
    setEdit: actions.setEdit,
    /** @param {Theme} theme @param {boolean} folds whether tokens are folded now */
    update(theme, folds) {
      const { state, figure, tokens } = store;
      const name = figure.title || "Attention flow";
      showTitle(frame.title, name, figure);
      showMethods(figure);
      kinds.set(state.kind, figure);
      more.update(theme, { folds, any: Boolean(tokens) });
    },
    destroy: more.destroy,
  };
}

/**
 * @param {import("../../core/shell.js").Shell} frame
 * @param {Store} store
 * @param {(values: Partial<State>) => void} set
 */
function moreControls(frame, store, set) {
  const row = foldedRow(frame, { label: "More controls" });
  const fold = checkbox({
    label: "only tokens that carry 1\u00a0% or more",
    checked: false,
    onChange: (checked) => set({ fold: checked }),
    title: "The others are folded into gaps; click a gap to open it",
  });
  const first = checkbox({
    label: "without the first token",
    checked: false,
    onChange: (checked) => set({ hide_first: checked }),
    title: "Leave out the attention on the first token, a sink in many models, and renormalise",
  });
  const special = checkbox({
    label: "without special tokens",
    checked: false,
    onChange: (checked) => set({ hide_special: checked }),
    title: "Leave out the attention on special tokens, and renormalise",
  });
  const threshold = slider({
    label: "Edges from",
    min: 0,
    max: STEPS,
    step: 1,
    value: 0,
    format: (step) => `${number(100 * toShare(step))}\u00a0%`,
    onInput: (step) => set({ threshold: toShare(step) }),
    title: "Edges below this share of what passes their layer are not drawn",
  });
  const topK = h("input", {
    type: "number",
    class: "lmw-field lmw-field-number",
    min: "1",
    step: "1",
    placeholder: "all",
    "aria-label": "Strongest edges into each node",
    onchange: () => {
      const value = Number.parseInt(topK.value, 10);
      set({ top_k: value >= 1 ? value : null });
    },
  });
  const strongest = h(
    "label",
    { class: "lmw-check" },
    span("lmw-label", "Strongest"),
    topK,
    span("lmw-label", "a node"),
  );
  const heads = headControl({ onChange: (values) => set(values), onPreview: () => {} });
  const target = word("Explains", "its own prediction", (target) => set({ target }));
  const foil = word("rather than", "nothing", (foil) => set({ foil }));
  const targets = span("lmw-flow-targets", target.element, foil.element);
  row.add(
    first.element,
    special.element,
    fold.element,
    threshold.element,
    strongest,
    targets,
    heads.element,
  );
  return {
    row,
    /** @param {Theme} theme @param {{folds: boolean, any: boolean}} now */
    update(theme, { folds, any }) {
      const { state, figure } = store;
      const ofWeights = OF_WEIGHTS.includes(figure.method);
      first.set(state.hide_first);
      special.set(state.hide_special);
      first.element.hidden = !ofWeights || !live(store);
      special.element.hidden =
        !ofWeights || !live(store) || !store.tokens?.kind.includes("special");
      fold.set(folds);
      threshold.set(toStep(state.threshold));
      topK.value = state.top_k === null ? "" : String(state.top_k);
      heads.set({ layer: 0, heads: state.heads, mean: true }, figure, theme);
      if (!ofWeights || !any || !live(store)) heads.element.hidden = true;
      targets.hidden = figure.method !== "relevance" || !live(store);
      target.set(state.target);
      foil.set(state.foil);
    },
    destroy: () => heads.destroy(),
  };
}

/** @param {string} label @param {string} placeholder @param {(text: string | null) => void} onChange */
function word(label, placeholder, onChange) {
  const input = h("input", {
    type: "text",
    class: "lmw-field lmw-flow-word",
    placeholder,
    "aria-label": label,
    spellcheck: "false",
    onchange: () => onChange(input.value === "" ? null : input.value),
  });
  return {
    element: h("label", { class: "lmw-check" }, span("lmw-label", label), input),
    /** @param {string | number | null} value */
    set(value) {
      input.value = value === null ? "" : String(value);
    },
  };
}

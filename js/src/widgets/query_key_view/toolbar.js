/** The controls of a QueryKeyView; what they show follows the state. */

import { headControl, kindControl, layerControl, showTitle } from "../../attention/controls.js";
import { wholeText } from "../../attention/text.js";
import { actionButtons } from "../../core/actions.js";
import { segmented } from "../../core/controls.js";
import { div } from "../../core/dom.js";
import { hotkeys } from "../../core/hotkeys.js";
import { textDesk } from "../../core/text_desk.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types").State} State */
/** @typedef {import("../../core/types").Theme} Theme */

/** @type {[string, string][]} */
const KEYS = [
  ["click", "in the first text: the token that looks (the query)"],
  ["hover", "in the second text or the list: another key"],
  ["click", "there: keep that key"],
  ["← →", "through tokens and dimensions"],
  ["↑ ↓", "through keys and steps"],
  ["Enter", "choose"],
  ["Esc", "back to the strongest edge"],
  ["[ ]", "layer before, layer after"],
];

/**
 * @param {import("../../core/shell.js").Shell} frame
 * @param {Store} store
 * @param {{onTable: () => boolean, copyText: () => string}} on onTable: whether it is open now
 */
export function toolbar(frame, store, { onTable, copyText }) {
  const set = (/** @type {Partial<State>} */ values) => store.set(values);
  const layers = layerControl({
    onLayer: (layer) => set({ layer }),
    isHere: (layer) => store.parts.some((part) => part.layer === layer),
  });
  const heads = headControl({
    single: true,
    onPreview: () => {},
    onChange: ({ heads }) => set({ heads }),
  });
  const order = segmented({
    label: "Order of the dimensions",
    options: [
      { value: "dimension", label: "by dimension", title: "Dimensions as in the model" },
      { value: "contribution", label: "by contribution", title: "What adds most stands first" },
    ],
    value: "dimension",
    onChange: (value) => set({ order: /** @type {State["order"]} */ (value) }),
  });
  const kinds = kindControl(set);
  const desk = textDesk({
    text: () => wholeText(store.state.text, store.tokens?.query ?? null),
    onSubmit: (text) => set({ text }),
  });
  const actions = actionButtons(frame, {
    onEdit: desk.toggle,
    table: "Table of dimensions",
    pressed: false,
    onTable,
    copyText,
    keys: KEYS,
  });
  frame.controls.append(kinds.element, layers.element);
  const row = div("lmw-row", heads.element);
  frame.figure.before(row);
  frame.figure.before(desk.element);

  const stopKeys = hotkeys(frame.root, {
    "[": () => layers.step(-1),
    "]": () => layers.step(1),
    Escape: () => set({ token: null, key: null }),
  });

  return {
    order: order.element,
    /** @param {Theme} theme @param {{canEdit: boolean, kernelGone: boolean}} now */
    update(theme, { canEdit, kernelGone }) {
      const { state, figure, tokens } = store;
      const name = figure.title || "Query and key";
      showTitle(frame.title, name, figure);
      layers.set(state, figure);
      heads.set({ ...state, heads: [store.head] }, figure, theme);
      order.set(state.order);
      row.hidden = !tokens;
      const why = kernelGone ? "Editing needs a running kernel" : null;
      actions.setEdit({ shown: canEdit, why });
      kinds.set(state.kind, figure);
    },
    destroy() {
      layers.destroy();
      heads.destroy();
      stopKeys();
    },
  };
}

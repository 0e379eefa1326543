/** The controls of a QueryKeyView; what they show follows the state. */

import { headControl, kindControl, layerControl } from "../../attention/controls.js";
import { wholeText } from "../../attention/text.js";
import { copyToClipboard } from "../../core/clipboard.js";
import { iconButton, segmented } from "../../core/controls.js";
import { h, replace } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { keyList, popover } from "../../core/popover.js";
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
  const kinds = h("div", { class: "lmw-kinds" });
  let kindsShown = "";
  const desk = textDesk({
    text: () => wholeText(store.state.text, store.tokens?.query ?? null),
    onSubmit: (text) => set({ text }),
  });
  const edit = iconButton({ icon: "edit", label: "Edit the text", onClick: desk.toggle });
  const table = iconButton({
    icon: "table",
    label: "Table of dimensions",
    pressed: false,
    onClick: () => table.setAttribute("aria-pressed", String(onTable())),
  });
  const copy = iconButton({
    icon: "copy",
    label: "Copy the numbers as text",
    onClick: async () => {
      const done = await copyToClipboard(copyText(), frame.root);
      replace(copy, icon(done ? "check" : "close"));
      frame.say(done ? "Copied." : "The browser did not allow copying.");
      setTimeout(() => replace(copy, icon("copy")), 1200);
    },
  });
  const help = iconButton({ icon: "help", label: "Keys and mouse", onClick: () => {} });
  frame.actions.append(edit, table, copy, help);
  popover(frame.root, help, keyList(KEYS), "Keys and mouse");
  frame.controls.append(kinds, layers.element);
  const row = h("div", { class: "lmw-row" }, heads.element);
  frame.figure.before(row);
  frame.figure.before(desk.element);

  const keydown = (/** @type {KeyboardEvent} */ event) => {
    const from = event.composedPath()[0];
    const typing = from instanceof HTMLElement && from.matches("textarea, input:not([type=range])");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "[" || event.key === "]") layers.step(event.key === "[" ? -1 : 1);
    else if (event.key === "Escape") set({ token: null, key: null });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  frame.root.addEventListener("keydown", keydown);

  return {
    order: order.element,
    /** @param {Theme} theme @param {{canEdit: boolean, kernelGone: boolean}} now */
    update(theme, { canEdit, kernelGone }) {
      const { state, figure, tokens } = store;
      const name = figure.title || "Query and key";
      replace(frame.title, h("strong", null, name), figure.model ? ` · ${figure.model}` : "");
      layers.set(state, figure);
      heads.set({ ...state, heads: [store.head] }, figure, theme);
      order.set(state.order);
      row.hidden = !tokens;
      edit.hidden = !canEdit;
      edit.disabled = kernelGone;
      kinds.hidden = figure.kinds.length < 2;
      if (!kinds.hidden && kindsShown !== figure.kinds.join() + state.kind) {
        kindsShown = figure.kinds.join() + state.kind;
        replace(kinds, kindControl(figure.kinds, state.kind, set).element);
      }
    },
    destroy() {
      layers.destroy();
      heads.destroy();
      frame.root.removeEventListener("keydown", keydown);
    },
  };
}

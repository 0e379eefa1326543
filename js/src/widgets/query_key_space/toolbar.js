/** The controls of a QueryKeySpace; what they show follows the state. */

import { headControl, layerControl } from "../../attention/controls.js";
import { copyToClipboard } from "../../core/clipboard.js";
import { iconButton, segmented } from "../../core/controls.js";
import { h, replace } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { icon } from "../../core/icons.js";
import { keyList, popover } from "../../core/popover.js";
import { textDesk } from "../../core/text_desk.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types").State} State */
/** @typedef {import("../../core/types").Theme} Theme */

/** @type {[string, string][]} */
const KEYS = [
  ["hover", "a point: its token, and lines to what it is tied to"],
  ["click", "keep it; its sentence is written out"],
  ["drag", "move the picture"],
  ["ctrl-wheel", "zoom; a click into the picture first, and Ctrl is not needed"],
  ["+ − 0", "in the picture: zoom, show all"],
  ["← →", "in the sentence: the next token"],
  ["Enter", "keep it, or change between query and key"],
  ["Esc", "let it go"],
  ["[ ]", "layer before, layer after"],
  ["/", "find a token"],
];
const COLOURS = [
  ["kind", "query or key"],
  ["position", "place in the sentence"],
  ["token", "token"],
  ["sentence", "sentence"],
  ["norm", "length of the vector"],
];

/**
 * @param {import("../../core/shell.js").Shell} frame
 * @param {Store} store
 * @param {{onTable: () => boolean, copyText: () => string}} on
 */
export function toolbar(frame, store, { onTable, copyText }) {
  const set = (/** @type {Partial<State>} */ values) => store.set(values);
  const layers = layerControl({ onLayer: (layer) => set({ layer }), isHere: () => false });
  const heads = headControl({
    single: true,
    onPreview: () => {},
    onChange: ({ heads }) => set({ heads }),
  });
  const methods = segmented({
    label: "How dimensions become two",
    options: [
      { value: "pca", label: "PCA", title: "The two directions of most variance" },
      { value: "tsne", label: "t-SNE", title: "Keeps neighbours together; distances say less" },
      { value: "umap", label: "UMAP", title: "Keeps neighbours together; distances say less" },
    ],
    value: "pca",
    onChange: (method) => set({ method: /** @type {State["method"]} */ (method) }),
  });
  const colour = h(
    "select",
    {
      class: "lmw-field",
      "aria-label": "Colour",
      onchange: () => set({ colour: /** @type {State["colour"]} */ (colour.value) }),
    },
    COLOURS.map(([value, name]) => h("option", { value }, name)),
  );
  const search = h("input", {
    type: "search",
    class: "lmw-field lmw-space-search",
    placeholder: "find a token",
    "aria-label": "Find a token",
    autocomplete: "off",
    spellcheck: "false",
    oninput: () => set({ search: search.value }),
    onkeydown(/** @type {KeyboardEvent} */ event) {
      event.stopPropagation();
      if (event.key === "Escape") set({ search: "" });
    },
  });
  const found = h("span", { class: "lmw-muted lmw-space-found", role: "status" });
  const desk = textDesk({ text: () => "", onSubmit: (text) => set({ text }) });
  const add = iconButton({ icon: "edit", label: "Add a sentence", onClick: desk.toggle });
  const table = iconButton({
    icon: "table",
    label: "Table of the sentence’s points",
    pressed: false,
    onClick: () => table.setAttribute("aria-pressed", String(onTable())),
  });
  const copy = iconButton({
    icon: "copy",
    label: "Copy the sentence’s points as text",
    onClick: async () => {
      const done = await copyToClipboard(copyText(), frame.root);
      replace(copy, icon(done ? "check" : "close"));
      frame.say(done ? "Copied." : "The browser did not allow copying.");
      setTimeout(() => replace(copy, icon("copy")), 1200);
    },
  });
  const help = iconButton({ icon: "help", label: "Keys and mouse", onClick: () => {} });
  frame.actions.append(add, table, copy, help);
  popover(frame.root, help, keyList(KEYS), "Keys and mouse");
  frame.controls.append(layers.element, methods.element);
  const row = h(
    "div",
    { class: "lmw-space-row" },
    heads.element,
    h("label", { class: "lmw-check" }, h("span", { class: "lmw-label" }, "Colour"), colour),
    h("span", { class: "lmw-check" }, search, found),
  );
  frame.figure.before(row);
  frame.figure.before(desk.element);

  const keydown = (/** @type {KeyboardEvent} */ event) => {
    const from = event.composedPath()[0];
    const typing =
      from instanceof HTMLElement && from.matches("textarea, select, input:not([type=range])");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "[" || event.key === "]") layers.step(event.key === "[" ? -1 : 1);
    else if (event.key === "/") search.focus();
    else if (event.key === "Escape") set({ token: null });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  frame.root.addEventListener("keydown", keydown);

  return {
    /** @param {Theme} theme @param {{frozen: string | null, matches: number}} now frozen: why nothing can be computed */
    update(theme, { frozen, matches }) {
      const { state, figure } = store;
      const name = figure.title || "Query-key space";
      replace(frame.title, h("strong", null, name), figure.model ? ` · ${figure.model}` : "");
      layers.set(state, figure);
      heads.set({ ...state, heads: [state.heads[0] ?? 0] }, figure, theme);
      methods.set(state.method);
      colour.value = state.colour;
      if (search.value !== state.search) search.value = state.search;
      found.textContent = state.search.trim() ? `${count(matches)} tokens` : "";
      add.hidden = !figure.editable || Boolean(store.model.lmwStandalone);
      add.disabled = frozen !== null;
      // What would have to be computed is closed in a page that has only this head.
      for (const part of [layers.element, heads.element, methods.element]) {
        part.toggleAttribute("inert", frozen !== null);
        part.title = frozen ?? "";
      }
    },
    destroy() {
      layers.destroy();
      heads.destroy();
      frame.root.removeEventListener("keydown", keydown);
    },
  };
}

/** The controls of a QueryKeySpace; what they show follows the state. */

import { headControl, layerControl, showTitle } from "../../attention/controls.js";
import { actionButtons } from "../../core/actions.js";
import { segmented } from "../../core/controls.js";
import { div, h, span } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { hotkeys } from "../../core/hotkeys.js";
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
  const actions = actionButtons(frame, {
    edit: "Add a sentence",
    onEdit: desk.toggle,
    table: "Table of the sentence’s points",
    pressed: false,
    onTable,
    copy: "Copy the sentence’s points as text",
    copyText,
    keys: KEYS,
  });
  frame.controls.append(layers.element, methods.element);
  const row = div(
    "lmw-space-row",
    heads.element,
    h("label", { class: "lmw-check" }, span("lmw-label", "Colour"), colour),
    span("lmw-check", search, found),
  );
  frame.figure.before(row);
  frame.figure.before(desk.element);

  const stopKeys = hotkeys(frame.root, {
    "[": () => layers.step(-1),
    "]": () => layers.step(1),
    "/": () => search.focus(),
    Escape: () => set({ token: null }),
  });

  return {
    /** @param {Theme} theme @param {{frozen: string | null, matches: number}} now frozen: why nothing can be computed */
    update(theme, { frozen, matches }) {
      const { state, figure } = store;
      const name = figure.title || "Query-key space";
      showTitle(frame.title, name, figure);
      layers.set(state, figure);
      heads.set({ ...state, heads: [state.heads[0] ?? 0] }, figure, theme);
      methods.set(state.method);
      colour.value = state.colour;
      if (search.value !== state.search) search.value = state.search;
      found.textContent = state.search.trim() ? `${count(matches)} tokens` : "";
      actions.setEdit({
        shown: figure.editable && !store.model.lmwStandalone,
        why: frozen,
      });
      // What would have to be computed is closed in a page that has only this head.
      for (const part of [layers.element, heads.element, methods.element]) {
        part.toggleAttribute("inert", frozen !== null);
        part.title = frozen ?? "";
      }
    },
    destroy() {
      layers.destroy();
      heads.destroy();
      stopKeys();
    },
  };
}

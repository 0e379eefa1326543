/** All controls of a matrix in their places; what they show follows the state. */

import { headControl, kindControl, layerControl, showTitle } from "../../attention/controls.js";
import { wholeText } from "../../attention/text.js";
import { actionButtons } from "../../core/actions.js";
import { iconButton, segmented, textButton } from "../../core/controls.js";
import { aria, div, h, span } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { foldedRow } from "../../core/shell.js";
import { textDesk } from "../../core/text_desk.js";

/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Matrix} Matrix */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("../../core/types").Theme} Theme */

/** @type {[string, string][]} */
const KEYS = [
  ["hover", "a cell: its weight; a token at an edge: its row or column"],
  ["click", "keep it"],
  ["drag", "move over the matrix"],
  ["ctrl-wheel", "nearer, farther; the wheel alone after a click; two fingers"],
  ["double-click", "a cell and its neighbours, large"],
  ["← ↑ ↓ →", "from cell to cell"],
  ["Enter", "keep the cell, or let it go"],
  ["Esc", "let it go"],
  ["+ −", "nearer, farther"],
  ["0", "the whole matrix"],
  ["[ ]", "layer before, layer after"],
];
const POOLS = { token: "tokens", word: "words", sentence: "sentences", turn: "turns" };
const SCALES = {
  head: "to the largest",
  row: "to each row’s largest",
  global: "to 1",
  log: "logarithmic",
};

/**
 * @template {string} Value
 * @param {{label: string, title: string, options: Record<Value, string>, onChange: (value: Value) => void}} settings
 */
function choice({ label, title, options, onChange }) {
  const select = h(
    "select",
    {
      class: "lmw-field",
      "aria-label": label,
      onchange: () => onChange(/** @type {Value} */ (select.value)),
    },
    Object.entries(options).map(([value, words]) => h("option", { value }, String(words))),
  );
  const element = h("label", { class: "lmw-check", title }, span("lmw-label", label), select);
  return {
    element,
    /** @param {Value} value */
    set(value) {
      select.value = value;
    },
    /** @param {(value: Value) => string | null} why an option cannot be had */
    limit(why) {
      for (const option of select.options) {
        const reason = why(/** @type {Value} */ (option.value));
        option.disabled = reason !== null;
        option.title = reason ?? "";
      }
    },
  };
}

/**
 * @param {import("../../core/shell.js").Shell} frame
 * @param {Store} store
 * @param {{picture: Picture, onZoom: (step: -1 | 0 | 1) => void, onTable: () => boolean,
 *   copyText: () => string | null}} on
 */
export function toolbar(frame, store, { picture, onZoom, onTable, copyText }) {
  const set = (/** @type {Partial<State>} */ values) => store.set(values);
  const layers = layerControl({
    onLayer: (layer) => set({ layer }),
    isHere: (layer) => Boolean(store.data?.has(layer)),
  });
  const heads = headControl({
    onChange: ({ heads: next }) => next && set({ heads: next }),
    onPreview: () => {},
  });
  const kinds = kindControl(({ kind }) => set({ kind, token: null, key: null }));
  const pool = choice({
    label: "Cells of",
    title: "What rows and columns stand for",
    options: POOLS,
    onChange: (value) => set({ pool: value, token: null, key: null }),
  });
  const scale = choice({
    label: "Colour",
    title: "Where the colour ends",
    options: SCALES,
    onChange: (value) => set({ scale: value }),
  });
  const theme = segmented({
    label: "Theme",
    options: [
      { value: "auto", label: "auto" },
      { value: "light", label: "light" },
      { value: "dark", label: "dark" },
    ],
    value: "auto",
    onChange: (value) => set({ theme: /** @type {State["theme"]} */ (value) }),
  });
  const into = iconButton({ icon: "plus", label: "Zoom in", keys: "+", onClick: () => onZoom(1) });
  const out = iconButton({
    icon: "minus",
    label: "Zoom out",
    keys: "−",
    onClick: () => onZoom(-1),
  });
  const all = textButton({
    label: "whole",
    title: "The whole matrix (0)",
    pressed: false,
    onClick: () => onZoom(0),
  });
  const words = h("span", { class: "lmw-zoom-words", "aria-hidden": "true" });
  const zoom = h(
    "div",
    { class: "lmw-zoom", role: "group", "aria-label": "Zoom" },
    out,
    into,
    all,
    words,
  );
  const desk = textDesk({
    text: () => wholeText(store.state.text, store.tokens?.query ?? null),
    onSubmit: (text) => set({ text, token: null, key: null }),
  });
  const row = div("lmw-row", heads.element, pool.element, scale.element);
  frame.controls.append(kinds.element, layers.element, zoom);
  frame.figure.before(row);
  const folded = foldedRow(frame, { label: "More controls" });
  folded.add(theme.element);
  frame.figure.before(desk.element);

  const actions = actionButtons(frame, {
    onEdit: desk.toggle,
    more: folded,
    table: "Table of weights",
    onTable,
    copyText,
    keys: KEYS,
  });

  return {
    stepLayer: layers.step,
    setEdit: actions.setEdit,
    /** @param {Theme} now @param {(pool: State["pool"]) => string | null} whyNot */
    update(now, whyNot) {
      const { state, figure, tokens } = store;
      const name = figure.title || "Attention";
      showTitle(frame.title, name, figure);
      layers.set(state, figure);
      heads.set({ layer: state.layer, heads: state.heads }, figure, now);
      pool.set(state.pool);
      pool.limit(whyNot);
      scale.set(state.scale);
      theme.set(state.theme);
      row.hidden = !tokens;
      zoom.hidden = !tokens;
      kinds.set(state.kind, figure);
    },
    showZoom() {
      const { rows } = picture.seen;
      const said = picture.isWhole ? "" : `rows ${count(rows[0])}–${count(rows[1] - 1)}`;
      if (words.textContent !== said) words.textContent = said;
      out.disabled = picture.isWhole;
      into.disabled = !picture.canZoomIn;
      aria(all, "pressed", picture.isWhole);
    },
    destroy() {
      layers.destroy();
      heads.destroy();
    },
  };
}

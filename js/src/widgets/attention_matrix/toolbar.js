/** All controls of a matrix in their places; what they show follows the state. */

import { headControl, kindControl, layerControl } from "../../attention/controls.js";
import { wholeText } from "../../attention/text.js";
import { copyToClipboard } from "../../core/clipboard.js";
import { iconButton, segmented, textButton } from "../../core/controls.js";
import { h, replace } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { icon } from "../../core/icons.js";
import { keyList, popover } from "../../core/popover.js";
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
  const element = h(
    "label",
    { class: "lmw-check", title },
    h("span", { class: "lmw-label" }, label),
    select,
  );
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
 * @param {{picture: Picture, onZoom: (step: -1 | 0 | 1) => void, onDetails: () => void,
 *   copyText: () => string | null}} on
 */
export function toolbar(frame, store, { picture, onZoom, onDetails, copyText }) {
  const set = (/** @type {Partial<State>} */ values) => store.set(values);
  const layers = layerControl({
    onLayer: (layer) => set({ layer }),
    isHere: (layer) => Boolean(store.data?.has(layer)),
  });
  const heads = headControl({
    onChange: ({ heads: next }) => next && set({ heads: next }),
    onPreview: () => {},
  });
  const kinds = h("div", { class: "lmw-kinds" });
  let kindsShown = "";
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
  const row = h("div", { class: "lmw-row" }, heads.element, pool.element, scale.element);
  frame.controls.append(kinds, layers.element, zoom);
  frame.figure.before(row);
  const folded = foldedRow(frame, { label: "More controls" });
  folded.add(theme.element);
  frame.figure.before(desk.element);

  const edit = iconButton({ icon: "edit", label: "Edit the text", onClick: desk.toggle });
  const more = iconButton({
    icon: "more",
    label: "More controls",
    onClick() {
      folded.toggle(folded.element.hidden);
      more.setAttribute("aria-expanded", String(!folded.element.hidden));
    },
  });
  more.setAttribute("aria-expanded", "false");
  const table = iconButton({ icon: "table", label: "Table of weights", onClick: onDetails });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const copy = iconButton({
    icon: "copy",
    label: "Copy the numbers as text",
    onClick: async () => {
      const done = await copyToClipboard(copyText() ?? "", frame.root);
      replace(copy, icon(done ? "check" : "close"));
      frame.say(done ? "Copied." : "The browser did not allow copying.");
      timer = setTimeout(() => replace(copy, icon("copy")), 1200);
    },
  });
  const help = iconButton({ icon: "help", label: "Keys and mouse", onClick: () => {} });
  frame.actions.append(edit, more, table, copy, help);
  popover(frame.root, help, keyList(KEYS), "Keys and mouse");

  return {
    stepLayer: layers.step,
    /** @param {boolean} open */
    setDetails: (open) => table.setAttribute("aria-pressed", String(open)),
    /** @param {{shown: boolean, why: string | null}} state why editing is not possible now */
    setEdit({ shown, why }) {
      edit.hidden = !shown;
      edit.disabled = why !== null;
      edit.title = why ?? "Edit the text";
    },
    /** @param {Theme} now @param {(pool: State["pool"]) => string | null} whyNot */
    update(now, whyNot) {
      const { state, figure, tokens } = store;
      const name = figure.title || "Attention";
      replace(frame.title, h("strong", null, name), figure.model ? ` · ${figure.model}` : "");
      layers.set(state, figure);
      heads.set({ layer: state.layer, heads: state.heads }, figure, now);
      pool.set(state.pool);
      pool.limit(whyNot);
      scale.set(state.scale);
      theme.set(state.theme);
      row.hidden = !tokens;
      zoom.hidden = !tokens;
      kinds.hidden = figure.kinds.length < 2;
      if (!kinds.hidden && kindsShown !== figure.kinds.join() + state.kind) {
        kindsShown = figure.kinds.join() + state.kind;
        const choose = ({ kind = state.kind }) => set({ kind, token: null, key: null });
        replace(kinds, kindControl(figure.kinds, state.kind, choose).element);
      }
    },
    showZoom() {
      const { rows } = picture.seen;
      const said = picture.isWhole ? "" : `rows ${count(rows[0])}–${count(rows[1] - 1)}`;
      if (words.textContent !== said) words.textContent = said;
      out.disabled = picture.isWhole;
      into.disabled = !picture.canZoomIn;
      all.setAttribute("aria-pressed", String(picture.isWhole));
    },
    destroy() {
      clearTimeout(timer);
      layers.destroy();
      heads.destroy();
    },
  };
}

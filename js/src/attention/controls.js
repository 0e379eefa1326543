/** Controls of every widget of attention: layer, heads, which attention. */

import { headColour } from "../core/colour.js";
import { iconButton, segmented, slider, textButton } from "../core/controls.js";
import { aria, div, h, replace, span } from "../core/dom.js";
import { clamp } from "../core/format.js";
import { roving } from "../core/keyboard.js";

/** @typedef {import("../core/types").Theme} Theme */
/** @typedef {Pick<import("./types").Chosen, "layer" | "heads"> & {mean?: boolean}} Shown */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").Chosen} Chosen */
/** @typedef {(values: Partial<Chosen>) => void} Set */

/** Layers that Python must send wait for the slider to rest. */
const REST = 120;

/**
 * @param {{onLayer: (layer: number) => void, isHere: (layer: number) => boolean}} on
 */
export function layerControl({ onLayer, isHere }) {
  /** @type {Figure | null} */
  let figure = null;
  let shown = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const label = (/** @type {number} */ layer) => String(figure?.layer_numbers[layer] ?? layer);

  /** @param {number} layer */
  function go(layer) {
    const last = (figure?.layers ?? 1) - 1;
    const next = clamp(layer, 0, last);
    range.set(next);
    clearTimeout(timer);
    if (isHere(next)) onLayer(next);
    else timer = setTimeout(() => onLayer(next), REST);
    shown = next;
  }

  const range = slider({
    label: "Layer",
    min: 0,
    max: 0,
    step: 1,
    value: 0,
    format: label,
    onInput: go,
    title: "Layer: [ and ] step through them",
  });
  const step = (/** @type {number} */ by) => () => go(shown + by);
  const [name, input, value] = range.element.children;
  const element = div(
    "lmw-layer lmw-slider",
    name,
    value,
    iconButton({ icon: "previous", label: "Previous layer", keys: "[", onClick: step(-1) }),
    input,
    iconButton({ icon: "next", label: "Next layer", keys: "]", onClick: step(1) }),
  );
  return {
    element,
    step: (/** @type {number} */ by) => go(shown + by),
    /** @param {Shown} state @param {Figure} next */
    set(state, next) {
      figure = next;
      shown = state.layer;
      element.hidden = next.layers < 2;
      range.set(state.layer, Math.max(0, next.layers - 1));
    },
    destroy: () => clearTimeout(timer),
  };
}

/**
 * The heads after a click on one of them. No head chosen means all.
 * @param {number[]} heads
 * @param {number} head
 * @param {number} count
 * @param {boolean} only
 */
export function nextHeads(heads, head, count, only) {
  const all = Array.from({ length: count }, (_, i) => i);
  const current = heads.length > 0 ? heads : all;
  if (only) return current.length === 1 && current[0] === head ? [] : [head];
  const next = current.includes(head)
    ? current.filter((other) => other !== head)
    : [...current, head].sort((a, b) => a - b);
  return next.length === 0 || next.length === count ? [] : next;
}

/**
 * One chip a head, in the head's colour.
 * @param {{onChange: Set, onPreview: (head: number | null) => void, single?: boolean}} on
 *   single: one head at a time
 */
export function headControl({ onChange, onPreview, single = false }) {
  const chips = h("div", { class: "lmw-chips", role: "group", "aria-label": "Heads" });
  const all = textButton({
    label: "all",
    title: "Show every head",
    pressed: false,
    onClick: () => onChange({ heads: [] }),
  });
  const mean = textButton({
    label: "mean",
    title: "Draw the mean of the heads shown, in one colour (weighted: inspection.combine)",
    pressed: false,
    onClick: () => onChange({ mean: !state.mean }),
  });
  const element = div(
    "lmw-heads",
    span("lmw-label", single ? "Head" : "Heads"),
    chips,
    single ? [] : [all, mean],
  );
  const keys = roving(chips, ".lmw-chip", { orientation: "horizontal" });
  let state = /** @type {Shown} */ ({ heads: /** @type {number[]} */ ([]), mean: false });
  let drawn = "";
  let count = 0;

  const headOf = (/** @type {Event} */ event) => {
    const chip = event.target instanceof Element ? event.target.closest(".lmw-chip") : null;
    return chip instanceof HTMLElement ? Number(chip.dataset.head) : null;
  };
  chips.addEventListener("click", (event) => {
    const head = headOf(event);
    if (head === null) return;
    const only = event.shiftKey || event.altKey;
    onChange({ heads: single ? [head] : nextHeads(state.heads, head, count, only) });
  });
  chips.addEventListener("dblclick", (event) => {
    const head = headOf(event);
    if (head !== null) onChange({ heads: [head] });
  });
  chips.addEventListener("pointerover", (event) => onPreview(headOf(event)));
  chips.addEventListener("pointerleave", () => onPreview(null));

  return {
    element,
    /** @param {Shown} next @param {Figure} figure @param {Theme} theme */
    set(next, figure, theme) {
      state = next;
      count = figure.heads[next.layer] ?? 0;
      element.hidden = count < 2;
      if (drawn !== `${count} ${theme}`) {
        drawn = `${count} ${theme}`;
        replace(
          chips,
          Array.from({ length: count }, (_, head) => chip(head, theme, single)),
        );
        keys.refresh();
      }
      const on = (/** @type {number} */ head) =>
        next.heads.length === 0 || next.heads.includes(head);
      for (const element of chips.children) {
        aria(element, "pressed", on(Number(/** @type {HTMLElement} */ (element).dataset.head)));
      }
      chips.classList.toggle("lmw-chips-mean", Boolean(next.mean) || figure.signed);
      aria(all, "pressed", next.heads.length === 0);
      aria(mean, "pressed", Boolean(next.mean));
      mean.hidden = next.mean === undefined;
    },
    destroy: () => keys.destroy(),
  };
}

/** @param {number} head @param {Theme} theme @param {boolean} single */
function chip(head, theme, single) {
  const clicks = "click switches it on or off, double-click or shift-click shows only it";
  return h(
    "button",
    {
      class: "lmw-chip",
      title: single ? `Head ${head}` : `Head ${head}: ${clicks}`,
      "aria-label": `Head ${head}`,
      dataset: { head: String(head) },
      style: { "--lmw-head": headColour(head, theme) },
    },
    String(head),
  );
}

/** @type {Record<string, string>} */
const KINDS = {
  self: "How the tokens attend to one another",
  encoder: "How the tokens of the input attend to one another",
  decoder: "How the tokens of the output attend to one another",
  cross: "How the tokens of the output attend to those of the input",
};

/** Encoder, decoder or cross attention, where there is more than one. @param {Set} onChange */
export function kindControl(onChange) {
  const element = h("div", { class: "lmw-kinds", hidden: true });
  let drawn = "";
  return {
    element,
    /** @param {string} kind @param {Figure} figure */
    set(kind, { kinds }) {
      element.hidden = kinds.length < 2;
      const now = kinds.join() + kind;
      if (element.hidden || drawn === now) return;
      drawn = now;
      const choice = segmented({
        label: "Which attention",
        options: kinds.map((value) => ({ value, label: value, title: KINDS[value] })),
        value: kind,
        onChange: (value) => onChange({ kind: value }),
      });
      replace(element, choice.element);
    },
  };
}

/** What this is, and of which model. @param {HTMLElement} element @param {string} name @param {Figure} figure */
export function showTitle(element, name, { model }) {
  replace(element, h("strong", null, name), model ? ` · ${model}` : "");
}

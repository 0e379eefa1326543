/** Controls of the grid: which number, which order, which filters, which labels. */

import { iconButton, segmented, slider, textButton } from "../../core/controls.js";
import { aria, div, h, replace, span } from "../../core/dom.js";
import { inUnits, nameOf, WORDS } from "./statistics.js";
import { MIXED, shortOf } from "./types_words.js";

/** @typedef {import("./types").State} State */
/** @typedef {(values: Partial<State>) => void} Set */

const STEPS = 100;

/**
 * A menu with a name.
 * @param {{label: string, shown?: boolean, onChange: (value: string) => void}} options
 */
function menu({ label, shown = true, onChange }) {
  const select = h("select", {
    class: "lmw-field",
    "aria-label": label,
    onchange: () => onChange(select.value),
  });
  const element = h(
    "label",
    { class: "lmw-slider" },
    shown ? span("lmw-label", label) : null,
    select,
  );
  let drawn = "";
  return {
    element,
    /** @param {{value: string, label: string, title?: string}[]} options @param {string} value */
    set(options, value) {
      const mark = options.map((option) => `${option.value} ${option.label}`).join("\n");
      if (drawn !== mark) {
        drawn = mark;
        replace(
          select,
          options.map((option) =>
            h("option", { value: option.value, title: option.title }, option.label),
          ),
        );
      }
      select.value = value;
    },
  };
}

/** Which number stands under the heads, and in what order they are. @param {Set} set */
export function orderControls(set) {
  const statistic = menu({
    label: "Number",
    onChange: (value) => set({ statistic: value, at_least: null, at_most: null }),
  });
  const order = menu({
    label: "Order",
    onChange: (value) => {
      const [by, direction] = value.split(" ");
      set({ order: /** @type {State["order"]} */ (by), descending: direction === "down" });
    },
  });
  const flat = segmented({
    label: "Which heads are ordered together",
    options: [
      { value: "layers", label: "by layer", title: "A row for each layer" },
      { value: "all", label: "all heads", title: "The heads of all layers in one order" },
    ],
    value: "layers",
    onChange: (value) => set({ flat: value === "all" }),
  });
  return {
    elements: [statistic.element, order.element],
    flat: flat.element,
    /** @param {State} state @param {string[]} names @param {boolean} typed */
    update(state, names, typed) {
      const known = names.includes(state.statistic);
      statistic.element.hidden = names.length === 0;
      statistic.set(
        [
          ...names.map((name) => ({ value: name, label: nameOf(name), title: WORDS[name]?.what })),
          { value: "", label: "none" },
        ],
        known ? state.statistic : "",
      );
      const number = known ? nameOf(state.statistic) : "";
      order.set(
        [
          { value: "head", label: "head number" },
          ...(known
            ? [
                { value: "statistic", label: `least ${number} first` },
                { value: "statistic down", label: `most ${number} first` },
              ]
            : []),
          ...(typed ? [{ value: "type", label: "type" }] : []),
        ],
        state.order === "statistic" && state.descending ? "statistic down" : state.order,
      );
      flat.set(state.flat ? "all" : "layers");
    },
  };
}

/** Heads outside of a range of the number fade. @param {Set} set */
export function rangeFilter(set) {
  /** @type {"at_most" | "at_least"} */
  let end = "at_most";
  let [low, high] = [0, 1];
  let name = "";
  const toValue = (/** @type {number} */ step) => low + ((high - low) * step) / STEPS;
  const send = (/** @type {number} */ step) => {
    const off = step === (end === "at_most" ? STEPS : 0);
    const other = end === "at_most" ? "at_least" : "at_most";
    set({ [end]: off ? null : Number(toValue(step).toPrecision(3)), [other]: null });
  };
  const which = menu({
    label: "Filter by the number",
    shown: false,
    onChange(value) {
      end = /** @type {"at_most" | "at_least"} */ (value);
      set({ at_most: null, at_least: null });
      range.set(end === "at_most" ? STEPS : 0);
    },
  });
  const range = slider({
    label: "",
    min: 0,
    max: STEPS,
    step: 1,
    value: STEPS,
    format: (step) => inUnits(name, toValue(step)),
    onInput: send,
    title: "Heads beyond fade away",
  });
  const element = h(
    "div",
    { class: "lmw-grid-filter", role: "group" },
    which.element,
    range.element,
  );
  return {
    element,
    /** @param {State} state @param {Float32Array | null} values */
    update(state, values) {
      element.hidden = !values;
      if (!values) return;
      name = state.statistic;
      const known = [...values].filter((value) => !Number.isNaN(value));
      element.hidden = known.length === 0;
      if (element.hidden) return;
      [low, high] = [Math.min(...known), Math.max(...known)];
      if (state.at_least !== null) end = "at_least";
      else if (state.at_most !== null) end = "at_most";
      which.set(
        [
          { value: "at_most", label: `${nameOf(name)} at most` },
          { value: "at_least", label: `${nameOf(name)} at least` },
        ],
        end,
      );
      aria(range.input, "label", `${nameOf(name)} ${end.replace("_", " ")}`);
      const value = state[end] ?? (end === "at_most" ? high : low);
      range.set(Math.round((STEPS * (value - low)) / (high - low || 1)));
    },
  };
}

/** One chip a type of heads; or the button that finds the types. @param {Set} set */
export function typeFilter(set) {
  const find = textButton({
    label: "Label heads",
    title:
      "Find what each head does: a pass over ordinary text, and one over repeated random words",
    onClick: () => set({ types: true }),
  });
  const chips = h("div", { class: "lmw-chips", role: "group", "aria-label": "Types of heads" });
  const clear = iconButton({
    icon: "close",
    label: "Show heads of every type",
    onClick: () => set({ show_types: [] }),
  });
  const failed = span("lmw-muted");
  const element = div("lmw-grid-types", span("lmw-label", "Types"), find, chips, clear, failed);
  return {
    element,
    /**
     * @param {State} state
     * @param {import("./types").TypesWire} types
     * @param {Map<string, number>} counts
     * @param {{possible: boolean, side: number}} figure
     */
    update(state, { labels, meanings, error }, counts, { possible, side }) {
      find.hidden = labels !== null || error !== "" || !possible;
      find.disabled = state.types;
      chips.hidden = labels === null;
      clear.hidden = labels === null || state.show_types.length === 0;
      failed.textContent = error;
      element.hidden = labels === null && !possible && !error;
      replace(
        chips,
        [...counts].map(([name, count]) =>
          h(
            "button",
            {
              class: "lmw-button lmw-type-chip",
              title: meanings[name] ?? "of none of these types",
              "aria-pressed": String(state.show_types.includes(name)),
              onclick: () => set({ show_types: toggled(state.show_types, name) }),
            },
            name === MIXED
              ? null
              : h("span", { class: "lmw-tag", "aria-hidden": "true" }, shortOf(name, side)),
            name,
            span("lmw-value lmw-muted", String(count)),
          ),
        ),
      );
    },
  };
}

/** @param {string[]} list @param {string} name */
const toggled = (list, name) =>
  list.includes(name) ? list.filter((other) => other !== name) : [...list, name];

/** What is rarely needed. @param {Set} set */
export function moreControls(set) {
  const scale = segmented({
    label: "Colours",
    options: [
      { value: "head", label: "each head’s own", title: "Darkest is each head’s largest weight" },
      { value: "global", label: "one for all", title: "Darkest is the same weight in every head" },
    ],
    value: "head",
    onChange: (value) => set({ scale: /** @type {State["scale"]} */ (value) }),
  });
  const size = slider({
    label: "Size",
    min: 20,
    max: 128,
    step: 4,
    value: 20,
    format: (value) => (value <= 20 ? "fits" : `${value}\u00a0px`),
    onInput: (value) => set({ size: value <= 20 ? null : value }),
    title: "Side of a head",
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
  const named = (/** @type {string} */ name, /** @type {HTMLElement} */ control) =>
    div("lmw-slider", span("lmw-label", name), control);
  return {
    elements: [named("Colour scale", scale.element), size.element, named("Theme", theme.element)],
    /** @param {State} state */
    update(state) {
      scale.set(state.scale);
      size.set(state.size ?? 20);
      theme.set(/** @type {"auto" | "light" | "dark"} */ (state.theme));
    },
  };
}

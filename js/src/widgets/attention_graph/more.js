/** Controls that are rarely needed, and the token search. */

import { checkbox, segmented, slider } from "../../core/controls.js";
import { h } from "../../core/dom.js";
import { number } from "../../core/format.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("../../core/types").ThemePreference} ThemePreference */
/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Place} Place */

const STEPS = 100;

/** The slider's middle is a weight of 0.1: small weights need the room. @param {number} weight */
const toStep = (weight) => Math.round(Math.cbrt(weight) * STEPS);
/** @param {number} step */
const toWeight = (step) => Number(((step / STEPS) ** 3).toPrecision(2));

/**
 * @param {(values: Partial<State>) => void} onChange
 */
export function moreControls(onChange) {
  const threshold = slider({
    label: "Weight at least",
    min: 0,
    max: STEPS,
    step: 1,
    value: 0,
    format: (step) => number(toWeight(step), 2),
    onInput: (step) => onChange({ threshold: toWeight(step) }),
    title: "Edges below this share of a head's attention are not drawn",
  });
  const topK = h("input", {
    type: "number",
    class: "lmw-field lmw-field-number",
    min: "1",
    step: "1",
    placeholder: "all",
    "aria-label": "Strongest edges per token and head",
    onchange: () => {
      const value = Number.parseInt(topK.value, 10);
      onChange({ top_k: value >= 1 ? value : null });
    },
  });
  const special = checkbox({
    label: "hide special tokens",
    checked: false,
    onChange: (hide_special) => onChange({ hide_special }),
  });
  const first = checkbox({
    label: "hide first token",
    checked: false,
    onChange: (hide_first) => onChange({ hide_first }),
    title: "Many heads rest on the first token when they have nothing to do",
  });
  const theme = segmented({
    label: "Theme",
    options: [
      { value: "auto", label: "auto" },
      { value: "light", label: "light" },
      { value: "dark", label: "dark" },
    ],
    value: "auto",
    onChange: (value) => onChange({ theme: /** @type {ThemePreference} */ (value) }),
  });
  const strongest = h(
    "label",
    { class: "lmw-check" },
    h("span", { class: "lmw-label" }, "Strongest"),
    topK,
    h("span", { class: "lmw-label" }, "a token"),
  );
  return {
    elements: [threshold.element, strongest, special.element, first.element, theme.element],
    /** @param {State} state @param {boolean} hasSpecial */
    set(state, hasSpecial) {
      threshold.set(toStep(state.threshold));
      topK.value = state.top_k === null ? "" : String(state.top_k);
      special.set(state.hide_special);
      special.element.hidden = !hasSpecial;
      first.set(state.hide_first);
      theme.set(state.theme);
    },
  };
}

/**
 * Tokens that contain a text, letter case aside.
 * @param {Tokens} tokens
 * @param {string} search
 * @returns {number[]}
 */
export function matches(tokens, search) {
  const wanted = search.trim().toLowerCase();
  if (wanted === "") return [];
  return tokens.text.flatMap((text, i) => (text.toLowerCase().includes(wanted) ? [i] : []));
}

/**
 * @param {{onSearch: (search: string) => void, onJump: (step: 1 | -1) => void, onLeave: () => void}} on
 */
export function searchControl({ onSearch, onJump, onLeave }) {
  const input = h("input", {
    type: "search",
    class: "lmw-field lmw-search",
    placeholder: "find a token",
    "aria-label": "Find a token",
    autocomplete: "off",
    spellcheck: "false",
    oninput: () => onSearch(input.value),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      event.stopPropagation();
      if (event.key === "Enter") onJump(event.shiftKey ? -1 : 1);
      if (event.key !== "Escape") return;
      input.value = "";
      onSearch("");
      onLeave();
    },
  });
  const count = h("span", { class: "lmw-search-count", role: "status" });
  return {
    element: h("span", { class: "lmw-search-box" }, input, count),
    input,
    /** @param {string} search @param {number} found @param {number | null} at */
    set(search, found, at) {
      if (input.value !== search) input.value = search;
      const place = at === null ? "" : `${at + 1} of `;
      count.textContent = search.trim() === "" ? "" : `${place}${found}`;
    },
  };
}

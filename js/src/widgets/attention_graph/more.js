/** Controls that are rarely needed, and the token search. */

import { checkbox, segmented, slider, textButton } from "../../core/controls.js";
import { focused, h, replace, span } from "../../core/dom.js";
import { number } from "../../core/format.js";
import { pairName } from "./caption.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("../../core/types").ThemePreference} ThemePreference */
/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Place} Place */

const STEPS = 100;
const PAIRS = ["all", "A→A", "A→B", "B→A", "B→B"];

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
  const renormalise = checkbox({
    label: "renormalise",
    checked: false,
    onChange: (renormalise) => onChange({ renormalise }),
  });
  const renormaliseBox = /** @type {HTMLInputElement} */ (
    renormalise.element.querySelector("input")
  );
  const turns = turnsControl(onChange);
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
    span("lmw-label", "Strongest"),
    topK,
    span("lmw-label", "a token"),
  );
  return {
    elements: [
      threshold.element,
      strongest,
      special.element,
      first.element,
      renormalise.element,
      turns.element,
      theme.element,
    ],
    /**
     * @param {State} state
     * @param {{hasSpecial: boolean, whyNoRenormalising: string | null, turns: string[],
     *   whyNoTurns: string | null}} picture turns: names of what can be one row
     */
    set(state, { hasSpecial, whyNoRenormalising, turns: names, whyNoTurns }) {
      renormalise.set(state.renormalise);
      renormaliseBox.disabled = whyNoRenormalising !== null;
      renormalise.element.title =
        whyNoRenormalising ?? "The weight of hidden tokens is given to the others";
      turns.set(names, state.collapsed, whyNoTurns);
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
 * Chat turns or texts of a pair as one row each.
 * @param {(values: Partial<State>) => void} onChange
 */
function turnsControl(onChange) {
  const buttons = h("span", { class: "lmw-turns", role: "group", "aria-label": "One row for" });
  const element = h(
    "span",
    { class: "lmw-check", hidden: true },
    span("lmw-label", "One row for"),
    buttons,
  );
  let drawn = "";
  return {
    element,
    /** @param {string[]} names @param {number[]} collapsed @param {string | null} why not */
    set(names, collapsed, why) {
      element.hidden = names.length < 2;
      const wanted = JSON.stringify([names, collapsed, why]);
      if (wanted === drawn) return;
      drawn = wanted;
      const focus = [...buttons.children].indexOf(/** @type {Element} */ (focused(buttons)));
      replace(
        buttons,
        names.map((name, i) => {
          const button = textButton({
            label: name,
            title:
              why ??
              `The tokens of “${name}” as one row: their sum as target, their mean as source`,
            pressed: collapsed.includes(i),
            onClick: () => onChange({ collapsed: toggled(collapsed, i) }),
          });
          button.disabled = why !== null;
          return button;
        }),
      );
      if (focus >= 0) /** @type {HTMLElement} */ (buttons.children[focus])?.focus();
    },
  };
}

/** @param {number[]} chosen @param {number} one */
export const toggled = (chosen, one) =>
  chosen.includes(one)
    ? chosen.filter((other) => other !== one)
    : [...chosen, one].sort((a, b) => a - b);

/**
 * Which text of a pair looks at which.
 * @param {{onChange: (values: Partial<State>) => void}} on
 */
export function pairControl({ onChange }) {
  const select = h(
    "select",
    {
      class: "lmw-field lmw-select",
      "aria-label": "Edges between the texts of the pair",
      onchange: () => onChange({ pair: /** @type {State["pair"]} */ (select.value) }),
    },
    PAIRS.map((pair) => h("option", { value: pair }, pair === "all" ? "all" : pairName(pair))),
  );
  return {
    element: h("label", { class: "lmw-check" }, span("lmw-label", "Texts"), select),
    /** @param {State["pair"]} pair */
    set(pair) {
      select.value = pair;
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
    element: span("lmw-search-box", input, count),
    input,
    /** @param {string} search @param {number} found @param {number | null} at */
    set(search, found, at) {
      if (input.value !== search) input.value = search;
      const place = at === null ? "" : `${at + 1} of `;
      count.textContent = search.trim() === "" ? "" : `${place}${found}`;
    },
  };
}

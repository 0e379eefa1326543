/** Tokens as flowing text: shaded by a number, some of them marked, walked by arrow keys. */

import { unsigned } from "../core/colour.js";
import { aria, h, isCommand, replace, take } from "../core/dom.js";
import { roving } from "../core/keyboard.js";
import { neighbour } from "../core/lines.js";
import { tokenElement, tokenName } from "../core/tokens.js";
import { isRightToLeft, runs } from "./text.js";

/** @typedef {import("../core/types").Tokens} Tokens */
/** @typedef {import("../core/types").Theme} Theme */

/** Of a name that is read out; it has to hold what is seen. */
const LONGEST = 2000;

/** @param {EventTarget | null} target @returns {HTMLElement | null} */
function tokenAt(target) {
  const item = target instanceof Element ? target.closest("[data-token]") : null;
  return item instanceof HTMLElement ? item : null;
}

/** Take the space a token begins with out of it: space is no part of what is marked. @param {HTMLElement} item */
function leadOf(item) {
  const { firstChild } = item;
  if (!(firstChild instanceof Text) || !/^ +\S/.test(firstChild.data)) return "";
  const bare = firstChild.data.trimStart();
  const lead = firstChild.data.slice(0, firstChild.data.length - bare.length);
  firstChild.data = bare;
  return lead;
}

/** @param {HTMLElement} item */
const indexOf = (item) => Number(item.dataset.token);

/**
 * @param {object} options
 * @param {string} options.label for screen readers
 * @param {(index: number | null, element: HTMLElement | null) => void} options.onHover pointer or
 *   keyboard is on a token
 * @param {(index: number) => void} options.onPick click or Enter
 * @param {() => void} [options.onEscape]
 */
export function flow({ label, onHover, onPick, onEscape }) {
  const element = h("div", {
    class: "lmw-flow-text",
    role: "listbox",
    "aria-label": label,
    "aria-orientation": "horizontal",
  });
  /** @type {HTMLElement[]} */
  let elements = [];
  /** @type {Tokens | null} */
  let shown = null;
  /** @type {Record<string, number | null>} class to token */
  const marks = {};

  const keys = roving(element, "[data-token]", {
    onMove(item) {
      if (item.matches(":focus-visible")) onHover(indexOf(item), item);
    },
    onActivate: (item) => onPick(indexOf(item)),
    onEscape,
  });
  element.addEventListener("keydown", walk, { capture: true });
  element.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const item = tokenAt(event.target);
    onHover(item && indexOf(item), item);
  });
  element.addEventListener("pointerleave", () => onHover(null, null));
  element.addEventListener("focusout", () => onHover(null, null));
  element.addEventListener("click", (event) => {
    const item = tokenAt(event.target);
    if (item) onPick(indexOf(item));
  });

  /** @param {KeyboardEvent} event */
  function walk(event) {
    if (isCommand(event)) return;
    const item = tokenAt(event.target);
    const next = item && neighbour(elements, indexOf(item), event.key);
    if (!next) return;
    take(event);
    keys.select(next, true);
  }

  return {
    element,
    /** @param {Tokens} tokens */
    setTokens(tokens) {
      if (tokens === shown) return;
      shown = tokens;
      elements = tokens.text.map((_, index) => {
        const item = tokenElement(tokens, index);
        item.setAttribute("role", "option");
        aria(item, "selected", "false");
        aria(item, "label", tokenName(tokens, index, LONGEST));
        item.tabIndex = -1;
        return item;
      });
      const names = new Map(runs(tokens).map(({ name, from }) => [from, name]));
      element.dir = isRightToLeft(tokens) ? "rtl" : "ltr";
      replace(
        element,
        elements.flatMap((item, index) => {
          const name = names.get(index);
          const run = name && h("span", { class: "lmw-flow-run", "aria-hidden": "true" }, name);
          const lead = leadOf(item);
          return [run ?? "", lead, item, tokens.text[index].includes("\n") ? h("br", null) : ""];
        }),
      );
      for (const name of Object.keys(marks)) marks[name] = null;
      keys.refresh();
    },
    /**
     * @param {ArrayLike<number> | null} values one a token, 0 or more; null: no shading
     * @param {number} high the value of full colour
     * @param {Theme} theme
     * @param {(value: number) => string} [inWords] what is added to a token's name
     */
    shade(values, high, theme, inWords) {
      elements.forEach((item, index) => {
        const part = values && high > 0 ? values[index] / high : 0;
        const { fill, ink } = part > 0.004 ? unsigned(part, theme) : { fill: "", ink: "" };
        item.style.background = fill;
        item.style.color = ink;
        const words = values && inWords ? `, ${inWords(values[index])}` : "";
        aria(item, "label", `${shown ? tokenName(shown, index, LONGEST) : ""}${words}`);
      });
    },
    /** Give one token a class, and take it from the last that had it. @param {string} name @param {number | null} index */
    mark(name, index) {
      const before = marks[name];
      if (before === index) return;
      if (before !== null && before !== undefined) elements[before]?.classList.remove(name);
      marks[name] = index;
      if (index !== null) elements[index]?.classList.add(name);
    },
    /** Which token is selected: also the one that Tab leads to. @param {number | null} index */
    select(index) {
      for (const item of elements) aria(item, "selected", indexOf(item) === index);
      this.mark("lmw-chosen", index);
      if (index === null || !elements[index]) return;
      keys.select(elements[index]);
      if (element.scrollHeight > element.clientHeight)
        element.scrollTop = elements[index].offsetTop - element.clientHeight / 2;
    },
    /** @param {string} name @param {ArrayLike<number | boolean> | null} on for each token */
    flag(name, on) {
      elements.forEach((item, index) => {
        item.classList.toggle(name, Boolean(on?.[index]));
      });
    },
    destroy: () => keys.destroy(),
  };
}

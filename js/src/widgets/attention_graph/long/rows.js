/** One column of a long text: a few elements that stand for whichever tokens are in view. */

import { aria, h, replace } from "../../../core/dom.js";
import { tokenElement, tokenName } from "../../../core/tokens.js";

/** @typedef {import("../../../core/types").Tokens} Tokens */
/** @typedef {import("../types").Side} Side */

/**
 * @param {Side} side
 * @param {Tokens} tokens
 * @param {string} name
 */
export function recycledRows(side, tokens, name) {
  const count = tokens.text.length;
  const list = h("div", {
    class: "lmw-column",
    role: "listbox",
    "aria-label": name,
    "aria-orientation": "vertical",
  });
  /** @type {Map<number, HTMLElement>} */
  const bound = new Map();
  /** @type {HTMLElement[]} */
  const spare = [];
  /** @type {Map<string, Uint8Array>} */
  const flags = new Map();
  /** The one that Tab comes to; it always has an element, so the focus is never lost. */
  let stop = 0;

  /** @param {number} index */
  function bind(index) {
    const row = spare.pop() ?? list.appendChild(h("div", { role: "option", dataset: { side } }));
    row.className = "lmw-option";
    row.dataset.token = String(index);
    row.tabIndex = index === stop ? 0 : -1;
    aria(row, "label", tokenName(tokens, index));
    aria(row, "selected", "false");
    aria(row, "setsize", count);
    aria(row, "posinset", index + 1);
    row.removeAttribute("aria-disabled");
    row.hidden = false;
    replace(row, tokenElement(tokens, index, { compact: true }));
    for (const name of flags.keys()) flag(row, name, index);
    bound.set(index, row);
    return row;
  }

  /** @param {HTMLElement} row @param {string} name @param {number} index */
  function flag(row, name, index) {
    const on = flags.get(name)?.[index] === 1;
    row.classList.toggle(name, on);
    if (name === "lmw-concealed") aria(row, "disabled", on);
  }

  return {
    list,
    count,
    get stop() {
      return stop;
    },
    /** @param {number} index */
    element: (index) => bound.get(index) ?? null,
    /**
     * Have elements for these tokens and the tab stop, and put each at its place.
     * @param {Iterable<number>} wanted
     * @param {(row: HTMLElement, index: number) => void} put
     */
    show(wanted, put) {
      const keep = new Set(wanted);
      if (count > 0) keep.add(stop);
      for (const [index, row] of bound) {
        if (keep.has(index)) continue;
        bound.delete(index);
        spare.push(row);
      }
      for (const index of keep) put(bound.get(index) ?? bind(index), index);
      for (const row of spare) row.hidden = true;
    },
    /** @param {string} name @param {Uint8Array} marked */
    flag(name, marked) {
      flags.set(name, marked);
      for (const [index, row] of bound) flag(row, name, index);
    },
    /** @param {number} index */
    select(index) {
      const before = bound.get(stop);
      if (before) before.tabIndex = -1;
      stop = index;
      const now = bound.get(index);
      if (now) now.tabIndex = 0;
    },
  };
}

/** @typedef {ReturnType<typeof recycledRows>} Rows */

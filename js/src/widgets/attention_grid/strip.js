/** The text as flowing tokens: hover one to light it in every head. */

import { aria, div, h, replace } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { roving } from "../../core/keyboard.js";
import { tokenElement, tokenName } from "../../core/tokens.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Side} Side */
/** @typedef {import("./types").Lit} Lit */

const MOST = 4096;
/** A name of a longer one would be cut. */
const LONG = 60;
/** Height of a line, as in parts.css. */
const LINE = 26;

/**
 * @param {{label: string, side: Side | null, onHover: (index: number | null) => void,
 *   onPick: (index: number) => void}} options side: which tokens they are, null for both
 */
export function strip({ label, side, onHover, onPick }) {
  const list = h("div", { class: "lmw-strip-tokens", role: "listbox", "aria-label": label });
  const rest = h("p", { class: "lmw-muted" });
  const element = div("lmw-strip", div("lmw-label", label), list, rest);
  /** @type {Element[]} */
  let marked = [];
  /** @type {number | null} */
  let pinned = null;

  const indexOf = (/** @type {Event} */ event) => {
    const token = event.target instanceof Element ? event.target.closest("[data-token]") : null;
    return token instanceof HTMLElement ? Number(token.dataset.token) : null;
  };
  list.addEventListener("pointerover", (event) => onHover(indexOf(event)));
  list.addEventListener("pointerleave", () => onHover(null));
  list.addEventListener("click", (event) => {
    const index = indexOf(event);
    if (index !== null) onPick(index);
  });
  list.addEventListener("focusout", () => onHover(null));
  const keys = roving(list, ".lmw-token", {
    onMove: (token) => onHover(Number(token.dataset.token)),
    onActivate: (token) => onPick(Number(token.dataset.token)),
  });

  return {
    element,
    /** @param {Tokens} tokens @param {boolean} rightToLeft */
    set(tokens, rightToLeft) {
      const shown = Math.min(MOST, tokens.text.length);
      list.dir = rightToLeft ? "rtl" : "auto";
      replace(
        list,
        Array.from({ length: shown }, (_, index) => {
          const token = tokenElement(tokens, index);
          token.setAttribute("role", "option");
          aria(token, "selected", "false");
          const name = tokenName(tokens, index);
          if (tokens.text[index].length < LONG && name !== token.textContent?.trim()) {
            aria(token, "label", name);
          }
          token.tabIndex = -1;
          return token;
        }),
      );
      rest.textContent =
        shown < tokens.text.length
          ? `The first ${count(shown)} of ${count(tokens.text.length)} tokens; hover a head for the others.`
          : "";
      rest.hidden = shown === tokens.text.length;
      marked = [];
      keys.refresh();
    },
    /** @param {Lit[]} lit @param {boolean} follow bring a token that is hovered elsewhere into view */
    light(lit, follow) {
      for (const token of marked) token.classList.remove("lmw-lit");
      marked = lit
        .filter((one) => side === null || one.side === null || one.side === side)
        .flatMap(({ index }) => list.children[index] ?? []);
      for (const token of marked) token.classList.add("lmw-lit");
      const first = /** @type {HTMLElement | undefined} */ (marked[0]);
      if (!follow || !first) return;
      const { offsetTop, offsetHeight } = first;
      const seen = list.scrollTop;
      if (offsetTop < seen || offsetTop + offsetHeight > seen + list.clientHeight) {
        list.scrollTop = LINE * Math.round((offsetTop - list.clientHeight / 2) / LINE);
      }
    },
    /** @param {number | null} index */
    pin(index) {
      if (pinned !== null) list.children[pinned]?.setAttribute("aria-selected", "false");
      pinned = index;
      if (index !== null) list.children[index]?.setAttribute("aria-selected", "true");
    },
    destroy: () => keys.destroy(),
  };
}

/** The text itself: tokens shaded by their contribution, hovered, pinned, walked by keyboard. */

import { aria, div, h, isCommand, replace, take } from "../core/dom.js";
import { roving } from "../core/keyboard.js";
import { neighbour } from "../core/lines.js";
import { ANSWER, blocks } from "./blocks.js";
import { blockElement } from "./pieces.js";
import { paint } from "./shade.js";
import { tokenWords } from "./words.js";

/** @typedef {import("./types").Tokens} Tokens */
/** @typedef {import("./types").Measure} Measure */
/** @typedef {import("./types").Theme} Theme */
/** A class that some of the tokens carry: where an answer was read, what answers a question. */
/** @typedef {{name: string, has: (index: number) => boolean}} Mark */

/**
 * @param {object} on
 * @param {(index: number) => void} on.onChoose a click, or Enter
 * @param {() => void} on.onRelease Escape, or a click beside the tokens
 * @param {(index: number | null, box?: DOMRect) => void} on.onHover
 * @param {(index: number) => void} [on.onWalk] an arrow key led to a token
 * @param {boolean} [on.answer] show the answer, which otherwise is left out
 * @param {string} [on.label] name for screen readers
 */
export function textView({
  onChoose,
  onRelease,
  onHover,
  onWalk,
  answer = false,
  label = "Tokens with their contribution",
}) {
  const element = h("div", {
    class: answer ? "lmw-text lmw-answer-text" : "lmw-text",
    role: "listbox",
    "aria-label": label,
    "aria-orientation": "horizontal",
  });
  /** @type {HTMLElement[]} */
  let elements = [];
  /** @type {Tokens | null} */
  let shown = null;
  /** @type {number | null} */
  let pinned = null;
  /** @type {string | null} */
  let plain = null;
  /** What the marks on screen were made from. @type {unknown[]} */
  let painted = [];
  /** @type {number | null} */
  let lit = null;

  const keys = roving(element, "[data-token]", {
    onMove: (item) => onHover(indexOf(item), item.getClientRects()[0]),
    onActivate: (item) => onChoose(indexOf(item)),
    onEscape: onRelease,
  });
  element.addEventListener("keydown", walk, { capture: true });
  element.addEventListener("pointerover", (event) => hover(event));
  element.addEventListener("pointerleave", () => onHover(null));
  element.addEventListener("focusout", () => onHover(null));
  element.addEventListener("scroll", () => onHover(null), { passive: true });
  element.addEventListener("click", click);
  element.addEventListener("copy", copyText);

  /** @param {MouseEvent} event */
  function click(event) {
    if (event.detail > 1 || hasSelection(element)) return; // a selection is no click
    const item = tokenAt(event.target);
    if (item) onChoose(indexOf(item));
    else if (pinned !== null) onRelease();
  }

  /** @param {PointerEvent} event */
  function hover(event) {
    const item = tokenAt(event.target);
    if (!item) return onHover(null);
    const boxes = [...item.getClientRects()];
    const box = boxes.find(({ top, bottom }) => event.clientY >= top && event.clientY <= bottom);
    onHover(indexOf(item), box ?? boxes[0]);
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    if (isCommand(event)) return;
    const item = tokenAt(event.target);
    const next = item && neighbour(elements, indexOf(item), event.key);
    if (!next) return;
    take(event);
    keys.select(next, true);
    onWalk?.(indexOf(next));
  }

  return {
    element,
    /** Show the words alone while their tokens are on the way. @param {string} text */
    setPlain(text) {
      if (plain === text && !shown) return;
      plain = text;
      shown = null;
      elements = [];
      replace(element, div("lmw-flow", text));
      keys.refresh();
    },
    /** @param {Tokens} tokens @param {number | null} [start] first token of an answer */
    setTokens(tokens, start = null) {
      if (tokens === shown) return;
      shown = tokens;
      painted = [];
      const wanted = blocks(tokens, start).filter(({ key }) => (key === ANSWER) === answer);
      element.replaceChildren(...wanted.map((block) => blockElement(tokens, block)));
      elements = [];
      for (const item of element.querySelectorAll("[data-token]")) {
        elements[indexOf(item)] = /** @type {HTMLElement} */ (item);
      }
      pinned = null;
      lit = null;
      keys.refresh();
    },
    /**
     * Colour the tokens, or clear them (null) while scores are on their way.
     * @param {Measure | null} measured
     * @param {Theme} theme
     */
    shade(measured, theme) {
      const tokens = shown;
      if (!tokens || (painted[0] === measured && painted[1] === theme)) return;
      painted = [measured, theme];
      elements.forEach((item, index) => {
        paint(item, measured, index, theme);
        aria(item, "label", tokenWords(tokens, measured, index));
      });
    },
    /** Mark a token that is hovered elsewhere. @param {number | null} index */
    light(index) {
      if (lit !== null) elements[lit]?.classList.remove("lmw-lit");
      lit = index;
      if (index !== null) elements[index]?.classList.add("lmw-lit");
    },
    /** Give and take classes. @param {Mark[]} marks */
    mark(marks) {
      elements.forEach((item, index) => {
        for (const { name, has } of marks) item.classList.toggle(name, has(index));
      });
    },
    /** @param {number | null} index */
    pin(index) {
      if (index === pinned) return;
      mark(pinned, false);
      pinned = index;
      mark(pinned, true);
      if (index !== null && elements[index]) scrollInside(element, elements[index]);
    },
    /** The token that the keyboard was at. @returns {HTMLElement | null} */
    stop: () => element.querySelector("[tabindex='0']"),
    destroy: () => keys.destroy(),
  };

  /** @param {number | null} index @param {boolean} on */
  function mark(index, on) {
    const item = index === null ? undefined : elements[index];
    item?.classList.toggle("lmw-pinned", on);
    item?.setAttribute("aria-selected", String(on));
  }
}

/** @param {Element} item */
function indexOf(item) {
  return Number(/** @type {HTMLElement} */ (item).dataset.token);
}

/** @param {EventTarget | null} target @returns {HTMLElement | null} */
function tokenAt(target) {
  return target instanceof Element ? target.closest("[data-token]") : null;
}

/** @param {HTMLElement} element */
function hasSelection(element) {
  const selection = selectionIn(element);
  return Boolean(selection && !selection.isCollapsed && selection.toString().trim() !== "");
}

/** Chromium keeps a shadow root's selection to itself. @param {HTMLElement} element */
function selectionIn(element) {
  const root = /** @type {any} */ (element.getRootNode());
  return /** @type {Selection | null} */ (root.getSelection?.() ?? document.getSelection());
}

/** Put on the clipboard what was written, without roles or signs. @param {ClipboardEvent} event */
function copyText(event) {
  const element = /** @type {HTMLElement} */ (event.currentTarget);
  const selection = selectionIn(element);
  if (!selection || selection.rangeCount === 0 || selection.isCollapsed) return;
  const part = selection.getRangeAt(0).cloneContents();
  for (const role of part.querySelectorAll(".lmw-role")) role.remove();
  event.clipboardData?.setData("text/plain", part.textContent ?? "");
  event.preventDefault();
}

/** Bring an item into the scrolled text without moving the page. @param {HTMLElement} area @param {HTMLElement} item */
function scrollInside(area, item) {
  const outer = area.getBoundingClientRect();
  const inner = item.getBoundingClientRect();
  if (inner.top < outer.top) area.scrollTop -= outer.top - inner.top + 24;
  else if (inner.bottom > outer.bottom) area.scrollTop += inner.bottom - outer.bottom + 24;
}

/** A small panel that a button opens and Escape, a click elsewhere or the button closes. */

import { aria, h } from "./dom.js";
import { place } from "./tooltip.js";

/**
 * @param {HTMLElement} root
 * @param {HTMLButtonElement} button
 * @param {Node} content
 * @param {string} label
 */
export function popover(root, button, content, label) {
  const element = h(
    "div",
    { class: "lmw-tooltip lmw-popover", role: "dialog", "aria-label": label, popover: "auto" },
    content,
  );
  root.appendChild(element);
  aria(button, "expanded", "false");
  const layered = typeof element.showPopover === "function";
  if (layered) {
    button.popoverTargetElement = element;
    element.addEventListener("toggle", (event) => {
      const open = /** @type {ToggleEvent} */ (event).newState === "open";
      aria(button, "expanded", open);
      if (!open) return;
      const { x, y } = place(
        button.getBoundingClientRect(),
        element.offsetWidth,
        element.offsetHeight,
        "below",
      );
      element.style.left = `${x}px`;
      element.style.top = `${y}px`;
    });
  } else {
    element.removeAttribute("popover");
    button.addEventListener("click", () => {
      const open = element.classList.toggle("lmw-open");
      aria(button, "expanded", open);
    });
  }
  return element;
}

/**
 * A list of keys and what they do.
 * @param {[keys: string, what: string][]} rows
 */
export function keyList(rows) {
  return h(
    "dl",
    { class: "lmw-keys" },
    rows.flatMap(([keys, what]) => [
      h(
        "dt",
        null,
        keys.split(" ").map((key) => h("kbd", null, key)),
      ),
      h("dd", null, what),
    ]),
  );
}

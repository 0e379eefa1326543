/** Where the keyboard is after a drawing that took away what it was on: never nowhere. */

import { focused } from "../core/dom.js";

/**
 * Runs drawings. When what had the focus has gone or is hidden, the focus goes to the first place
 * that can have it; while there is none, to the widget itself, and on from there with a later drawing.
 * Focus outside the widget is left alone.
 * @param {HTMLElement} root of the widget
 * @param {() => (HTMLElement | null)[]} places best first
 * @returns {(draw: () => void) => void}
 */
export function steadyFocus(root, places) {
  root.addEventListener("focusout", (event) => {
    if (event.target === root) root.removeAttribute("tabindex");
  });
  return (draw) => {
    const holder = /** @type {HTMLElement | null} */ (focused(root));
    const ours = holder !== null && root.contains(holder);
    const waiting = holder === root && root.hasAttribute("tabindex");
    draw();
    if (!ours || (holder === root && !waiting) || (holder !== root && canHold(holder))) return;
    const place = places().find(canHold);
    if (!place && waiting) return;
    if (!place) root.tabIndex = -1;
    (place ?? root).focus({ preventScroll: true });
  };
}

/** @param {HTMLElement | null} element */
function canHold(element) {
  if (!element?.isConnected || element.matches(":disabled")) return false;
  return element.getClientRects().length > 0 && getComputedStyle(element).visibility === "visible";
}

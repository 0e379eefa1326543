/**
 * JupyterLab takes arrow keys, Enter and letters for its shortcuts wherever the focus is, before
 * the focused element hears of them; it passes by an element that is itself marked. So the mark
 * goes on the focused element, for keys that may be ours, one step before JupyterLab looks.
 */

import { isCommand } from "./dom.js";

const MARK = "data-lm-suppress-shortcuts";

/**
 * Keys with Ctrl, Alt or Cmd, and Shift+Enter outside of a text field, stay the notebook's.
 * @param {KeyboardEvent} event
 * @param {Element} target
 */
function mayBeOurs(event, target) {
  if (isCommand(event)) return false;
  return event.key !== "Enter" || !event.shiftKey || target.matches("textarea, input");
}

/**
 * @param {HTMLElement} root
 * @returns {() => void} stop
 */
export function keepOwnKeys(root) {
  const mark = (/** @type {KeyboardEvent} */ event) => {
    const target = event.composedPath()[0];
    if (!(target instanceof Element) || !root.contains(target)) return;
    target.toggleAttribute(MARK, mayBeOurs(event, target));
  };
  window.addEventListener("keydown", mark, { capture: true });
  return () => window.removeEventListener("keydown", mark, { capture: true });
}

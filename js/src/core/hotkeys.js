/** Keys that work anywhere in a widget, except where text is typed. */

import { take } from "./dom.js";

/**
 * @param {HTMLElement} root
 * @param {Record<string, () => boolean | void>} keys what each key does; false: the key is not ours after all
 * @returns {() => void} stop
 */
export function hotkeys(root, keys) {
  const keydown = (/** @type {KeyboardEvent} */ event) => {
    const from = event.composedPath()[0];
    const typing =
      from instanceof HTMLElement && from.matches("textarea, select, input:not([type=range])");
    const arrow = event.key.startsWith("Arrow");
    const taken = arrow && (event.altKey || from instanceof HTMLInputElement);
    if (typing || taken || event.ctrlKey || event.metaKey || !keys[event.key]) return;
    if (keys[event.key]() === false) return;
    take(event);
  };
  root.addEventListener("keydown", keydown);
  return () => root.removeEventListener("keydown", keydown);
}

/** Text to the clipboard, also where the clipboard API is closed (a page from disk, a sandboxed cell). */

import { h } from "./dom.js";

/**
 * @param {string} text
 * @param {HTMLElement} near where a helper field may stand for a moment
 * @returns {Promise<boolean>} whether it worked
 */
export async function copyToClipboard(text, near) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByField(text, near);
  }
}

/** @param {string} text @param {HTMLElement} near */
function copyByField(text, near) {
  const field = h("textarea", { class: "lmw-live", "aria-hidden": "true", tabindex: "-1" });
  field.value = text;
  near.appendChild(field);
  field.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
  }
}

/** Keys that work anywhere in the widget, except where text is typed. */

/**
 * @param {HTMLElement} root
 * @param {{onLayer: (step: number) => void, onEscape: () => void}} on
 * @returns {() => void} stop
 */
export function gridKeys(root, { onLayer, onEscape }) {
  /** @type {Record<string, () => void>} */
  const keys = { "[": () => onLayer(-1), "]": () => onLayer(1), Escape: onEscape };
  const keydown = (/** @type {KeyboardEvent} */ event) => {
    const from = event.composedPath()[0];
    const typing = from instanceof HTMLElement && from.matches("textarea, input:not([type=range])");
    if (typing || event.ctrlKey || event.metaKey || !keys[event.key]) return;
    keys[event.key]();
    event.preventDefault();
    event.stopPropagation();
  };
  root.addEventListener("keydown", keydown);
  return () => root.removeEventListener("keydown", keydown);
}

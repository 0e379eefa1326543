/** Keys that work anywhere in the widget, except where text is typed; and the list of all. */

/** @type {[string, string][]} */
export const KEYS = [
  ["hover", "a node: what it is made of; an input: its ways to the selected node"],
  ["click", "keep a node, or let it go"],
  ["↑ ↓", "move through the tokens"],
  ["← →", "move through the layers"],
  ["Enter", "keep the node, or let it go"],
  ["Esc", "let it go"],
  ["[ ]", "selected node: layer before, layer after"],
];

/**
 * @param {HTMLElement} root
 * @param {{onLayer: (step: number) => void, onEscape: () => void}} on
 * @returns {() => void} stop
 */
export function flowKeys(root, { onLayer, onEscape }) {
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

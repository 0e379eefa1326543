/** Keys that work anywhere in the widget, except where text is typed. */

/**
 * @param {HTMLElement} root
 * @param {{onLayer: (step: number) => void, onEscape: () => void, onSearch: () => void,
 *   onZoom: (step: -1 | 0 | 1) => boolean, onStep?: (step: -1 | 1) => boolean}} on onZoom and
 *   onStep: whether there was anything to zoom, or to step through
 * @returns {() => void} stop
 */
export function graphKeys(root, { onLayer, onEscape, onSearch, onZoom, onStep }) {
  /** False: the key is not ours after all. @type {Record<string, () => boolean | void>} */
  const keys = {
    "[": () => onLayer(-1),
    "]": () => onLayer(1),
    "/": onSearch,
    Escape: onEscape,
    "+": () => onZoom(-1),
    "=": () => onZoom(-1),
    "-": () => onZoom(1),
    0: () => onZoom(0),
    ArrowLeft: () => onStep?.(-1) ?? false,
    ArrowRight: () => onStep?.(1) ?? false,
  };
  const keydown = (/** @type {KeyboardEvent} */ event) => {
    const from = event.composedPath()[0];
    const typing = from instanceof HTMLElement && from.matches("textarea, input:not([type=range])");
    const sliding = from instanceof HTMLInputElement && event.key.startsWith("Arrow");
    const choosing = from instanceof HTMLSelectElement;
    if (typing || sliding || choosing || event.ctrlKey || event.metaKey || !keys[event.key]) return;
    if (keys[event.key]() === false) return;
    event.preventDefault();
    event.stopPropagation();
  };
  root.addEventListener("keydown", keydown);
  return () => root.removeEventListener("keydown", keydown);
}

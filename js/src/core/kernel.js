/** Whether a kernel is there to answer. */

/** @typedef {import("./types").Model} Model */

// Jupyter's widget manager marks the element of a widget whose comm is closed.
const MARK = "jupyter-widgets-disconnected";

/**
 * @param {Model} model
 * @param {HTMLElement} el
 * @param {(gone: boolean) => void} onChange called at once and on every change
 * @returns {() => void} stop
 */
export function watchKernel(model, el, onChange) {
  if (model.lmwStandalone) return () => {};
  /** @type {boolean | null} */
  let last = null;
  const update = () => {
    const gone = model.comm_live === false || el.closest(`.${MARK}`) !== null;
    if (gone === last) return;
    last = gone;
    onChange(gone);
  };
  const later = () => queueMicrotask(update);
  const observer = new MutationObserver(update);
  const holder = el.closest(".jupyter-widgets") ?? el;
  observer.observe(holder, { attributes: true, attributeFilter: ["class"] });
  model.on("comm_live_update", later);
  update();
  const frame = requestAnimationFrame(update); // the mark is set when the view is displayed
  return () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
    model.off("comm_live_update", later);
  };
}

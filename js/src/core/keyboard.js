/** One tab stop for a group of things; arrow keys inside (the "roving tabindex" pattern). */

import { focused, isCommand, take } from "./dom.js";
import { clamp } from "./format.js";

/**
 * @typedef {object} Roving
 * @property {(element: HTMLElement | null, focus?: boolean) => void} select make an element the tab stop
 * @property {() => void} refresh after the elements changed
 * @property {() => void} destroy
 */

/**
 * @param {HTMLElement} container
 * @param {string} selector of the things inside
 * @param {object} [on]
 * @param {(element: HTMLElement) => void} [on.onMove] the focus came to an element
 * @param {(element: HTMLElement, event: KeyboardEvent) => void} [on.onActivate] Enter or space
 * @param {() => void} [on.onEscape]
 * @param {"both" | "vertical" | "horizontal"} [on.orientation] which arrow keys are ours
 * @returns {Roving}
 */
export function roving(
  container,
  selector,
  { onMove, onActivate, onEscape, orientation = "both" } = {},
) {
  const steps = stepKeys(orientation);
  const items = () => /** @type {HTMLElement[]} */ ([...container.querySelectorAll(selector)]);
  /** @type {HTMLElement | null} */
  let current = null;

  /** @param {HTMLElement | null} element @param {boolean} [focus] */
  function select(element, focus = false) {
    if (current && current !== element) current.tabIndex = -1;
    current = element;
    if (!element) return;
    element.tabIndex = 0;
    if (focus) element.focus({ preventScroll: false });
  }

  function refresh() {
    const all = items();
    const keep = current && all.includes(current) ? current : (all[0] ?? null);
    for (const item of all) if (item !== keep && item.tabIndex !== -1) item.tabIndex = -1;
    current = null;
    select(keep);
  }

  /** The focused element of the group, if any. @returns {HTMLElement | null} */
  function here() {
    const active = focused(container);
    const item = active instanceof HTMLElement ? active.closest(selector) : null;
    return item instanceof HTMLElement && container.contains(item) ? item : null;
  }

  /** @param {KeyboardEvent} event @param {HTMLElement} item @returns {boolean} ours */
  function handle(event, item) {
    if (event.key === "Escape") {
      onEscape?.();
      return Boolean(onEscape);
    }
    if (event.key === "Enter" || event.key === " ") {
      if (event.shiftKey) return false; // Shift+Enter runs the notebook's cell
      onActivate?.(item, event);
      return Boolean(onActivate);
    }
    const all = items();
    const target = destination(event.key, all.indexOf(item), all.length, steps);
    if (target !== null) select(all[target], true);
    return target !== null;
  }

  /** @param {KeyboardEvent} event */
  function keydown(event) {
    if (isCommand(event)) return;
    const item = here();
    if (!item || !handle(event, item)) return;
    take(event);
  }

  /** @param {FocusEvent} event */
  function focusin(event) {
    const target = event.target instanceof Element ? event.target.closest(selector) : null;
    if (!(target instanceof HTMLElement)) return;
    select(target);
    onMove?.(target);
  }

  container.addEventListener("keydown", keydown);
  container.addEventListener("focusin", focusin);
  refresh();
  return {
    select,
    refresh,
    destroy() {
      container.removeEventListener("keydown", keydown);
      container.removeEventListener("focusin", focusin);
    },
  };
}

/** @param {"both" | "vertical" | "horizontal"} orientation @returns {Record<string, number>} */
function stepKeys(orientation) {
  const vertical = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
  const horizontal = { ArrowRight: 1, ArrowLeft: -1 };
  if (orientation === "vertical") return vertical;
  return orientation === "horizontal" ? horizontal : { ...vertical, ...horizontal };
}

/**
 * @param {string} key
 * @param {number} from
 * @param {number} length
 * @param {Record<string, number>} steps
 * @returns {number | null}
 */
function destination(key, from, length, steps) {
  if (key === "Home") return 0;
  if (key === "End") return length - 1;
  const step = steps[key];
  if (step === undefined) return null;
  return clamp(from + step, 0, length - 1);
}

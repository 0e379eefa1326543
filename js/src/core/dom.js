/** Elements in one call. Strings become text nodes: no data is ever read as HTML. */

/** Pixels a wheel scrolls a line. */
const LINE = 24;

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any> | null} [attrs] class, title, aria-*, data-*; `on<event>` functions;
 *   `style` and `dataset` objects; null, undefined and false leave an attribute out
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attrs, ...children) {
  const element = document.createElement(tag);
  if (element instanceof HTMLButtonElement) element.type = "button";
  for (const [name, value] of Object.entries(attrs ?? {})) setAttribute(element, name, value);
  append(element, children);
  return element;
}

/** An element with a class and nothing else. @param {string} name @param {...(Child | Child[])} children */
export const div = (name, ...children) => h("div", { class: name }, ...children);

/** @param {string} name the class @param {...(Child | Child[])} children */
export const span = (name, ...children) => h("span", { class: name }, ...children);

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {any} value
 */
function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on") && typeof value === "function") {
    element.addEventListener(name.slice(2).toLowerCase(), value);
  } else if (name === "style" && typeof value === "object") {
    for (const [key, item] of Object.entries(value)) element.style.setProperty(key, String(item));
  } else if (name === "dataset") {
    Object.assign(element.dataset, value);
  } else {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * @param {Node} parent
 * @param {(Child | Child[])[]} children
 */
export function append(parent, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/**
 * Replace everything inside an element.
 * @param {Element} parent
 * @param {...(Child | Child[])} children
 */
export function replace(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
}

/**
 * The focused element inside the same tree as `element` (its shadow root or the document).
 * @param {Element} element
 * @returns {Element | null}
 */
export function focused(element) {
  const root = /** @type {Document | ShadowRoot} */ (element.getRootNode());
  return root.activeElement ?? null;
}

/** True when the reader asked for no motion. */
export function reducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** What an element is for those who do not see it: `aria(button, "pressed", true)`. @param {Element} element @param {string} name @param {string | number | boolean} value */
export function aria(element, name, value) {
  element.setAttribute(`aria-${name}`, String(value));
}

/** A key or click was ours: neither the page nor the notebook is to act on it. @param {Event} event */
export function take(event) {
  event.preventDefault();
  event.stopPropagation();
}

/** Keys with Ctrl, Alt or ⌘ stay the page's. @param {KeyboardEvent} event */
export const isCommand = (event) => event.ctrlKey || event.metaKey || event.altKey;

/** How far a wheel turned; some browsers count in lines. @param {WheelEvent} event */
export const wheelPixels = ({ deltaMode, deltaY }) => (deltaMode === 1 ? deltaY * LINE : deltaY);

/** The window as a rectangle on the minimap: drag it, drag its ends, or move it by keys. */

import { aria, h, isCommand, take, wheelPixels } from "../../../core/dom.js";
import { clamp } from "../../../core/format.js";
import { centred, inWords, rowsOf, stretched, zoomed } from "./window.js";

/** @typedef {import("./mover.js").Mover} Mover */
/** @typedef {import("./layout.js").Layout} Layout */

/** It stays visible and can be taken hold of, however long the text is. */
const LOWEST = 8;
const STEP = 1.4;

/**
 * @param {HTMLElement} holder the minimap
 * @param {Mover} mover
 * @param {import("./window.js").Room} room
 * @param {() => Layout} layout
 */
export function brush(holder, mover, room, layout) {
  const grip = (/** @type {string} */ end) =>
    h("i", { class: `lmw-grip lmw-grip-${end}`, dataset: { end } });
  const element = h(
    "div",
    {
      class: "lmw-brush",
      role: "slider",
      tabindex: "0",
      "aria-label": "Part of the text in view",
      "aria-orientation": "vertical",
      "aria-valuemin": "0",
      title: "The part in view: drag it, or drag its ends",
    },
    grip("start"),
    grip("end"),
  );
  holder.appendChild(element);

  // Drag ----------------------------------------------------------------------------------------

  /** What is held, and how far from the pointer. @type {{part: string, offset: number} | null} */
  let held = null;
  let top = 0;

  /** @param {PointerEvent} event */
  function down(event) {
    if (event.button !== 0) return;
    const { window } = mover;
    top = holder.getBoundingClientRect().top;
    const here = layout().at(event.clientY - top);
    const end = event.target instanceof HTMLElement ? event.target.dataset.end : undefined;
    if (end) {
      const edge = end === "start" ? window.first : window.first + window.span;
      held = { part: end, offset: edge - here };
    } else {
      const middle = window.first + window.span / 2;
      if (element.contains(/** @type {Node} */ (event.target))) {
        held = { part: "all", offset: middle - here };
      } else {
        held = { part: "all", offset: 0 };
        const { left } = holder.getBoundingClientRect();
        mover.glide(centred(window, layout().hit(event.clientX - left, event.clientY - top), room));
      }
    }
    holder.setPointerCapture(event.pointerId);
    holder.classList.add("lmw-held");
    event.preventDefault();
    element.focus({ preventScroll: true });
  }

  /** @param {PointerEvent} event */
  function move(event) {
    if (!held || event.buttons === 0) return;
    if (Math.abs(event.movementY) + Math.abs(event.movementX) === 0 && held.part === "all") return;
    const row = layout().at(event.clientY - top) + held.offset;
    const { window } = mover;
    if (held.part === "all") mover.jump(centred(window, row - 0.5, room));
    else mover.jump(stretched(window, held.part === "start" ? "start" : "end", row, room));
  }

  const up = () => {
    held = null;
    holder.classList.remove("lmw-held");
  };

  // Keys ----------------------------------------------------------------------------------------

  const by = (/** @type {number} */ rows) => {
    const { first, span } = mover.window;
    return { first: first + rows, span };
  };
  /** @type {Record<string, () => import("./window.js").Span>} */
  const keys = {
    ArrowDown: () => by(Math.max(1, Math.round(mover.window.span / 12))),
    ArrowUp: () => by(-Math.max(1, Math.round(mover.window.span / 12))),
    ArrowRight: () => by(1),
    ArrowLeft: () => by(-1),
    PageDown: () => by(mover.window.span),
    PageUp: () => by(-mover.window.span),
    Home: () => by(-room.rows),
    End: () => by(room.rows),
    "+": () => zoomed(mover.window, 1 / STEP, 0.5, room),
    "=": () => zoomed(mover.window, 1 / STEP, 0.5, room),
    "-": () => zoomed(mover.window, STEP, 0.5, room),
  };
  const keydown = (/** @type {KeyboardEvent} */ event) => {
    if (isCommand(event) || !keys[event.key]) return;
    mover.glide(keys[event.key]());
    take(event);
  };

  // A wheel over the minimap scrolls the window; at its ends the page scrolls on.
  const wheel = (/** @type {WheelEvent} */ event) => {
    if (event.ctrlKey || event.metaKey) return;
    const { first, span } = mover.window;
    const pixels = wheelPixels(event);
    const next = clamp(first + (pixels / room.height) * span, 0, room.rows - span);
    if (next === first) return;
    mover.jump({ first: next, span });
    event.preventDefault();
  };

  holder.addEventListener("pointerdown", down);
  holder.addEventListener("pointermove", move);
  holder.addEventListener("pointerup", up);
  holder.addEventListener("lostpointercapture", up);
  holder.addEventListener("wheel", wheel, { passive: false });
  element.addEventListener("keydown", keydown);

  let said = "";
  return {
    element,
    get held() {
      return held !== null;
    },
    /** Put it where the window is. */
    place() {
      const { window } = mover;
      const { yOf } = layout();
      const [from, to] = [yOf(window.first), yOf(window.first + window.span)];
      const height = Math.max(LOWEST, to - from);
      const y = clamp(from - (height - to + from) / 2, 0, room.height - height);
      element.style.transform = `translateY(${y.toFixed(1)}px)`;
      element.style.height = `${height.toFixed(1)}px`;
      const words = inWords(window, room.rows);
      if (words === said) return;
      said = words;
      aria(element, "valuetext", words);
      const [first] = rowsOf(window, room.rows);
      aria(element, "valuenow", first);
      aria(element, "valuemax", Math.max(first, room.rows - 1));
    },
  };
}

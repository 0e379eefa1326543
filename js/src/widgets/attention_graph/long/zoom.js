/** How many tokens the window holds: buttons, and the wheel with Ctrl or ⌘. */

import { iconButton, textButton } from "../../../core/controls.js";
import { aria, h, wheelPixels } from "../../../core/dom.js";
import { clamp } from "../../../core/format.js";
import { centred, inWords, spans, zoomed } from "./window.js";

/** @typedef {import("./mover.js").Mover} Mover */
/** @typedef {import("./window.js").Span} Span */

const STEP = 1.5;

/**
 * @param {HTMLElement} picture where the wheel zooms
 * @param {Mover} mover
 * @param {import("./window.js").Room} room
 */
export function zoomControl(picture, mover, room) {
  /** Where the reader was before the whole text. @type {Span | null} */
  let before = null;
  const isWhole = () => mover.window.span >= room.rows;

  /** @param {-1 | 0 | 1} step */
  function zoom(step) {
    if (step !== 0) return mover.glide(zoomed(mover.window, STEP ** step, 0.5, room));
    if (isWhole()) return mover.glide(before ?? { first: 0, span: spans(room).easy });
    before = mover.window;
    mover.glide({ first: 0, span: room.rows });
  }

  const out = iconButton({ icon: "minus", label: "Zoom out", keys: "−", onClick: () => zoom(1) });
  const into = iconButton({ icon: "plus", label: "Zoom in", keys: "+", onClick: () => zoom(-1) });
  const whole = textButton({
    label: "whole text",
    title: "Show all tokens at once, or go back (0)",
    pressed: false,
    onClick: () => zoom(0),
  });
  const words = h("span", { class: "lmw-zoom-words", "aria-hidden": "true" });
  const element = h(
    "div",
    { class: "lmw-zoom", role: "group", "aria-label": "Zoom" },
    words,
    out,
    into,
    whole,
  );

  const wheel = (/** @type {WheelEvent} */ event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { top } = picture.getBoundingClientRect();
    const anchor = clamp((event.clientY - top) / room.height, 0, 1);
    const pixels = wheelPixels(event);
    mover.jump(zoomed(mover.window, Math.exp(pixels * 0.002), anchor, room));
  };
  picture.addEventListener("wheel", wheel, { passive: false });
  // A click here is not a click beside the tokens.
  element.addEventListener("click", (event) => event.stopPropagation());

  return {
    element,
    zoom,
    /** A token in the middle, as large as is read with ease. @param {number} index */
    into: (index) => mover.glide(centred({ first: 0, span: spans(room).easy }, index, room)),
    show() {
      const { span } = mover.window;
      const { least } = spans(room);
      const said = inWords(mover.window, room.rows).replace("tokens ", "").replace(" to ", "–");
      if (words.textContent !== said) words.textContent = said;
      out.disabled = isWhole();
      into.disabled = span <= least + 1e-6;
      aria(whole, "pressed", isWhole());
    },
  };
}

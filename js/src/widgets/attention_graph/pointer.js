/** Pointer and keys over the tokens, as "this one is asked about" and "this one was picked". */

import { roving } from "../../core/keyboard.js";
import { placeOf, samePlace } from "./isolate.js";

/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").View} View */

/** The pointer crosses gaps between tokens: what it left stays for a moment. */
const LINGER = 70;

/**
 * @param {View} view
 * @param {import("./types").PointerEvents} on
 * @returns {import("./types").PointerWatch}
 */
export function watchPointer(view, { onHover, onPick }) {
  /** @type {Place | null} */
  let last = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {Place | null} place @param {boolean} [byKeyboard] */
  function hover(place, byKeyboard = false) {
    clearTimeout(timer);
    if (samePlace(place, last)) return;
    last = place;
    onHover(place, byKeyboard);
  }
  const leave = () => {
    clearTimeout(timer);
    timer = setTimeout(() => hover(null), LINGER);
  };
  const over = (/** @type {PointerEvent} */ event) => {
    if (event.pointerType === "touch") return;
    const place = placeOf(event.target);
    if (place) hover(place);
    else leave();
  };
  const click = (/** @type {MouseEvent} */ event) => onPick(placeOf(event.target));
  view.element.addEventListener("pointerover", over);
  view.element.addEventListener("pointerleave", leave);
  view.element.addEventListener("click", click);

  const blur = () => hover(null);
  const orientation = view.orientation ?? (view.groups.length > 1 ? "vertical" : "horizontal");
  const keys = view.groups.map((group) => {
    group.addEventListener("focusout", blur);
    return roving(group, ".lmw-option", {
      orientation,
      onMove(element) {
        if (element.matches(":focus-visible")) hover(placeOf(element), true);
      },
      onActivate: (element) => onPick(placeOf(element)),
    });
  });

  return {
    select(place) {
      const element = view.tokenElement(place.side, place.index);
      const at = view.groups.findIndex((group) => group.contains(element));
      keys[at]?.select(element);
    },
    destroy() {
      clearTimeout(timer);
      for (const group of view.groups) group.removeEventListener("focusout", blur);
      for (const key of keys) key.destroy();
    },
  };
}

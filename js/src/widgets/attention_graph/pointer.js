/** Pointer and keys over the tokens, as "this one is asked about" and "this one was picked". */

import { roving } from "../../core/keyboard.js";
import { hovering } from "./hovering.js";
import { placeOf } from "./isolate.js";

/** @typedef {import("./types").View} View */

/**
 * @param {View} view
 * @param {import("./types").PointerEvents} on
 * @returns {import("./types").PointerWatch}
 */
export function watchPointer(view, { onHover, onPick }) {
  const { hover, leave, listen, destroy } = hovering(onHover);
  listen(view.element, {
    pointerover(/** @type {PointerEvent} */ event) {
      if (event.pointerType === "touch") return;
      const place = placeOf(event.target);
      if (place) hover(place);
      else leave();
    },
    pointerleave: leave,
    click: (/** @type {MouseEvent} */ event) => onPick(placeOf(event.target)),
  });

  const orientation = view.orientation ?? (view.groups.length > 1 ? "vertical" : "horizontal");
  const keys = view.groups.map((group) => {
    listen(group, { focusout: () => hover(null) });
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
      destroy();
      for (const key of keys) key.destroy();
    },
  };
}

/**
 * Pointer and keys over a long text. Rows are recycled, so which token is meant is told by where
 * the pointer is and by the token that Tab comes to, never by an element that was kept.
 */

import { isCommand, take } from "../../../core/dom.js";
import { clamp } from "../../../core/format.js";
import { hovering } from "../hovering.js";
import { placeOf } from "../isolate.js";
import { asBlocks, revealed, rowsOf } from "./window.js";

/** @typedef {import("../types").Place} Place */
/** @typedef {import("../types").Side} Side */
/** @typedef {import("../types").PointerEvents} PointerEvents */
/** @typedef {import("./rows.js").Rows} Rows */

/** While the text runs under a resting pointer nothing new is asked about. */
const SCROLL_REST = 120;
const SIDES = /** @type {const} */ (["query", "key"]);

/**
 * @param {object} view
 * @param {HTMLElement} view.element
 * @param {HTMLElement} view.surface what is under the pointer where there are no rows
 * @param {{query: Rows, key: Rows}} view.columns
 * @param {import("./mover.js").Mover} view.mover
 * @param {import("./window.js").Room} view.room
 * @param {(x: number, y: number) => Place | null} view.placeAt token at a point of the surface
 * @param {() => void} view.layOut
 * @param {(index: number) => void} view.zoomInto
 * @param {PointerEvents} on
 */
export function watchLong(view, { onHover, onPick }) {
  const { element, surface, columns, mover, room } = view;
  const { hover, leave, listen, destroy } = hovering(onHover);
  let movedAt = Number.NEGATIVE_INFINITY;

  /** @param {MouseEvent} event */
  const under = (event) =>
    event.target === surface && asBlocks(mover.window, room)
      ? view.placeAt(event.offsetX, event.offsetY)
      : placeOf(event.target);
  /** @param {PointerEvent} event */
  const over = (event) => {
    if (event.pointerType === "touch" || event.buttons > 0) return;
    const rested = event.timeStamp - movedAt > SCROLL_REST;
    if (!rested && event.movementX === 0 && event.movementY === 0) return;
    const place = under(event);
    if (place) hover(place);
    else leave();
  };
  listen(element, {
    pointerover: over,
    pointermove: over,
    pointerleave: leave,
    click(/** @type {MouseEvent} */ event) {
      if (event.detail <= 1) onPick(under(event));
    },
    dblclick(/** @type {MouseEvent} */ event) {
      const place = under(event);
      if (!place) return;
      if (columns[place.side].element(place.index)?.getAttribute("aria-selected") !== "true") {
        onPick(place);
      }
      view.zoomInto(place.index);
    },
  });
  const scroll = (/** @type {Event} */ event) => {
    movedAt = event.timeStamp;
  };
  listen(element, { scroll }, { capture: true, passive: true });

  // Keyboard ------------------------------------------------------------------------------------

  /** @param {Side} side @param {number} index */
  function focus(side, index) {
    const rows = columns[side];
    const next = clamp(index, 0, rows.count - 1);
    rows.select(next);
    mover.jump(revealed(mover.window, next, room));
    view.layOut();
    rows.element(next)?.focus({ preventScroll: true });
  }

  /** @param {Side} side @returns {Record<string, number>} */
  const steps = (side) => {
    const page = Math.max(1, Math.floor(mover.window.span) - 2);
    const all = columns[side].count;
    return {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -all,
      End: all,
    };
  };

  for (const side of SIDES) {
    listen(columns[side].list, {
      keydown(/** @type {KeyboardEvent} */ event) {
        if (isCommand(event)) return;
        const place = placeOf(event.target);
        if (!place) return;
        const step = steps(side)[event.key];
        if (step !== undefined) focus(side, place.index + step);
        else if ((event.key === "Enter" || event.key === " ") && !event.shiftKey) onPick(place);
        else return;
        take(event);
      },
      focusin(/** @type {FocusEvent} */ event) {
        const place = placeOf(event.target);
        if (!place || !(event.target instanceof Element)) return;
        columns[side].select(place.index);
        if (!event.target.matches(":focus-visible")) return;
        const [first, end] = rowsOf(mover.window, columns[side].count);
        if (place.index < first || place.index >= end) focus(side, place.index);
        hover(place, true);
      },
      focusout: () => hover(null),
    });
  }

  return {
    /** @param {Place} place */
    select: (place) => columns[place.side].select(place.index),
    destroy,
  };
}

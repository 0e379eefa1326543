/** Mouse, touch, wheel and keys over the matrix. */

import { focused, isCommand, take, wheelPixels } from "../../core/dom.js";
import { clamp } from "../../core/format.js";

/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./types").Spot} Spot */
/** @typedef {import("./types").Matrix} Matrix */

/** Pixels that a hand may shake while it clicks. */
const SHAKE = 4;
const STEP = 1.5;

/**
 * @param {Picture} picture
 * @param {object} on
 * @param {(spot: Spot | null, byKeyboard: boolean) => void} on.onHover
 * @param {(spot: Spot | null) => void} on.onPick
 * @param {() => Matrix | null} on.matrix
 * @param {() => {row: number, column: number}} on.cursor where the keyboard is
 */
export function watchPointer(picture, { onHover, onPick, matrix, cursor }) {
  const { plot } = picture;
  /** @type {Map<number, {x: number, y: number}>} */
  const down = new Map();
  let travelled = 0;
  /** Where the mouse rests, in the plot. @type {{x: number, y: number} | null} */
  let resting = null;

  /** @param {MouseEvent} event */
  const pointOf = (event) => {
    const { left, top } = plot.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  /** @param {MouseEvent} event */
  const spotOf = (event) => {
    const { x, y } = pointOf(event);
    return picture.spotAt(x, y);
  };

  /** @param {PointerEvent} event */
  function start(event) {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    if (down.size === 0) travelled = 0;
    down.set(event.pointerId, pointOf(event));
    if (down.size > 1) travelled = SHAKE + 1;
  }

  /** @param {PointerEvent} event */
  function move(event) {
    const before = down.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "touch" || event.buttons > 0) return;
      resting = pointOf(event);
      onHover(picture.spotAt(resting.x, resting.y), false);
      return;
    }
    const now = pointOf(event);
    const [dx, dy] = [now.x - before.x, now.y - before.y];
    travelled = Math.max(travelled, Math.hypot(dx, dy));
    if (travelled <= SHAKE) return;
    if (!plot.hasPointerCapture(event.pointerId)) capture(event.pointerId);
    if (down.size === 2) pinch(event.pointerId, before, now);
    if (down.size === 1) picture.pan(dx, dy);
    down.set(event.pointerId, now);
    plot.classList.add("lmw-dragging");
    onHover(null, false);
  }

  /** @param {number} id */
  function capture(id) {
    try {
      plot.setPointerCapture(id);
    } catch {
      // The pointer is gone already.
    }
  }

  /** @param {number} id @param {{x: number, y: number}} before @param {{x: number, y: number}} now */
  function pinch(id, before, now) {
    const other = [...down].find(([key]) => key !== id)?.[1];
    if (!other) return;
    const apart = (/** @type {{x: number, y: number}} */ one) =>
      Math.max(8, Math.hypot(one.x - other.x, one.y - other.y));
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    picture.zoom(apart(now) / apart(before), middle);
    picture.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  }

  /** @param {PointerEvent} event */
  function end(event) {
    if (!down.delete(event.pointerId) || down.size > 0) return;
    plot.classList.remove("lmw-dragging");
    if (event.type === "pointercancel" || travelled > SHAKE) return;
    const spot = spotOf(event);
    if (event.pointerType === "touch") onHover(spot, false);
    onPick(spot);
  }

  const leave = () => {
    resting = null;
    if (down.size === 0) onHover(null, false);
  };

  /** @param {MouseEvent} event */
  function twice(event) {
    const spot = spotOf(event);
    if (spot) approach(spot);
  }

  /** @param {Spot} spot */
  function approach({ rows, columns }) {
    const { seen } = picture;
    const middle = (/** @type {number[]} */ [from, to]) => Math.floor((from + to - 1) / 2);
    picture.approach(middle(rows ?? seen.rows), middle(columns ?? seen.columns));
  }

  /** The page scrolls, unless the reader means the picture. @param {WheelEvent} event */
  function wheel(event) {
    const meant = event.ctrlKey || event.metaKey || focused(plot) === plot;
    if (!meant) return;
    const pixels = wheelPixels(event);
    const at = pointOf(event);
    const zooms = picture.zoom(Math.exp(-pixels * 0.002), at);
    if (zooms || event.ctrlKey || event.metaKey) event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  function keydown(event) {
    const all = matrix();
    if (!all || isCommand(event)) return;
    const { row, column } = cursor();
    const at = picture.read(row, column);
    const spot = at && { rows: at.rows, columns: at.columns };
    if (!spot?.rows || !spot.columns) return;
    const [tall, wide] = [spot.rows[1] - spot.rows[0], spot.columns[1] - spot.columns[0]];
    const { seen } = picture;
    const page = Math.max(1, seen.rows[1] - seen.rows[0] - 1);
    /** @type {Record<string, [number, number]>} */
    const steps = {
      ArrowUp: [-tall, 0],
      ArrowDown: [tall, 0],
      ArrowLeft: [0, -wide],
      ArrowRight: [0, wide],
      PageUp: [-page, 0],
      PageDown: [page, 0],
      Home: [0, -all.columns],
      End: [0, all.columns],
    };
    const step = steps[event.key];
    if (step) {
      const next = [
        clamp(row + step[0], 0, all.rows - 1),
        clamp(column + step[1], 0, all.columns - 1),
      ];
      resting = null;
      picture.reveal(next[0], next[1]);
      const reading = picture.read(next[0], next[1]);
      onHover(reading && { rows: reading.rows, columns: reading.columns }, true);
    } else if ((event.key === "Enter" || event.key === " ") && !event.shiftKey) onPick(spot);
    else return;
    take(event);
  }

  const focusin = () => {
    if (!plot.matches(":focus-visible")) return;
    const { row, column } = cursor();
    const at = picture.read(row, column);
    if (at) onHover({ rows: at.rows, columns: at.columns }, true);
  };
  const focusout = () => onHover(null, false);

  plot.addEventListener("pointerdown", start);
  plot.addEventListener("pointermove", move);
  plot.addEventListener("pointerup", end);
  plot.addEventListener("pointercancel", end);
  plot.addEventListener("pointerleave", leave);
  plot.addEventListener("dblclick", twice);
  plot.addEventListener("wheel", wheel, { passive: false });
  plot.addEventListener("keydown", keydown);
  plot.addEventListener("focus", focusin);
  plot.addEventListener("blur", focusout);
  // The plot and its listeners go together.

  return {
    /** What is under the resting mouse, after the picture has moved beneath it. */
    again() {
      if (resting && down.size === 0) onHover(picture.spotAt(resting.x, resting.y), false);
    },
    /** @param {-1 | 0 | 1} step 1: larger */
    zoom(step) {
      if (step !== 0) return picture.zoom(STEP ** step, null);
      return picture.whole();
    },
  };
}

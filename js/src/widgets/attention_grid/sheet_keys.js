/** One tab stop for all heads; arrow keys move over rows and columns. */

import { isCommand, take } from "../../core/dom.js";
import { clamp } from "../../core/format.js";

/** @typedef {import("./types").Arrangement} Arrangement */

/** Rows and columns of a key. @type {Record<string, [number, number]>} */
const STEPS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  PageUp: [-5, 0],
  PageDown: [5, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/**
 * The head some rows and columns away; rows without heads are stepped over.
 * @param {Arrangement} arrangement
 * @param {number} head
 * @param {string} key
 * @returns {number | null} null: not a key that moves
 */
export function headAt({ rows, spots, spotOf }, head, key) {
  const { row, column } = spots[spotOf[head]] ?? { row: 0, column: 0 };
  const here = rows[row].spots;
  const headOf = (/** @type {number} */ spot) => spots[spot].head;
  if (key === "Home") return headOf(here[0]);
  if (key === "End") return headOf(here[here.length - 1]);
  if (!STEPS[key]) return null;
  const [down, right] = STEPS[key];
  if (right !== 0) return headOf(here[clamp(column + right, 0, here.length - 1)]);
  const step = Math.sign(down);
  let to = clamp(row + down, 0, rows.length - 1);
  while (rows[to] && rows[to].spots.length === 0) to += step;
  const there = rows[to]?.spots;
  return there ? headOf(there[Math.min(there.length - 1, column)]) : head;
}

/**
 * @param {HTMLElement} grid
 * @param {{arrangement: () => Arrangement | null, element: (head: number) => HTMLElement | null,
 *   bring: (head: number) => void, onStand: (head: number | null) => void,
 *   onPick: (head: number) => void}} on
 */
export function sheetKeys(grid, { arrangement, element, bring, onStand, onPick }) {
  /** The head that Tab comes to. */
  let current = -1;

  /** @param {number} head */
  function stand(head) {
    if (head < 0) return;
    const before = element(current);
    if (before) before.tabIndex = -1;
    current = head;
    const now = element(head);
    if (now) now.tabIndex = 0;
  }

  /** @param {KeyboardEvent} event */
  function keydown(event) {
    const now = arrangement();
    const from = event.target instanceof HTMLElement ? event.target.dataset.head : undefined;
    if (!now || from === undefined || isCommand(event)) return;
    if (event.key === "Enter" || event.key === " ") onPick(Number(from));
    else {
      const next = headAt(now, Number(from), event.key);
      if (next === null) return;
      bring(next);
      stand(next);
      element(next)?.focus({ preventScroll: true });
    }
    take(event);
  }

  /** @param {FocusEvent} event */
  function focusin(event) {
    const head = event.target instanceof HTMLElement ? event.target.dataset.head : undefined;
    if (head === undefined) return;
    stand(Number(head));
    if (event.target instanceof HTMLElement && event.target.matches(":focus-visible")) {
      onStand(Number(head));
    }
  }
  const focusout = () => onStand(null);
  grid.addEventListener("keydown", keydown);
  grid.addEventListener("focusin", focusin);
  grid.addEventListener("focusout", focusout);

  return {
    stand,
    /** After the elements changed: the tab stop is one that stands. */
    refresh() {
      const now =
        element(current) ?? /** @type {HTMLElement | null} */ (grid.querySelector("[data-head]"));
      if (now) stand(Number(now.dataset.head));
    },
    destroy() {
      grid.removeEventListener("keydown", keydown);
      grid.removeEventListener("focusin", focusin);
      grid.removeEventListener("focusout", focusout);
    },
  };
}

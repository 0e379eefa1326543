/** One tab stop for all nodes: a button that the arrow keys move from node to node. */

import { aria, h, isCommand, take } from "../../core/dom.js";
import { clamp } from "../../core/format.js";
import { stepRow } from "./rows.js";

/** @typedef {import("./types").Node} Node */
/** @typedef {import("./geometry.js").Geometry} Geometry */

/** @type {Record<string, [level: number, rows: number]>} */
const STEPS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  PageUp: [0, -10],
  PageDown: [0, 10],
  Home: [-Infinity, 0],
  End: [Infinity, 0],
};

/**
 * @param {HTMLElement} sheet
 * @param {{place: () => Geometry, start: () => Node | null, onMove: (node: Node) => void,
 *   onLeave: () => void, onPick: (node: Node) => void, onEscape: () => void,
 *   describe: (node: Node) => string}} on
 */
export function cursor(sheet, { place, start, onMove, onLeave, onPick, onEscape, describe }) {
  /** @type {Node | null} */
  let at = null;
  const element = h("button", { class: "lmw-flow-cursor" });
  sheet.appendChild(element);

  /** The node it is on; where it has not been moved, the pinned one, or the last output. */
  function here() {
    const { levels, layout } = place();
    const last = { level: levels - 1, token: Math.max(0, layout.y.length - 1) };
    const node = at ?? start() ?? last;
    return {
      level: Math.min(node.level, levels - 1),
      token: Math.min(node.token, Math.max(0, layout.y.length - 1)),
    };
  }
  function moveTo() {
    const node = here();
    const { x, layout } = place();
    element.style.transform = `translate(${x(node.level)}px, ${layout.y[node.token] ?? 0}px)`;
    aria(element, "label", describe(node));
  }
  const focus = () => {
    if (!element.matches(":focus-visible")) return;
    moveTo();
    onMove(here());
  };
  const blur = () => {
    at = null;
    onLeave();
  };
  /** @param {KeyboardEvent} event @returns {boolean} whether it was ours */
  function handle(event) {
    if (event.key === "Escape") {
      at = null;
      onEscape();
      return true;
    }
    if (event.key === "Enter" || event.key === " ") {
      if (event.shiftKey) return false; // Shift+Enter runs the notebook's cell
      onPick(here());
      return true;
    }
    const step = STEPS[event.key];
    if (!step) return false;
    const { levels, layout } = place();
    const from = here();
    at = {
      level: clamp(from.level + step[0], 0, levels - 1),
      token: step[1] ? stepRow(layout, from.token, step[1]) : from.token,
    };
    onMove(at);
    moveTo();
    return true;
  }
  const keydown = (/** @type {KeyboardEvent} */ event) => {
    if (isCommand(event) || !handle(event)) return;
    take(event);
  };
  element.addEventListener("focus", focus);
  element.addEventListener("blur", blur);
  element.addEventListener("keydown", keydown);
  return { element, place: moveTo, destroy: () => element.remove() };
}

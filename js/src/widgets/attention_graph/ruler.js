/**
 * The whole text at a glance, beside a text too long for the view: what each token receives in
 * all, or where one token looks; and which part is in view. A click goes there.
 */

import { fitCanvas } from "../../core/canvas.js";
import { neutral } from "../../core/colour.js";
import { h } from "../../core/dom.js";
import { clamp } from "../../core/format.js";

/** @typedef {import("../../attention/ink.js").Ink} Ink */
/** @typedef {import("./types").EdgeSet} EdgeSet */
/** @typedef {import("./types").Target} Target */

const WIDTH = 14;

/**
 * @param {HTMLElement} parent
 * @param {HTMLElement} scroller
 * @param {number} rows tokens in the longer column
 * @param {number} whole height of all rows
 * @param {() => {top: number, height: number}} seen the part in view, without asking the document
 */
export function ruler(parent, scroller, rows, whole, seen) {
  const element = h("canvas", {
    class: "lmw-ruler",
    "aria-hidden": "true",
    title: "The whole text: bars are the attention each token receives. Click to go there.",
  });
  parent.appendChild(element);
  const goTo = (/** @type {PointerEvent} */ event) => {
    if (event.buttons !== 1) return;
    const { top, height } = element.getBoundingClientRect();
    const share = (event.clientY - top) / height;
    scroller.scrollTop = share * whole - scroller.clientHeight / 2;
  };
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    goTo(event);
  });
  element.addEventListener("pointermove", goTo);
  element.addEventListener("click", (event) => event.stopPropagation());

  /** Attention received by each key, of the set it was summed for. @type {{set: EdgeSet | null, sums: Float32Array}} */
  let received = { set: null, sums: new Float32Array(0) };
  /** @param {EdgeSet} set */
  function sumsOf(set) {
    if (received.set === set) return received.sums;
    const sums = new Float32Array(rows);
    for (let i = 0; i < set.count; i++) sums[set.key[i]] += Math.abs(set.weight[i]);
    received = { set, sums };
    return sums;
  }

  return {
    /**
     * @param {EdgeSet} set
     * @param {Ink} ink
     * @param {import("./types").Place | null} place the isolated token
     * @param {Target[]} targets
     */
    paint(set, ink, place, targets) {
      const { top, height } = seen();
      const needed = height > 0 && whole > height + 1;
      parent.classList.toggle("lmw-ruled", needed);
      element.hidden = !needed;
      if (!needed) return;
      const context = fitCanvas(element, WIDTH, height);
      const unit = height / whole;
      context.fillStyle = neutral(ink.theme);
      context.globalAlpha = 0.1;
      context.beginPath();
      context.roundRect(0, top * unit, WIDTH, height * unit, 3);
      context.fill();
      const thick = clamp(height / rows - 1, 1, 4);
      const bar = (
        /** @type {number} */ index,
        /** @type {number} */ share,
        /** @type {number} */ alpha,
      ) => {
        context.globalAlpha = alpha;
        const length = Math.max(2, (WIDTH - 4) * share);
        context.fillRect(2, ((index + 0.5) / rows) * height - thick / 2, length, thick);
      };
      if (place) {
        for (const target of targets) {
          if (ink.size(target.weight) < 0.01) break;
          context.fillStyle = ink.colour(target.head, target.weight);
          bar(target.index, Math.sqrt(ink.size(target.weight)), 0.9);
        }
        return;
      }
      const sums = sumsOf(set);
      const most = sums.reduce((a, b) => Math.max(a, b), 0) || 1;
      for (let key = 0; key < rows; key++) {
        const share = Math.sqrt(sums[key] / most);
        if (share > 0.15) bar(key, share, 0.45);
      }
    },
  };
}

/** Draw a flow from a fake model, and look at it as a reader does. */

import attentionFlow from "../../src/widgets/attention_flow.js";
import { fakeModel } from "../fake_model.js";

/** @type {(() => void)[]} */
const cleanups = [];

export function cleanAll() {
  for (const cleanup of cleanups.splice(0)) cleanup();
  document.body.replaceChildren();
}

/** @param {number} [ms] */
export const rest = (ms = 40) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {Record<string, any>} state */
export function draw(state) {
  const model = fakeModel(state);
  const el = document.createElement("div");
  document.body.appendChild(el);
  const widget = attentionFlow();
  widget.initialize({ model: /** @type {any} */ (model) });
  const cleanup = widget.render({ model: /** @type {any} */ (model), el });
  cleanups.push(cleanup);
  const one = (/** @type {string} */ selector) =>
    /** @type {HTMLElement} */ (el.querySelector(selector));
  const scroller = one(".lmw-flow-scroller");

  /** A point of the picture. @param {number} level @param {number} token */
  function spot(level, token) {
    const sheet = one(".lmw-flow-sheet");
    const at = (/** @type {string} */ name) =>
      Number.parseFloat(sheet.style.getPropertyValue(name));
    const levels = state._figure.layers;
    const [from, to] = [at("--lmw-left") + 14, at("--lmw-right") - 14];
    const box = one(`.lmw-flow-left[data-row="${token}"]`).getBoundingClientRect();
    const left = scroller.getBoundingClientRect().left;
    const x = level < 0 ? box.left + 4 : left + from + ((to - from) * level) / levels;
    return { clientX: x, clientY: box.top + 12, bubbles: true };
  }
  return {
    model,
    el,
    one,
    cleanup,
    root: one(".lmw-root"),
    cursor: /** @type {HTMLButtonElement} */ (one(".lmw-flow-cursor")),
    all: (/** @type {string} */ selector) =>
      /** @type {HTMLElement[]} */ ([...el.querySelectorAll(selector)]),
    button: (/** @type {string} */ label) => one(`button[aria-label="${label}"]`),
    says: () => one(".lmw-flow-says").textContent,
    caption: () => one(".lmw-caption").textContent ?? "",
    shares: () =>
      [...el.querySelectorAll(".lmw-flow-left")]
        .sort((a, b) => Number(a.getAttribute("data-row")) - Number(b.getAttribute("data-row")))
        .map((label) => label.querySelector(".lmw-flow-share")?.textContent),
    /** Level −1: the label at the left. @param {number} level @param {number} token */
    async hover(level, token) {
      scroller.dispatchEvent(new PointerEvent("pointermove", spot(level, token)));
      await rest();
    },
    async leave() {
      scroller.dispatchEvent(new PointerEvent("pointerleave"));
      await rest(110);
    },
    /** @param {number} level @param {number} token */
    async click(level, token) {
      scroller.dispatchEvent(new MouseEvent("click", spot(level, token)));
      await rest();
    },
    /** @param {string} key @param {HTMLElement} [target] */
    async press(key, target = one(".lmw-flow-cursor")) {
      target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      await rest();
    },
    ink(/** @type {string} */ layer) {
      const canvas = /** @type {HTMLCanvasElement} */ (one(`.lmw-flow-${layer}`));
      const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let sum = 0;
      for (let i = 3; i < data.length; i += 4) sum += data[i];
      return sum;
    },
  };
}

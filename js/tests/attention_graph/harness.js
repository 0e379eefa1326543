/** Draw a graph from a fake model, and look at it as a reader does. */

import { userEvent } from "vitest/browser";
import attentionGraph from "../../src/widgets/attention_graph.js";
import { fakeModel } from "../fake_model.js";

export const TEXTS =
  "When| Mary| and| John| went| to| the| store|,| John| gave| a| drink| to".split("|");

/** @type {(() => void)[]} */
const cleanups = [];

export function cleanAll() {
  for (const cleanup of cleanups.splice(0)) cleanup();
  document.body.replaceChildren();
}

/** Put the real pointer where no widget appears under it. */
export async function parkPointer() {
  const corner = document.createElement("div");
  corner.style.cssText = "position:fixed;right:0;bottom:0;width:4px;height:4px";
  document.body.appendChild(corner);
  await userEvent.hover(corner);
  corner.remove();
}

export const nextFrame = () =>
  new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));

/**
 * @param {Record<string, any>} state
 * @param {{into?: HTMLElement | ShadowRoot, model?: ReturnType<typeof fakeModel>}} [options]
 */
export function draw(state, { into = document.body, model = fakeModel(state) } = {}) {
  const el = document.createElement("div");
  into.appendChild(el);
  const widget = attentionGraph();
  widget.initialize({ model: /** @type {any} */ (model) });
  const cleanup = widget.render({ model: /** @type {any} */ (model), el });
  cleanups.push(cleanup);
  const one = (/** @type {string} */ selector) =>
    /** @type {HTMLElement} */ (el.querySelector(selector));
  const root = one(".lmw-root");
  return {
    model,
    el,
    root,
    one,
    cleanup,
    all: (/** @type {string} */ selector) =>
      /** @type {HTMLElement[]} */ ([...el.querySelectorAll(selector)]),
    token: (/** @type {string} */ side, /** @type {number} */ index) =>
      one(`.lmw-option[data-side="${side}"][data-token="${index}"]`),
    button: (/** @type {string} */ label) => one(`button[aria-label="${label}"]`),
    numbers: () =>
      [...el.querySelectorAll(".lmw-number")]
        .filter((number) => !(/** @type {HTMLElement} */ (number).hidden))
        .map((number) => number.textContent),
    async hover(/** @type {HTMLElement | null} */ element) {
      const target = element ?? one(".lmw-gap");
      target.dispatchEvent(
        new PointerEvent("pointerover", { bubbles: true, pointerType: "mouse" }),
      );
      await new Promise((resolve) => setTimeout(resolve, element ? 0 : 90));
      await nextFrame();
    },
    ink(/** @type {string} */ layer) {
      const canvas = /** @type {HTMLCanvasElement} */ (one(`.lmw-canvas-${layer}`));
      const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let sum = 0;
      for (let i = 3; i < data.length; i += 4) sum += data[i];
      return sum;
    },
  };
}

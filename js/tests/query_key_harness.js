/** Draw a widget from a fake model, and look at it as a reader does. */

import axe from "axe-core";
import { fakeModel } from "./fake_model.js";

/** @type {(() => void)[]} */
const cleanups = [];

export function cleanAll() {
  for (const cleanup of cleanups.splice(0)) cleanup();
  document.body.replaceChildren();
  document.body.style.background = "";
}

export const tick = () => new Promise((resolve) => setTimeout(resolve, 40));

/** @param {() => any} widget @param {Record<string, any>} state */
export function drawWidget(widget, state) {
  const model = fakeModel(state);
  const el = document.body.appendChild(document.createElement("div"));
  const handlers = widget();
  handlers.initialize({ model });
  const cleanup = handlers.render({ model, el });
  cleanups.push(cleanup);
  const one = (/** @type {string} */ selector) =>
    /** @type {HTMLElement} */ (el.querySelector(selector));
  return {
    model,
    el,
    one,
    cleanup,
    root: one(".lmw-root"),
    all: (/** @type {string} */ selector) =>
      /** @type {HTMLElement[]} */ ([...el.querySelectorAll(selector)]),
    tip: () => one("[role=tooltip]").textContent ?? "",
    async hover(/** @type {Element} */ element) {
      element.dispatchEvent(
        new PointerEvent("pointerover", { bubbles: true, pointerType: "mouse" }),
      );
      await tick();
    },
    async press(/** @type {Element} */ element, /** @type {string} */ key) {
      element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      await tick();
    },
  };
}

/** What axe finds. @param {HTMLElement} root */
export async function faults(root) {
  const { violations } = await axe.run(root, { rules: { region: { enabled: false } } });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}

/** How much a canvas holds. @param {HTMLElement} canvas */
export function ink(canvas) {
  const { width, height } = /** @type {HTMLCanvasElement} */ (canvas);
  const context = /** @type {CanvasRenderingContext2D} */ (
    /** @type {HTMLCanvasElement} */ (canvas).getContext("2d")
  );
  return context.getImageData(0, 0, width, height).data.reduce((sum, value) => sum + value, 0);
}

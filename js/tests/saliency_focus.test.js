// After any button of the widgets of attribution, pressed with Enter, the keyboard is somewhere.

import { afterEach, expect, test } from "vitest";
import { userEvent } from "vitest/browser";
import "../src/widgets/saliency_matrix.css";
import "../src/widgets/saliency_text.css";
import "../src/widgets/saliency_compare.css";
import compare from "../src/widgets/saliency_compare.js";
import matrix from "../src/widgets/saliency_matrix.js";
import text from "../src/widgets/saliency_text.js";
import { fakeModel } from "./fake_model.js";
import { SCENES as COMPARED } from "./saliency_compare_scenes.js";
import { SCENES as GRIDS } from "./saliency_matrix_scenes.js";
import { READY } from "./saliency_text_fixtures.js";
import { SCENES as TEXTS } from "./saliency_text_scenes.js";

/** @type {(() => void)[]} */
const cleanups = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
  document.body.replaceChildren();
});

const frame = () =>
  new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));

/** @param {() => any} widget @param {Record<string, any>} traits */
function draw(widget, traits) {
  const el = document.body.appendChild(document.createElement("div"));
  const model = fakeModel(traits);
  cleanups.push(widget().render({ model, el }));
  return { el, model };
}

/** Buttons that can be pressed now. @param {HTMLElement} el */
const buttons = (el) =>
  /** @type {HTMLElement[]} */ ([...el.querySelectorAll("button, summary")]).filter(
    (one) =>
      one.getClientRects().length > 0 &&
      getComputedStyle(one).visibility === "visible" &&
      !one.matches(":disabled"),
  );

/** @type {[string, () => any, Record<string, () => Record<string, any>>, string[]][]} */
const WIDGETS = [
  ["text", text, TEXTS, ["short", "answer", "step", "checked", "refused", "unable", "loading"]],
  ["matrix", matrix, GRIDS, ["story", "pinned", "error", "empty", "loading"]],
  ["compare", compare, COMPARED, ["review", "error", "empty", "loading"]],
];
for (const [name, widget, scenes, states] of WIDGETS) {
  for (const state of states) {
    test(`${name}, ${state}: Enter on a button never loses the keyboard`, async () => {
      const first = draw(widget, scenes[state]());
      await frame();
      const count = buttons(first.el).length;
      for (let i = 0; i < count; i++) {
        cleanups.pop()?.();
        document.body.replaceChildren();
        const { el, model } = draw(widget, scenes[state]());
        await frame();
        const button = buttons(el)[i];
        const called = button.getAttribute("aria-label") ?? button.textContent;
        button.focus();
        await userEvent.keyboard("{Enter}");
        await frame();
        expect([called, document.activeElement === document.body]).toEqual([called, false]);
        model.push({ _status: { ...READY, state: "loading" } });
        await frame();
        expect([called, document.activeElement === document.body]).toEqual([called, false]);
        model.push({
          ...fresh(scenes[name === "compare" ? "review" : name === "text" ? "short" : "story"]()),
        });
        await frame();
        const now = /** @type {HTMLElement} */ (document.activeElement);
        expect([called, now === document.body]).toEqual([called, false]);
        expect(now.getClientRects().length).toBeGreaterThan(0);
      }
    });
  }
}

/** What Python sends of a new picture. @param {Record<string, any>} scene */
function fresh(scene) {
  const { _tokens, _levels, _scores, _figure } = scene;
  return { _tokens, _levels, _scores, _figure, _status: READY };
}

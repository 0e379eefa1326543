import { afterEach, expect, test } from "vitest";
import { watchKernel } from "../../src/core/kernel.js";
import { fakeModel } from "../fake_model.js";

afterEach(() => document.body.replaceChildren());

const tick = () => new Promise((resolve) => setTimeout(resolve, 0));

function setup() {
  const holder = document.body.appendChild(document.createElement("div"));
  holder.className = "jupyter-widgets";
  const el = holder.appendChild(document.createElement("div"));
  /** @type {boolean[]} */
  const seen = [];
  return { holder, el, seen, model: /** @type {any} */ (fakeModel({})) };
}

test("it follows the mark that Jupyter puts on widgets whose kernel is gone", async () => {
  const { holder, el, seen, model } = setup();
  const stop = watchKernel(model, el, (gone) => seen.push(gone));
  holder.classList.add("jupyter-widgets-disconnected");
  await tick();
  holder.classList.remove("jupyter-widgets-disconnected");
  await tick();
  expect(seen).toEqual([false, true, false]);
  stop();
  expect(model.listeners).toBe(0);
});

test("a published page never had a kernel to lose", () => {
  const { el, seen, model } = setup();
  watchKernel({ ...model, lmwStandalone: true, comm_live: false }, el, (gone) => seen.push(gone));
  expect(seen).toEqual([]);
});

test("a host that says so itself", () => {
  const { el, seen, model } = setup();
  watchKernel({ ...model, comm_live: false }, el, (gone) => seen.push(gone))();
  expect(seen).toEqual([true]);
});

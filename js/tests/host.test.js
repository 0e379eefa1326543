import { afterEach, expect, test, vi } from "vitest";
import { mount, mountPage, pageModel } from "../src/host.js";

afterEach(() => document.body.replaceChildren());

test("buffers arrive as DataView at their path", async () => {
  const state = { _attention: { weights: { data: null, scale: { data: null } } } };
  const buffers = [
    { path: ["_attention", "weights", "data"], data: btoa("abc") },
    { path: ["_attention", "weights", "scale", "data"], data: btoa("d") },
  ];
  /** @type {any} */
  let seen;
  const widget = {
    render(/** @type {any} */ { model }) {
      seen = model;
    },
  };
  await mount({ widget, state, buffers, element: document.body });
  const { weights } = seen.get("_attention");
  expect(weights.data).toBeInstanceOf(DataView);
  expect(weights.data.byteLength).toBe(3);
  expect(weights.scale.data.getUint8(0)).toBe("d".charCodeAt(0));
});

test("the model tells of changes, once, and only of changes", () => {
  const model = pageModel({ layer: 1 });
  const handler = vi.fn();
  model.on("change:layer", handler);
  model.set("layer", 1);
  model.set("layer", 2);
  expect(handler).toHaveBeenCalledOnce();
  expect(model.get("layer")).toBe(2);
  model.off("change:layer", handler);
  model.set("layer", 3);
  expect(handler).toHaveBeenCalledOnce();
  expect(model.lmwStandalone).toBe(true);
});

test("destroy runs what render and initialize returned", async () => {
  const [forget, cleanup] = [vi.fn(), vi.fn()];
  const widget = async () => ({ initialize: () => forget, render: () => cleanup });
  const mounted = await mount({ widget, state: {}, element: document.body });
  await mounted.destroy();
  expect(forget).toHaveBeenCalledOnce();
  expect(cleanup).toHaveBeenCalledOnce();
});

test("a page of two widgets: each takes the place of its static picture", async () => {
  const source = `export default { render({ model, el }) { el.textContent = model.get("name"); } }`;
  const data = {
    sources: { thing: source },
    widgets: [
      { kind: "thing", state: { name: "first" }, buffers: [] },
      { kind: "thing", state: { name: "</script>" }, buffers: [] },
    ],
  };
  const holder = document.createElement("script");
  holder.type = "application/json";
  holder.dataset.lmwidget = "";
  holder.textContent = JSON.stringify(data);
  const pictures = [0, 1].map(() => document.createElement("div"));
  for (const picture of pictures) picture.className = "lmw-static";
  document.body.append(...pictures, holder);
  await mountPage();
  const texts = [...document.body.querySelectorAll("div")].map((div) => div.textContent);
  expect(texts).toEqual(["first", "</script>"]);
});

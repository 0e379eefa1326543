import { expect, test, vi } from "vitest";
import { request, traitStore } from "../../src/core/store.js";
import { fakeModel } from "../fake_model.js";

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

function made() {
  const model = fakeModel({ layer: 2, _cells: { count: 3 }, _status: undefined });
  const decode = vi.fn((wire) => wire?.count ?? null);
  const store = traitStore(/** @type {any} */ (model), {
    defaults: { layer: 0, heads: /** @type {number[]} */ ([]) },
    decoders: { _cells: decode },
    given: ["_figure"],
  });
  return { model, decode, store };
}

test("what the model does not know has its default", () => {
  const { store } = made();
  expect(store.state).toEqual({ layer: 2, heads: [] });
  expect(store.status.state).toBe("loading");
});

test("bytes are decoded once, and again when they change", async () => {
  const { model, decode, store } = made();
  expect([store.decoded("_cells"), store.decoded("_cells")]).toEqual([3, 3]);
  expect(decode).toHaveBeenCalledTimes(1);
  model.push({ layer: 1 });
  await turn();
  expect(decode).toHaveBeenCalledTimes(1);
  model.push({ _cells: { count: 5 } });
  await turn();
  expect(store.decoded("_cells")).toBe(5);
});

test("traits that Python sets together are answered once", async () => {
  const { model, store } = made();
  const heard = vi.fn();
  store.onChange(heard);
  model.push({ layer: 1, _cells: { count: 1 }, _figure: {}, _status: { state: "ready" } });
  await turn();
  expect(heard).toHaveBeenCalledTimes(1);
  expect([...heard.mock.calls[0][0]].sort()).toEqual(["_cells", "_figure", "_status", "layer"]);
  expect(store.status).toMatchObject({ state: "ready", message: "" });
});

test("what the reader does is written and saved; asking again counts up", () => {
  const { model, store } = made();
  store.set({ layer: 4, heads: [1] });
  store.stop();
  request(/** @type {any} */ (model));
  request(/** @type {any} */ (model));
  expect(model.saved).toEqual([
    { layer: 4, heads: [1] },
    { _stop: 1 },
    { _request: 1 },
    { _request: 2 },
  ]);
});

test("a store that is gone hears nothing, not even what was under way", async () => {
  const { model, store } = made();
  const heard = vi.fn();
  store.onChange(heard);
  model.push({ layer: 1 });
  store.destroy();
  await turn();
  expect(heard).not.toHaveBeenCalled();
  expect(model.listeners).toBe(0);
});

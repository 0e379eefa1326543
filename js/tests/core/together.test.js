import { afterEach, expect, test } from "vitest";
import { together } from "../../src/core/together.js";
import { fakeModel } from "../fake_model.js";

/** @type {(() => void)[]} */
const cleanups = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** @param {Record<string, any>} state @param {{alone?: boolean, shares?: string[]}} [options] */
function member(state, { alone = false, shares } = {}) {
  const model = fakeModel({ _group: "group 1", token: null, layer: 0, ...state });
  Object.assign(model, alone ? { lmwStandalone: true } : { comm_live: true });
  /** @type {any[]} */
  const heard = [];
  const bus = together(/** @type {any} */ (model), {
    onHover: (hover) => heard.push(hover),
    ...(shares ? { shares } : {}),
  });
  cleanups.push(bus.destroy);
  return { model, bus, heard };
}

test("hovering one lights the others of its group, and not itself", () => {
  const [one, other, third] = [member({}), member({}), member({ _group: "group 2" })];
  one.bus.hover({ side: "query", index: 3 });
  one.bus.hover(null);
  expect(other.heard).toEqual([{ side: "query", index: 3 }, null]);
  expect(one.heard).toEqual([]);
  expect(third.heard).toEqual([]);
});

test("without a group nothing is said and nothing heard", () => {
  const [alone, other] = [member({ _group: "" }), member({ _group: "" })];
  alone.bus.hover({ side: null, index: 1 });
  expect(other.heard).toEqual([]);
});

test("without a kernel what is chosen goes along, in both directions, once", () => {
  const [one, other] = [member({}, { alone: true }), member({}, { alone: true })];
  one.model.set("token", 4);
  expect(other.model.state.token).toBe(4);
  other.model.set("layer", 2);
  expect(one.model.state.layer).toBe(2);
  expect(one.model.state.token).toBe(4);
});

test("with a kernel Python links what is chosen: the page keeps out of it", () => {
  const [one, other] = [member({}), member({})];
  one.model.set("token", 4);
  expect(other.model.state.token).toBe(null);
});

test("a widget takes over only what it has", () => {
  const one = member({}, { alone: true });
  const text = member({}, { alone: true, shares: ["token"] });
  one.model.set("layer", 1);
  one.model.set("token", 2);
  expect(text.model.state).toMatchObject({ layer: 0, token: 2 });
});

test("a widget that is gone hears nothing and leaves no listener", () => {
  const [one, other] = [member({}, { alone: true }), member({}, { alone: true })];
  other.bus.destroy();
  one.bus.hover({ side: null, index: 1 });
  one.model.set("token", 1);
  expect(other.heard).toEqual([]);
  expect(other.model.state.token).toBe(null);
  expect(other.model.listeners).toBe(0);
});

test("a pinned cell reaches others whole: its key does not get lost on the way", () => {
  const shares = ["layer", "heads", "token", "key"];
  const matrix = member({ key: null, side: "query" }, { alone: true, shares: [...shares, "side"] });
  const view = member({ key: null }, { alone: true, shares });
  matrix.model.set("key", 1);
  matrix.model.set("token", 4);
  expect(view.model.state).toMatchObject({ token: 4, key: 1 });
  matrix.model.set("token", 5);
  expect(matrix.model.state).toMatchObject({ token: 5, key: 1 });
  expect(view.model.state).toMatchObject({ token: 5, key: 1 });
  view.model.set("key", null);
  view.model.set("token", 2);
  expect(matrix.model.state).toMatchObject({ token: 2, key: null, side: "query" });
});

test("a token that is looked at is no query elsewhere", () => {
  const graph = member({ side: "key" }, { alone: true });
  const view = member({ key: null }, { alone: true, shares: ["layer", "heads", "token", "key"] });
  graph.model.set("token", 3);
  expect(view.model.state).toMatchObject({ token: null, key: 3 });
  view.model.set("token", 4);
  expect(graph.model.state).toMatchObject({ token: 4, side: "query" });
});

test("layers go by the model's own numbers, and what a widget does not have leaves it as it is", () => {
  const every = { _figure: { layer_numbers: [0, 1, 2], heads: [4, 4, 4] }, heads: [0] };
  const some = { _figure: { layer_numbers: [2], heads: [2] }, heads: [0], layer: 0 };
  const [whole, part] = [member(every, { alone: true }), member(some, { alone: true })];
  whole.model.set("layer", 2);
  expect(part.model.state.layer).toBe(0);
  whole.model.set("layer", 1);
  expect(part.model.state.layer).toBe(0);
  whole.model.set("heads", [3]);
  expect(part.model.state.heads).toEqual([0]);
  whole.model.set("heads", [1, 3]);
  expect(part.model.state.heads).toEqual([1]);
  part.model.set("heads", []);
  expect(whole.model.state.heads).toEqual([]);
});

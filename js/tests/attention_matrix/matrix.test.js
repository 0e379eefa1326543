/** The matrix as a reader uses it. */

import axe from "axe-core";
import { afterEach, expect, test } from "vitest";
import attentionMatrix from "../../src/widgets/attention_matrix.js";
import { fakeTokens } from "../fake_attention.js";
import { fakeModel } from "../fake_model.js";
import { denseState, matrixState, tilesFor, weightAt } from "./fixture.js";

const TEXTS = "When| Mary| and| John| went| to| the| store".split("|");
const long = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => ` w${i % 50}`);
const wait = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));

/** @type {(() => void)[]} */
const cleanups = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  document.body.replaceChildren();
});

/** @param {Record<string, any>} state @param {{answers?: boolean}} [options] */
async function draw(state, { answers = false } = {}) {
  const model = fakeModel(state);
  if (answers) {
    model.on("change:_view", () => {
      const view = state._view;
      setTimeout(() => model.push({ _tiles: tilesFor(state, view) }), 0);
    });
  }
  const el = document.body.appendChild(document.createElement("div"));
  const widget = attentionMatrix();
  widget.initialize({ model: /** @type {any} */ (model) });
  const cleanup = widget.render({ model: /** @type {any} */ (model), el });
  cleanups.push(cleanup);
  await frame();
  await frame();
  const one = (/** @type {string} */ selector) =>
    /** @type {HTMLElement} */ (el.querySelector(selector));
  const plot = one(".lmw-plot");
  const paper = () => one(".lmw-unseen").getBoundingClientRect();
  /** A point of a cell on the screen, while all are in view. @param {number} row @param {number} column @param {number} rows @param {number} [columns] */
  const pointOf = (row, column, rows, columns = rows) => {
    const { left, top, width, height } = paper();
    const x = left + ((column + 0.5) * width) / columns;
    const y = top + ((row + 0.5) * height) / rows;
    return { clientX: x, clientY: y };
  };
  /** @param {string} type @param {object} at */
  const point = (type, at) =>
    plot.dispatchEvent(
      new PointerEvent(type, {
        bubbles: true,
        cancelable: true,
        pointerType: "mouse",
        pointerId: 1,
        buttons: type === "pointerdown" ? 1 : 0,
        ...at,
      }),
    );
  return {
    model,
    el,
    one,
    plot,
    pointOf,
    point,
    cleanup,
    click(/** @type {object} */ at) {
      point("pointerdown", at);
      point("pointerup", at);
    },
    press: (/** @type {string} */ key) =>
      plot.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })),
    tip: () => one(".lmw-tooltip[role=tooltip]").textContent,
    caption: () => one(".lmw-caption").textContent,
    pixel(/** @type {{clientX: number, clientY: number}} */ { clientX, clientY }) {
      const canvas = /** @type {HTMLCanvasElement} */ (one(".lmw-canvas-base"));
      const { left, top } = canvas.getBoundingClientRect();
      const ratio = canvas.width / canvas.clientWidth;
      const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      const at = [clientX - left, clientY - top].map((v) => Math.floor(v * ratio));
      return [...context.getImageData(at[0], at[1], 1, 1).data];
    },
  };
}

test("hovering a cell tells its weight to four digits, and writes nothing", async () => {
  const state = denseState(TEXTS, { traits: { heads: [2] } });
  const view = await draw(state);
  view.point("pointermove", view.pointOf(3, 0, 8));
  const { data } = state._attention.weights;
  const weights = new Uint16Array(data.buffer);
  const scale = new Float32Array(state._attention.weights.scale.data.buffer);
  const row = (0 * 9 + 2) * 8 + 3;
  expect(view.tip()).toContain((weights[row * 8] * scale[row]).toFixed(4));
  expect(view.tip()).toContain("query 3");
  expect(view.tip()).toContain("John");
  view.point("pointermove", view.pointOf(2, 5, 8));
  expect(view.tip()).toContain("cannot be seen");
  expect(view.model.saved).toEqual([]);
});

test("several heads are drawn as their mean, and the caption says so", async () => {
  const view = await draw(denseState(TEXTS, { heads: 3, traits: { heads: [] } }));
  expect(view.caption()).toContain("mean of 3 heads");
  view.model.push({ heads: [1] });
  await wait(150);
  expect(view.caption()).toContain("head 1");
});

test("a click pins the cell, a second one lets it go, Escape too", async () => {
  const view = await draw(denseState(TEXTS, { traits: { heads: [2] } }));
  const at = view.pointOf(5, 2, 8);
  view.click(at);
  expect(view.model.saved.at(-1)).toEqual({ token: 5, key: 2 });
  view.click(at);
  expect([view.model.state.token, view.model.state.key]).toEqual([null, null]);
  view.click(at);
  view.press("Escape");
  expect(view.model.state.token).toBe(null);
  view.click({ clientX: at.clientX, clientY: view.plot.getBoundingClientRect().top + 8 });
  expect([view.model.state.side, view.model.state.token, view.model.state.key]).toEqual([
    "key",
    2,
    null,
  ]);
});

test("arrow keys go from cell to cell, are spoken, and Enter pins", async () => {
  const view = await draw(denseState(TEXTS, { traits: { heads: [2] } }));
  view.press("ArrowDown");
  view.press("ArrowDown");
  view.press("ArrowRight");
  expect(view.one("[aria-live]").textContent).toMatch(/^query 2 and to key 1 Mary: 0\.\d{2,4}/);
  view.press("Enter");
  expect([view.model.state.token, view.model.state.key]).toEqual([2, 1]);
});

test("what cannot be seen is clear, zero is paper", async () => {
  const view = await draw(matrixState(TEXTS.concat(TEXTS)));
  expect(view.pixel(view.pointOf(3, 10, 16))[3]).toBe(0);
  expect(view.pixel(view.pointOf(10, 3, 16))[3]).toBe(255);
});

test("of a long text blocks are drawn, told as such, and exact cells are asked for at rest", async () => {
  const state = matrixState(long(1024), { level: 2 });
  const view = await draw(state, { answers: true });
  await wait(150);
  expect(view.caption()).toContain("2 × 2");
  await wait(150);
  view.point("pointermove", view.pointOf(700, 300, 1024));
  expect(view.tip()).toContain("the largest of");
  const asked = view.model.saved.filter((one) => one._view).length;
  view.plot.dispatchEvent(
    new WheelEvent("wheel", {
      bubbles: true,
      cancelable: true,
      ctrlKey: true,
      deltaY: -2000,
      ...view.pointOf(700, 300, 1024),
    }),
  );
  await wait(400);
  expect(view.model.saved.filter((one) => one._view).length).toBeGreaterThan(asked);
  const { _view } = view.model.state;
  expect([_view.number, _view.level]).toEqual([1, 0]);
  expect(_view.tiles.every((/** @type {number[]} */ [y, x]) => x <= y)).toBe(true);
  const [, told, row, column] = /^<?([\d.]+)query (\d+).*key (\d+)/.exec(view.tip() ?? "") ?? [];
  const exact = weightAt(Number(row), Number(column), true, false);
  expect(Math.abs(Number(told) - exact)).toBeLessThan(1.1e-4);
  expect(view.caption()).not.toContain("max-pooled");
});

test("the wheel alone is the page's, until the matrix has the focus", async () => {
  const view = await draw(matrixState(long(400)));
  const wheel = () => {
    const event = new WheelEvent("wheel", {
      bubbles: true,
      cancelable: true,
      deltaY: -100,
      ...view.pointOf(200, 100, 400),
    });
    view.plot.dispatchEvent(event);
    return event.defaultPrevented;
  };
  expect(wheel()).toBe(false);
  view.plot.focus();
  expect(wheel()).toBe(true);
});

test("a drag moves the matrix and pins nothing; 0 shows it whole", async () => {
  const view = await draw(matrixState(long(400)));
  const words = () => view.one(".lmw-zoom-words").textContent;
  view.press("+");
  view.press("+");
  await wait(300);
  const before = words();
  expect(before).toMatch(/rows \d+–\d+/);
  const at = view.pointOf(200, 200, 400);
  view.point("pointerdown", at);
  for (let i = 1; i < 6; i++) {
    view.point("pointermove", { ...at, clientY: at.clientY - 20 * i, buttons: 1 });
  }
  view.point("pointerup", { ...at, clientY: at.clientY - 100 });
  expect(words()).not.toBe(before);
  expect(view.model.state.token).toBe(null);
  view.press("0");
  await wait(300);
  expect(words()).toBe("");
});

test("a page without a kernel asks for nothing and says what is missing", async () => {
  const state = matrixState(long(1024), { level: 2 });
  const model = fakeModel(state);
  Object.assign(model, { lmwStandalone: true });
  const el = document.body.appendChild(document.createElement("div"));
  cleanups.push(attentionMatrix().render({ model: /** @type {any} */ (model), el }));
  await wait(250);
  expect(model.saved).toEqual([]);
  expect(el.querySelector(".lmw-caption")?.textContent).toContain("not in this page");
  const pools = /** @type {HTMLSelectElement} */ (el.querySelector("select"));
  expect([...pools.options].map((option) => option.disabled)).toEqual([false, true, true, true]);
});

test("rows that are not numbers are counted; a difference has a signed legend", async () => {
  const view = await draw(matrixState(TEXTS, { nan: [2, 5], signed: true, causal: false }));
  expect(view.caption()).toContain("2 tokens of 8");
  view.point("pointermove", view.pointOf(2, 1, 8));
  expect(view.tip()).toContain("not a number");
  expect(view.one(".lmw-heat-legend").getAttribute("aria-label")).toMatch(/from −0\.\d+ to 0\.\d+/);
});

test("turns are rows with names, and pins are tokens", async () => {
  const view = await draw(
    matrixState(TEXTS, {
      tokens: { role: TEXTS.map((_, i) => (i < 3 ? "user" : "assistant")) },
      starts: { query: [0, 3], key: [0, 3] },
      traits: { pool: "turn" },
    }),
  );
  view.point("pointermove", view.pointOf(1, 0, 2));
  expect(view.tip()).toContain("assistant: John went to the store");
  view.click(view.pointOf(1, 0, 2));
  expect([view.model.state.token, view.model.state.key]).toEqual([3, 0]);
  expect(view.caption()).toContain("mean over the queries in Q of the sum over the keys in K");
});

test("linked widgets light a row here, and hear what is hovered", async () => {
  const view = await draw(denseState(TEXTS, { traits: { heads: [2], _group: "g" } }));
  /** @type {any[]} */
  const heard = [];
  const listen = (/** @type {any} */ event) => heard.push(event.detail.hover);
  document.addEventListener("lmwidget:together", listen);
  view.point("pointermove", view.pointOf(4, 1, 8));
  document.removeEventListener("lmwidget:together", listen);
  expect(heard).toEqual([{ side: "query", index: 4 }]);
});

test("the table lists the pinned row, and the numbers can be copied", async () => {
  const view = await draw(
    denseState(TEXTS, { traits: { heads: [2], token: 4, key: null, side: "query" } }),
  );
  const button = /** @type {HTMLElement} */ (
    view.el.querySelector('[aria-label="Table of weights"]')
  );
  if (getComputedStyle(view.one(".lmw-details")).display === "none") button.click();
  expect(view.one(".lmw-details caption").textContent).toContain("went attends to");
  expect(view.el.querySelectorAll(".lmw-details tbody tr").length).toBe(5);
});

test("axe finds nothing, in either theme", async () => {
  for (const theme of ["light", "dark"]) {
    const view = await draw(
      denseState(TEXTS, {
        causal: false,
        key: fakeTokens(TEXTS.slice(0, 5)),
        figure: { kinds: ["encoder", "decoder", "cross"] },
        traits: { theme, kind: "cross", heads: [1], token: 2, key: 1 },
      }),
    );
    const { violations } = await axe.run(view.el);
    expect(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)])).toEqual([]);
  }
});

test("nothing listens after the view is gone", async () => {
  const view = await draw(matrixState(TEXTS));
  expect(view.model.listeners).toBeGreaterThan(0);
  view.cleanup();
  cleanups.length = 0;
  expect(view.model.listeners).toBe(0);
  expect(view.el.childElementCount).toBe(0);
});

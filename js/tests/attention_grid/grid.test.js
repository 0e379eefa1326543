import axe from "axe-core";
import { afterEach, beforeAll, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import attentionGrid from "../../src/widgets/attention_grid.js";
import { cleanAll, nextFrame, parkPointer } from "../attention_graph/harness.js";
import { fakeModel } from "../fake_model.js";
import { gridDetail, gridState, TEXTS } from "./fixtures.js";

/** @type {(() => void)[]} */
const cleanups = [];
beforeAll(parkPointer);
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  cleanAll();
});

/** @param {Record<string, any>} state */
async function draw(state, model = fakeModel(state)) {
  const el = document.createElement("div");
  document.body.appendChild(el);
  const widget = attentionGrid();
  widget.initialize({ model: /** @type {any} */ (model) });
  const cleanup = widget.render({ model: /** @type {any} */ (model), el });
  cleanups.push(cleanup);
  await nextFrame();
  await nextFrame();
  const one = (/** @type {string} */ selector) =>
    /** @type {HTMLElement} */ (el.querySelector(selector));
  const all = (/** @type {string} */ selector) =>
    /** @type {HTMLElement[]} */ ([...el.querySelectorAll(selector)]);
  const head = (/** @type {number} */ index) => one(`[data-head="${index}"]`);
  return {
    model,
    el,
    one,
    all,
    cleanup,
    head,
    root: one(".lmw-root"),
    order: () => all(".lmw-grid-cell").map((cell) => Number(cell.dataset.head)),
    /** The pointer over a head, x and y from 0 to 1. */
    async over(/** @type {number} */ index, /** @type {number} */ x, /** @type {number} */ y) {
      const { left, top, width, height } = one(`[data-head="${index}"]`).getBoundingClientRect();
      const at = { clientX: left + x * width, clientY: top + y * height, bubbles: true };
      head(index).dispatchEvent(new PointerEvent("pointermove", at));
      await nextFrame();
      await nextFrame();
    },
    pixel(
      /** @type {string} */ canvas,
      /** @type {number} */ index,
      /** @type {number} */ x,
      /** @type {number} */ y,
    ) {
      const sheet = /** @type {HTMLCanvasElement} */ (one(canvas));
      const from = sheet.getBoundingClientRect();
      const box = one(`[data-head="${index}"]`).getBoundingClientRect();
      const ratio = sheet.width / from.width;
      const at = [box.left - from.left + x * box.width, box.top - from.top + y * box.height];
      const context = /** @type {CanvasRenderingContext2D} */ (sheet.getContext("2d"));
      return [...context.getImageData(at[0] * ratio, at[1] * ratio, 1, 1).data];
    },
  };
}
const CELLS = ".lmw-grid-glass canvas";
const LINES = ".lmw-grid-overlay";
const settle = () => new Promise((resolve) => setTimeout(resolve, 30));

test("rows are layers and columns are heads, each with its numbers", async () => {
  const { all, head, one } = await draw(gridState());
  expect(all(".lmw-grid-row")).toHaveLength(3);
  expect(all(".lmw-grid-layers span").map((each) => each.textContent)).toEqual(["L0", "L1", "L2"]);
  expect(all(".lmw-grid-heads span").map((each) => each.textContent)).toEqual([
    "H0",
    "H1",
    "H2",
    "H3",
  ]);
  expect(head(5).getAttribute("aria-label")).toContain(
    "Layer 1, head 1: entropy 1.1\u00a0nats; strongest",
  );
  expect(one("[data-of='5'] .lmw-grid-number").textContent).toBe("1.1");
});

test("cells stand where their weights are, and nothing stands ahead", async () => {
  const { pixel } = await draw(gridState());
  // Head 0 looks at the first token: the last row is dark at the left, a plate in the middle.
  const [dark, plate, ahead] = [
    pixel(CELLS, 0, 0.06, 0.94),
    pixel(CELLS, 0, 0.55, 0.94),
    pixel(CELLS, 0, 0.94, 0.06),
  ];
  expect(dark[0]).toBeLessThan(60);
  expect(plate[0]).toBeGreaterThan(200);
  expect(ahead[3]).toBe(0);
});

test("one scale for all pales heads of small weights", async () => {
  const { pixel, model } = await draw(gridState());
  const before = pixel(CELLS, 9, 0.06, 0.94)[0];
  model.push({ scale: "global" });
  await settle();
  expect(pixel(CELLS, 0, 0.06, 0.94)[0]).toBeLessThan(60);
  expect(pixel(CELLS, 9, 0.06, 0.94)[0]).toBeGreaterThan(before + 40);
});

test("a click chooses a head, which is shown large at once", async () => {
  const { model, one, head } = await draw(gridState());
  head(6).click();
  const { left, top, width } = head(6).getBoundingClientRect();
  head(6).dispatchEvent(
    new MouseEvent("click", { clientX: left + width / 2, clientY: top + width / 2, bubbles: true }),
  );
  await settle();
  expect([model.state.layer, model.state.heads]).toEqual([1, [2]]);
  expect(one(".lmw-grid-heading strong").textContent).toBe("Layer 1, head 2");
  expect(head(6).getAttribute("aria-selected")).toBe("true");
  expect(one(".lmw-grid-readout").textContent).toContain("two digits");
  model.push({ _detail: gridDetail([1, 2], 8, 8) });
  await settle();
  expect(one(".lmw-grid-readout").textContent).toContain("Every weight");
});

test("arrow keys move over the heads, Enter chooses, Escape lets go", async () => {
  const { model, head, el, one } = await draw(gridState({ traits: { heads: [0] } }));
  expect(el.querySelectorAll(".lmw-grid-cell[tabindex='0']")).toHaveLength(1);
  head(0).focus();
  await userEvent.keyboard("{ArrowRight}{ArrowDown}");
  expect(document.activeElement).toBe(head(5));
  await userEvent.keyboard("{End}{Enter}");
  expect([model.state.layer, model.state.heads]).toEqual([1, [3]]);
  await userEvent.keyboard("[[");
  expect([model.state.layer, model.state.heads]).toEqual([0, [3]]);
  await userEvent.keyboard("{Escape}");
  expect(model.state.heads).toEqual([]);
  await settle();
  expect(one(".lmw-grid-heading").textContent).toContain("Click a head");
});

test("the pointer over a head tells the weight, and lights the token in all heads", async () => {
  const { over, one, pixel, all } = await draw(gridState());
  const before = pixel(LINES, 11, 0.2, 0.44);
  await over(0, 0.06, 0.44);
  const tip = one(".lmw-tooltip:not(.lmw-popover)").textContent ?? "";
  expect(tip).toContain("Layer 0, head 0");
  expect(tip).toContain("“John” (3) → “When” (0): 1.0000 (100");
  expect(before[3]).toBe(0);
  expect(pixel(LINES, 11, 0.2, 0.44)[3]).toBeGreaterThan(150);
  expect(pixel(LINES, 11, 0.8, 0.44)[3]).toBe(0); // it does not look ahead
  expect(all(".lmw-strip .lmw-lit").map((each) => each.textContent)).toEqual([" John"]);
  await over(0, 0.94, 0.06);
  expect(one(".lmw-tooltip:not(.lmw-popover)").textContent).toContain("does not look ahead");
});

test("a token hovered in a linked widget is lit, and tokens here light there", async () => {
  const { pixel, one } = await draw(gridState({ traits: { _group: "g" } }));
  /** @type {any[]} */
  const heard = [];
  const hear = (/** @type {any} */ { detail }) => heard.push(detail.hover);
  document.addEventListener("lmwidget:together", hear);
  const detail = { group: "g", from: {}, hover: { side: "key", index: 3 } };
  document.dispatchEvent(new CustomEvent("lmwidget:together", { detail }));
  expect(pixel(LINES, 11, 0.44, 0.9)[3]).toBeGreaterThan(150);
  one(".lmw-strip [data-token='2']").dispatchEvent(
    new PointerEvent("pointerover", { bubbles: true }),
  );
  document.removeEventListener("lmwidget:together", hear);
  expect(heard.at(-1)).toEqual({ side: null, index: 2 });
});

test("a token is pinned by a click, and let go by another", async () => {
  const { model, one, all } = await draw(gridState());
  const token = one(".lmw-strip [data-token='2']");
  token.click();
  expect(model.state.token).toBe(2);
  await settle();
  expect(token.getAttribute("aria-selected")).toBe("true");
  expect(all(".lmw-strip .lmw-lit")).toHaveLength(1);
  token.click();
  expect(model.state.token).toBe(null);
});

test("heads are ordered by a number, within layers or all together", async () => {
  const { model, order } = await draw(gridState());
  model.push({ order: "statistic", descending: true });
  await settle();
  expect(order()).toEqual([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8]);
  model.push({ flat: true, statistic: "first", descending: false });
  await settle();
  expect(order()).toEqual([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
});

test("what the filters leave out fades, or goes where there is one order", async () => {
  const { model, order, all, one } = await draw(gridState({ traits: { at_most: 0.1 } }));
  expect(order()).toHaveLength(12);
  expect(all(".lmw-faded")).toHaveLength(10);
  expect(one(".lmw-caption").textContent).toContain(
    "2 of 12 heads (entropy at most 0.10\u00a0nats)",
  );
  model.push({ flat: true });
  await settle();
  expect(order()).toEqual([0, 1]);
  model.push({ at_most: -1 });
  await settle();
  expect(one(".lmw-grid-nothing").textContent).toBe("No head passes the filters.");
});

test("types stand as text on the heads and as chips to filter by", async () => {
  const labels = Array.from({ length: 12 }, () => ["mixed"]);
  labels[5] = ["first-token", "induction"];
  labels[6] = ["previous-token"];
  const { model, one, all, head } = await draw(gridState({ labels }));
  expect(all(".lmw-grid-thumb .lmw-tag").map((tag) => tag.textContent)).toEqual(["ind", "prev"]);
  const chips = all(".lmw-type-chip");
  expect(chips.map((chip) => chip.textContent)).toEqual([
    "prevprevious-token1",
    "indinduction1",
    "firstfirst-token1",
    "mixed10",
  ]);
  chips[1].click();
  expect(model.state.show_types).toEqual(["induction"]);
  await settle();
  expect(all(".lmw-grid-text:not(.lmw-faded)").map((text) => text.dataset.of)).toEqual(["5"]);
  expect(head(6).getAttribute("aria-label")).toContain("Layer 1, head 2: previous-token; entropy");
  expect(one("button[title*='random words']").hidden).toBe(true);
});

test("labels are asked for with a button", async () => {
  const { model, one } = await draw(gridState());
  one("button[title*='random words']").click();
  expect(model.state.types).toBe(true);
});

test("long texts say how many weights a cell stands for", async () => {
  const texts = Array.from({ length: 130 }, (_, i) => ` w${i}`);
  const { one, over } = await draw(gridState({ texts, block: [3, 3] }));
  expect(one(".lmw-caption").textContent).toContain("Each cell is the largest of 3 × 3 weights.");
  expect(one(".lmw-grid-readout").textContent).toContain("largest of 3 × 3");
  await over(0, 0.01, 0.99);
  const tip = one(".lmw-tooltip:not(.lmw-popover)").textContent ?? "";
  expect(tip).toContain("“w129” (129) → “w0” (0) … “w2” (2): at most 1.0000");
});

test("a layer that cannot be read says why in its row", async () => {
  const { all, one, model } = await draw(gridState({ unreadable: { 1: "No softmax here." } }));
  expect(all(".lmw-grid-row")[1].textContent).toBe("Layer 1: No softmax here.");
  expect(one(".lmw-caption").textContent).toContain("Not readable: layer 1.");
  model.push({ layer: 1, heads: [0] });
  await settle();
  expect(one(".lmw-grid-heading").textContent).toContain("No softmax here.");
});

test("weights that are not numbers are red, and said", async () => {
  const { pixel, one } = await draw(gridState({ nan: true }));
  const [red, green] = pixel(CELLS, 11, 0.97, 0.97);
  expect(red).toBeGreaterThan(green + 80);
  expect(one(".lmw-caption").textContent).toContain("not numbers, in 1 of the heads");
});

test("a thousand heads make few elements", async () => {
  const { all, one } = await draw(gridState({ heads: Array(48).fill(25), traits: { size: 40 } }));
  expect(all(".lmw-grid-cell").length).toBeLessThan(900);
  one(".lmw-grid-scroller").scrollTop = 1e6;
  await settle();
  await nextFrame();
  expect(one("[data-head='1199']")).not.toBe(null);
  expect(one("[data-head='0']")).toBe(null);
});

test("bytes that were lost are asked for again", async () => {
  const state = gridState();
  state._thumbnails.cells.data = null;
  const { model } = await draw(state);
  expect(model.state._request).toBe(1);
});

test("nothing listens after the view is gone", async () => {
  const { model, cleanup, el } = await draw(gridState());
  cleanups.splice(0);
  cleanup();
  expect(model.listeners).toBe(0);
  expect(el.childElementCount).toBe(0);
});

const ODD = [
  "[CLS]",
  "café",
  "\n",
  " مرحبا",
  "</script><img src=x onerror=alert(1)>",
  " 你好",
  "x".repeat(300),
];
const labels = Array.from({ length: 12 }, (_, i) => [["mixed"], ["induction"], ["local"]][i % 3]);
/** @type {Record<string, () => Record<string, any>>} */
const scenes = {
  plain: () => gridState(),
  typed: () => gridState({ labels, traits: { flat: true, order: "type", token: 2 } }),
  faded: () => gridState({ labels, traits: { at_most: 0.5, show_types: ["local"] } }),
  odd: () => gridState({ texts: ODD, causal: false, nan: true, heads: [3, 1, 2] }),
  signed: () => gridState({ signed: true, causal: false, key: ["a", " b"] }),
  unread: () => gridState({ unreadable: { 0: "No softmax.", 1: "No softmax.", 2: "None." } }),
  empty: () =>
    gridState({
      traits: {
        _tokens: {},
        _thumbnails: {},
        _figure: {},
        _status: { state: "empty", message: "Nothing.", remedy: "", example: "A", progress: null },
      },
    }),
};
test.each(
  Object.keys(scenes).flatMap((name) => [
    [name, "light"],
    [name, "dark"],
  ]),
)("axe finds nothing: %s, %s", async (name, theme) => {
  document.body.style.background = theme === "dark" ? "#111" : "#fff";
  const { root, all } = await draw(scenes[name]());
  for (const label of ["More controls", "Table of heads"]) {
    all(`button[aria-label="${label}"]`)[0].click();
  }
  await settle();
  const { violations } = await axe.run(root, { rules: { region: { enabled: false } } });
  const told = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`,
  );
  expect(told).toEqual([]);
  document.body.style.background = "";
});

test.each([320, 360, 900, 1600])(
  "nothing sticks out at %i px, and nothing jumps",
  async (width) => {
    await page.viewport(width, 800);
    const { root, over, model, one } = await draw(gridState({ heads: Array(12).fill(12) }));
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
    const side = one(".lmw-grid-thumb").getBoundingClientRect().height;
    expect(side).toBeGreaterThanOrEqual(24);
    const before = root.getBoundingClientRect().height;
    await over(3, 0.2, 0.9);
    expect(root.getBoundingClientRect().height).toBe(before);
    model.push({ layer: 3, heads: [3], _detail: gridDetail([3, 3], TEXTS.length, TEXTS.length) });
    await settle();
    expect(root.getBoundingClientRect().height).toBe(before);
    await page.viewport(900, 700);
  },
);

import axe from "axe-core";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { page } from "vitest/browser";
import { parkPointer } from "../attention_graph/harness.js";
import { cleanAll, draw, rest } from "./harness.js";
import { fakeState, fakeSteps, TEXTS, traceWire } from "./scenes.js";

beforeAll(parkPointer);
afterEach(cleanAll);

const LAST = TEXTS.length - 1;
const long = Array.from({ length: 400 }, (_, i) => ` word${i}`);
/** Each token keeps itself; the last takes from two others. @param {number} count */
function quiet(count) {
  const step = Array.from({ length: count }, (_, query) =>
    Array.from({ length: count }, (_, key) => (key === query ? 1 : 0)),
  );
  Object.assign(step[count - 1], { 5: 0.3, 200: 0.2, [count - 1]: 0.5 });
  return [step, step, step];
}

test("the first glance: what the selected output is made of", async () => {
  const { says, shares, caption, ink } = draw(fakeState(TEXTS));
  expect(says()).toMatch(/^“store” after layer 3 is made of “\w+” [\d.]+\u00a0%/);
  const total = shares().reduce((sum, text) => sum + Number.parseFloat(text || "0"), 0);
  expect(total).toBeGreaterThan(97);
  expect(total).toBeLessThan(102);
  expect(caption()).toContain("50\u00a0% stays with the token");
  expect(caption()).toContain("Abnar & Zuidema 2020");
  expect(ink("overlay")).toBeGreaterThan(0);
  expect(ink("base")).toBeGreaterThan(0);
});

test("hovering previews and never syncs; leaving shows the selection again", async () => {
  const { model, says, hover, leave } = draw(fakeState(TEXTS));
  const before = says();
  await hover(2, 3);
  expect(says()).toMatch(/^“John” after layer 1 is made of/);
  await hover(-1, 1);
  expect(says()).toMatch(/^“Mary” makes [\d.]+\u00a0% of “store”/);
  await leave();
  expect(says()).toBe(before);
  expect(model.saved).toEqual([]);
});

test("a click keeps a node, a second lets it go", async () => {
  const { model, click, says } = draw(fakeState(TEXTS));
  await click(2, 3);
  expect(model.saved).toEqual([{ token: 3, layer: 1 }]);
  expect(says()).toMatch(/^“John” after layer 1/);
  await click(2, 3);
  expect(model.get("token")).toBe(null);
  expect(says()).toContain("Hover a node");
  await click(-1, 4);
  expect([model.get("token"), model.get("layer")]).toEqual([4, 3]);
});

test("with nothing selected an input shows where it goes", async () => {
  const { says, hover, ink } = draw(fakeState(TEXTS, { traits: { token: null } }));
  expect(ink("overlay")).toBe(0);
  await hover(-1, 2);
  expect(says()).toBe("“and” goes this way through the layers");
  expect(ink("overlay")).toBeGreaterThan(0);
});

test("one tab stop: arrows move between nodes, Enter keeps one, Escape lets go", async () => {
  const { el, model, cursor, press, says } = draw(fakeState(TEXTS));
  const stops = [...el.querySelectorAll(".lmw-flow-stage *")].filter(
    (element) => /** @type {HTMLElement} */ (element).tabIndex === 0,
  );
  expect(stops).toEqual([cursor]);
  cursor.focus();
  expect(cursor.getAttribute("aria-label")).toMatch(
    /“store”, token 7, after layer 3: made of .*; selected/,
  );
  await press("ArrowLeft");
  await press("ArrowUp");
  expect(cursor.getAttribute("aria-label")).toContain("“the”, token 6, after layer 2");
  expect(says()).toContain("“the” after layer 2");
  await press("Home");
  expect(cursor.getAttribute("aria-label")).toContain("input");
  await press("End");
  await press("PageUp");
  await press("Enter");
  expect([model.get("token"), model.get("layer")]).toEqual([0, 3]);
  await press("Escape");
  expect(model.get("token")).toBe(null);
});

test("brackets step through the layers", async () => {
  const { model, press } = draw(fakeState(TEXTS));
  await press("[");
  expect(model.get("layer")).toBe(2);
  await press("]");
  await press("]");
  expect(model.get("layer")).toBe(3);
});

test("a long text is folded to the tokens that carry; a gap opens by a click", async () => {
  const { all, one, model, caption } = draw(fakeState(long, { steps: quiet(400) }));
  expect(all(".lmw-flow-left").map((label) => label.dataset.row)).toEqual(["5", "200", "399"]);
  const gaps = all(".lmw-flow-gap");
  expect(gaps.map((gap) => gap.textContent)).toEqual([
    "⋯ 5 tokens",
    "⋯ 194 tokens",
    "⋯ 198 tokens",
  ]);
  expect(caption()).toContain("397 tokens are folded away");
  gaps[0].click();
  expect(all(".lmw-flow-left")).toHaveLength(8);
  model.push({ fold: false });
  await rest();
  expect(all(".lmw-flow-gap")).toHaveLength(0);
  expect(all(".lmw-flow-left").length).toBeLessThan(80); // only those near the window
  const above = one(".lmw-flow-above");
  expect(above.textContent).toMatch(/^↑ word5 [\d.]+\u00a0%$/);
  above.click();
  await rest();
  expect(one('.lmw-flow-left[data-row="5"]')).not.toBe(null);
});

test("a maximum flow is traced by Python; hovering shows capacities only", async () => {
  const traits = { method: "flow", _trace: traceWire(4, TEXTS.length, LAST) };
  const figure = { method: "flow", linear: false, unit: "flow" };
  const { says, shares, hover, model, caption } = draw(fakeState(TEXTS, { traits, figure }));
  expect(says()).toMatch(/can draw on “Mary” 50\u00a0%, “store” 50\u00a0%/);
  expect(shares()[1]).toBe("50\u00a0%");
  expect(caption()).toContain("maximum flow");
  await hover(2, 3);
  expect(says()).toBe("“John” after layer 1: what its layer lets in");
  model.push({ token: 2 });
  await rest();
  expect(shares().every((text) => text === "")).toBe(true);
});

test("methods that cannot be had say why", () => {
  const methods = [
    { name: "rollout", summary: "it", why_not: null },
    { name: "norms", summary: "it", why_not: "Norms needs the model." },
  ];
  const { all } = draw(fakeState(TEXTS, { figure: { methods } }));
  const buttons = /** @type {HTMLButtonElement[]} */ (all(".lmw-flow-methods button"));
  expect(buttons.map((button) => button.disabled)).toEqual([false, true]);
  expect(buttons[1].title).toBe("Norms needs the model.");
});

test("a first token that holds nearly all can be left out by a click", async () => {
  const steps = fakeSteps(12, TEXTS.length).map((step) =>
    step.map((row) => row.map((weight, key) => (key === 0 ? 0.6 : 0) + 0.4 * weight)),
  );
  const { one, model, caption } = draw(fakeState(TEXTS, { steps }));
  expect(caption()).toContain("gathers on the first");
  one(".lmw-flow-offer").click();
  expect(model.saved).toEqual([{ hide_first: true }]);
});

test("the table and the clipboard hold exact shares", async () => {
  const written = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
  const { button, all, root } = draw(fakeState(TEXTS));
  button("Table of sources").click();
  const cells = all(".lmw-flow-table tbody tr:first-child td").map((cell) => cell.textContent);
  expect(cells[1]).toMatch(/^0\.\d{4}$/);
  button("Copy the numbers as text").click();
  await rest();
  const [head, first] = written.mock.calls[0][0].split("\n");
  expect(head).toBe("source of store (token 7, after layer 3)\tindex\tshare");
  expect(first.split("\t")).toHaveLength(3);
  expect(root.querySelector(".lmw-live")?.textContent).toBe("Copied.");
  written.mockRestore();
});

test("linked widgets light up one another", async () => {
  const { hover, says } = draw(fakeState(TEXTS, { traits: { _group: "g" } }));
  const heard = vi.fn();
  document.addEventListener("lmwidget:together", (event) =>
    heard(/** @type {CustomEvent} */ (event).detail.hover),
  );
  await hover(2, 3);
  expect(heard).toHaveBeenLastCalledWith({ side: "query", index: 3 });
  const detail = { group: "g", from: {}, hover: { side: "query", index: 5 } };
  document.dispatchEvent(new CustomEvent("lmwidget:together", { detail }));
  expect(says()).toMatch(/^“to” after layer 3/);
});

const ODD = [
  "[CLS]",
  "café",
  "\n",
  "F0 9F",
  " مرحبا",
  "</script><img src=x onerror=alert(1)>",
  "x".repeat(500),
];
const kind = ["special", "text", "text", "bytes", "text", "text", "text"];
const scenes = /** @type {Record<string, () => Record<string, any>>} */ ({
  selected: () => fakeState(TEXTS),
  nothing: () => fakeState(TEXTS, { traits: { token: null } }),
  folded: () => fakeState(long, { steps: quiet(400) }),
  chat: () =>
    fakeState(TEXTS, { tokens: { role: TEXTS.map((_, i) => (i < 4 ? "user" : "assistant")) } }),
  odd: () => fakeState(ODD, { tokens: { kind }, causal: false }),
  relevance: () =>
    fakeState(TEXTS, { figure: { method: "relevance", unit: "relevance", explains: "' to'" } }),
  one: () => fakeState(["a"], { layers: 1 }),
  loading: () => fakeState(TEXTS, { traits: { _steps: {} } }),
  error: () =>
    fakeState(TEXTS, {
      traits: {
        _status: {
          state: "error",
          message: "Too long.",
          remedy: "",
          example: null,
          progress: null,
        },
      },
    }),
});

test.each(
  Object.keys(scenes).flatMap((name) => [
    [name, "light"],
    [name, "dark"],
  ]),
)("axe finds nothing: %s, %s", async (name, theme) => {
  document.body.style.background = theme === "dark" ? "#161618" : "#fff";
  const { root, button } = draw(scenes[name]());
  button("More controls").click();
  button("Table of sources").click();
  await rest(80);
  const { violations } = await axe.run(root, { rules: { region: { enabled: false } } });
  const told = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`,
  );
  expect(told).toEqual([]);
  document.body.style.background = "";
});

test.each([320, 360, 600, 900, 1600])(
  "nothing sticks out at %i px, and nothing jumps on hover",
  async (width) => {
    await page.viewport(width, 800);
    const { root, hover } = draw(fakeState(ODD, { layers: 30, tokens: { kind } }));
    await rest();
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
    const before = root.getBoundingClientRect().height;
    await hover(-1, 3);
    expect(root.getBoundingClientRect().height).toBe(before);
    await page.viewport(900, 700);
  },
);

test("bytes that were lost are asked for again", () => {
  const state = fakeState(TEXTS);
  state._steps.weights.data = null;
  const { model } = draw(state);
  expect(model.get("_request")).toBe(1);
});

test("leaving leaves nothing behind", () => {
  const { model, cleanup, el } = draw(fakeState(TEXTS));
  expect(model.listeners).toBeGreaterThan(0);
  cleanup();
  expect(model.listeners).toBe(0);
  expect(el.childElementCount).toBe(0);
});

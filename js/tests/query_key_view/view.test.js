import { afterEach, describe, expect, test } from "vitest";
import { page } from "vitest/browser";
import { HeadPart, ordered, scalesOf, sums } from "../../src/widgets/query_key_view/data.js";
import queryKeyView from "../../src/widgets/query_key_view.js";
import { fakeTokens } from "../fake_attention.js";
import { cleanAll, drawWidget, faults, ink, tick } from "../query_key_harness.js";
import { fakePart, viewState } from "../query_key_scenes.js";

afterEach(cleanAll);

const TEXTS = "When| Mary| and| John| went| to| the| store|,| John".split("|");
/** @param {Record<string, any>} state */
const draw = (state) => drawWidget(queryKeyView, state);
/** @param {ReturnType<typeof draw>} view @param {number} side @param {number} index */
const token = ({ all }, side, index) =>
  /** @type {HTMLElement} */ (all(".lmw-flow-text")[side].querySelector(`[data-token="${index}"]`));

describe("numbers", () => {
  const part = /** @type {HeadPart} */ (HeadPart.decode(fakePart(6)));

  test("product, sum and steps of an edge agree", () => {
    const pair = part.pair(4, 2);
    const walk = sums(pair.product, ordered(pair.product, "contribution"));
    expect(walk.at(-1)).toBeCloseTo(pair.steps[0].value, 3);
    expect(pair.steps[1].value).toBeCloseTo(pair.steps[0].value / 4, 4);
    expect(pair.weight).toBeCloseTo(pair.steps[3].value / sumOf(pair.steps[3].row), 5);
  });

  test("by contribution the largest product stands first", () => {
    const { product } = part.pair(4, 2);
    const order = ordered(product, "contribution");
    expect(product[order[0]]).toBe(Math.max(...product));
    expect([...order].sort((a, b) => a - b)).toEqual(ordered(product, "dimension"));
    expect(scalesOf([part.pair(4, 2)], "dimension").product).toBe(
      Math.max(...product.map(Math.abs)),
    );
  });

  test("keys stand by weight, what the mask hides is counted", () => {
    const row = part.row(3, 1);
    expect(row.keys.map(({ key }) => key).sort()).toEqual([0, 1, 2, 3]);
    expect(row.keys.every(({ weight }, i) => i === 0 || weight <= row.keys[i - 1].weight)).toBe(
      true,
    );
    expect([row.hidden, row.rest.count]).toEqual([2, 0]);
  });

  test("of many keys thirty are listed, the chosen one too, the rest summed", () => {
    const many = /** @type {HeadPart} */ (HeadPart.decode(fakePart(80)));
    const weakest = [...many.weights(79)].map((w, i) => [w, i]).sort((a, b) => a[0] - b[0])[0][1];
    const row = many.row(79, weakest);
    expect(row.keys.length).toBe(31);
    expect(row.keys.at(-1)?.key).toBe(weakest);
    expect(row.rest.count).toBe(49);
    expect(sumOf(row.keys.map(({ weight }) => weight)) + row.rest.weight).toBeCloseTo(1, 5);
  });

  test("one query of a long text has only the keys that were sent", () => {
    const wire = fakePart(50, { query: 40, keys: [0, 7, 40] });
    const some = /** @type {HeadPart} */ (HeadPart.decode(wire));
    expect([some.queryPlace(40), some.queryPlace(3), some.keyPlace(7), some.keyPlace(8)]).toEqual([
      0, -1, 1, -1,
    ]);
    expect(some.weights(40).length).toBe(50);
    expect(some.row(40, 7).rest.count).toBe(38);
    expect(some.pair(40, 7).weight).toBe(some.weights(40)[7]);
  });

  test("bytes that did not come are asked for again", () => {
    const state = viewState(TEXTS);
    state._parts[0].rows.data = null;
    expect(draw(state).model.state._request).toBe(1);
  });

  /** @param {ArrayLike<number>} values */
  function sumOf(values) {
    return Array.from(values).reduce((sum, value) => sum + value, 0);
  }
});

describe("the picture", () => {
  test("shows the edge with most to show at once", () => {
    const view = draw(viewState(TEXTS));
    expect(view.root.dataset.lmwReady).toBe("true");
    expect(view.one(".lmw-headline").textContent).toMatch(/^John gives .* to Mary/);
    expect(ink(view.one(".lmw-plot-canvas"))).toBeGreaterThan(10_000);
    expect(view.all(".lmw-step-value").map((one) => one.textContent)).toHaveLength(5);
    expect(view.all(".lmw-keys-row")).toHaveLength(10);
    expect(token(view, 0, 9).getAttribute("aria-selected")).toBe("true");
    expect(token(view, 1, 1).getAttribute("aria-selected")).toBe("true");
  });

  test("hovering a key shows it, syncs nothing, and is over when the pointer leaves", async () => {
    const view = draw(viewState(TEXTS));
    const before = view.one(".lmw-headline").textContent;
    await view.hover(token(view, 1, 3));
    expect(view.one(".lmw-headline").textContent).toContain("to John");
    expect(view.model.saved).toEqual([]);
    view.all(".lmw-flow-text")[1].dispatchEvent(new PointerEvent("pointerleave"));
    await tick();
    await tick();
    await tick();
    expect(view.one(".lmw-headline").textContent).toBe(before);
  });

  test("nothing moves on hover", async () => {
    const view = draw(viewState(TEXTS));
    const before = view.root.getBoundingClientRect().height;
    for (const key of [0, 3, 8]) {
      await view.hover(token(view, 1, key));
      expect(view.root.getBoundingClientRect().height).toBe(before);
    }
  });

  test("clicks choose: a query with its strongest key, then a key", async () => {
    const state = viewState(TEXTS);
    const view = draw(state);
    token(view, 0, 5).click();
    expect(view.model.saved.at(-1)).toEqual({ token: 5 });
    await tick();
    const strongest = TEXTS[state._parts[0].best_keys[5]].trim();
    expect(view.one(".lmw-headline").textContent).toContain(`to ${strongest}`);
    expect(view.one(".lmw-keys-rest").textContent).toBe("4 tokens are hidden by the mask.");
    token(view, 1, 3).click();
    await tick();
    expect([view.model.state.token, view.model.state.key]).toEqual([5, 3]);
    token(view, 0, 7).click();
    expect([view.model.state.token, view.model.state.key]).toEqual([7, null]);
  });

  test("a key behind the mask is said to be hidden", async () => {
    const view = draw(viewState(TEXTS, { traits: { token: 2, key: 6 } }));
    expect(view.one(".lmw-headline").textContent).toContain("may not look at");
    expect(view.all(".lmw-keys-row[aria-selected=true]")[0].textContent).toContain("hidden");
  });

  test("a sink has its own row and share", () => {
    const parts = [fakePart(TEXTS.length, { sink: 4 })];
    const view = draw(viewState(TEXTS, { parts }));
    expect(view.one(".lmw-keys-sink").textContent).toContain("belongs to no token");
    const bars = view.all(".lmw-keys-weight i").map((bar) => Number.parseFloat(bar.style.width));
    const shares = view.all(".lmw-keys-weight .lmw-keys-value").map((value) => value.textContent);
    expect(Math.max(...bars)).toBe(100);
    expect(shares[bars.indexOf(100)]).toBe(
      shares.reduce((a, b) =>
        Number.parseFloat(`${b}`.replace(/\D+/, "")) > Number.parseFloat(`${a}`.replace(/\D+/, ""))
          ? b
          : a,
      ),
    );
  });

  test("a dimension tells its three numbers, by pointer and by arrow keys", async () => {
    const figure = {
      rotary: { used: true, partners: [...Array(16).keys()].map((i) => (i + 8) % 16) },
    };
    const view = draw(viewState(TEXTS, { figure }));
    const slider = view.one("[role=slider]");
    slider.focus();
    await view.press(slider, "Home");
    await view.press(slider, "ArrowRight");
    expect(slider.getAttribute("aria-valuetext")).toMatch(
      /Dimension 1, .* × .* = .*, sum so far .*, turns with dimension 9/,
    );
    expect(view.tip()).toContain("Dimension 1");
    expect(view.one(".lmw-plot-partner").hidden).toBe(false);
  });

  test("order by contribution, the table and the text for the clipboard", async () => {
    const view = draw(viewState(TEXTS));
    view
      .all(".lmw-segmented button")
      .find((one) => one.textContent === "by contribution")
      ?.click();
    expect(view.model.saved.at(-1)).toEqual({ order: "contribution" });
    await tick();
    view.one("[aria-label='Table of dimensions']").click();
    const products = view.all("tbody tr").map((row) => row.children[3].textContent ?? "");
    const values = products.map((text) => Number(text.replace("−", "-")));
    expect(values).toEqual([...values].sort((a, b) => b - a));
  });

  test("a step tells why in a tooltip", async () => {
    const view = draw(viewState(TEXTS));
    await view.hover(view.all(".lmw-step")[0]);
    expect(view.tip()).toContain("How well they fit.");
  });

  test("one head at a time; what was not sent is waited for", async () => {
    const view = draw(viewState(TEXTS));
    view.all(".lmw-chip")[1].click();
    expect(view.model.state.heads).toEqual([1]);
    await tick();
    expect(view.root.classList.contains("lmw-waiting")).toBe(false);
    view.all(".lmw-chip")[2].click();
    await tick();
    expect(view.root.classList.contains("lmw-waiting")).toBe(true);
    view.model.push({ _parts: [fakePart(TEXTS.length, { head: 2 })] });
    await tick();
    expect(view.root.classList.contains("lmw-waiting")).toBe(false);
  });

  test("a layer that cannot be shown says why in the picture's place", () => {
    const _status = { state: "error", message: "Kept whole.", remedy: "Look elsewhere." };
    const view = draw(viewState(TEXTS, { parts: [], traits: { _status } }));
    expect(view.one("[role=alert]").textContent).toBe("Kept whole.");
  });

  test("linked widgets light up together", async () => {
    const a = draw(viewState(TEXTS, { traits: { _group: "g" } }));
    const b = draw(viewState(TEXTS, { traits: { _group: "g" } }));
    await a.hover(token(a, 1, 3));
    expect(token(b, 1, 3).classList.contains("lmw-lit")).toBe(true);
  });

  test("everything is let go", () => {
    const view = draw(viewState(TEXTS));
    view.cleanup();
    expect(view.model.listeners).toBe(0);
    expect(view.el.childElementCount).toBe(0);
  });
});

const ODD = ["[CLS]", "café", "\n", "F0 9F", " مرحبا", "</script><img src=x>", "x".repeat(300)];
const kind = /** @type {any} */ (["special", "text", "text", "bytes", "text", "text", "text"]);
const scenes = /** @type {Record<string, () => Record<string, any>>} */ ({
  plain: () => viewState(TEXTS),
  masked: () => viewState(TEXTS, { traits: { token: 2, key: 6 } }),
  sink: () => viewState(TEXTS, { parts: [fakePart(TEXTS.length, { sink: 4 })] }),
  odd: () => viewState(ODD, { tokens: { kind } }),
  single: () => viewState(["a"]),
  numbers: () =>
    viewState(TEXTS, { parts: [fakePart(TEXTS.length, { nan: true })], traits: { token: 0 } }),
  cross: () =>
    viewState(TEXTS, { key: fakeTokens(TEXTS.map((_, i) => ` w${i}`)), figure: { causal: false } }),
});

test.each(
  Object.keys(scenes).flatMap((name) => [
    [name, "light"],
    [name, "dark"],
  ]),
)("axe finds nothing: %s, %s", async (name, theme) => {
  document.body.style.background = theme === "dark" ? "#111" : "#fff";
  const view = draw(scenes[name]());
  view.one("[aria-label='Table of dimensions']").click();
  await tick();
  expect(await faults(view.root)).toEqual([]);
  expect(view.all("img, script")).toEqual([]);
});

test.each([320, 360, 600, 900, 1600])("nothing sticks out at %i px", async (width) => {
  await page.viewport(width, 800);
  draw(viewState(ODD, { tokens: { kind } }));
  draw(viewState(TEXTS));
  await tick();
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
  await page.viewport(900, 700);
});

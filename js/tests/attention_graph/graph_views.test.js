import axe from "axe-core";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import { AttentionData } from "../../src/attention/data.js";
import { makeInk } from "../../src/attention/ink.js";
import { strokeLinks } from "../../src/attention/links.js";
import { decodeSums } from "../../src/attention/sums.js";
import { buildEdges } from "../../src/widgets/attention_graph/edges.js";
import { foldData, foldOf } from "../../src/widgets/attention_graph/folding.js";
import { heldBy, renormalised } from "../../src/widgets/attention_graph/hiding.js";
import { decodeFocus } from "../../src/widgets/attention_graph/long/focus.js";
import { envelope, fakeAttention, fakeState, fakeTokens } from "../fake_attention.js";
import {
  CHAT,
  chat,
  cross,
  difference,
  graphScenes,
  MARY,
  PAIR,
  pair,
  signedAttention,
  written,
} from "../graph_scenes.js";
import { longState } from "../long_attention.js";
import { cleanAll, draw, nextFrame, parkPointer } from "./harness.js";

beforeAll(parkPointer);
afterEach(async () => {
  cleanAll();
  await page.viewport(900, 700);
});

const tick = () => new Promise((resolve) => setTimeout(resolve, 0));
const plain = (/** @type {string | null} */ text) => (text ?? "").replaceAll("\u00a0", " ");
const decoded = (/** @type {any} */ wire) =>
  /** @type {AttentionData} */ (AttentionData.decode(wire));

/** @param {string[]} texts @param {Partial<import("../../src/widgets/attention_graph/edges.js").Choice>} more */
const choice = (texts, more) => ({
  layer: 0,
  heads: [0, 1, 2, 3],
  mean: false,
  threshold: 0,
  relative: false,
  topK: null,
  hiddenQueries: new Uint8Array(texts.length),
  hiddenKeys: new Uint8Array(texts.length),
  ...more,
});

describe("weights with a sign", () => {
  const data = decoded(signedAttention(MARY));

  test("the strongest by absolute value first, the scale to the largest", () => {
    const set = buildEdges(data, choice(MARY, { relative: true }), MARY.length);
    let most = 0;
    for (let h = 0; h < 4; h++)
      for (let q = 0; q < MARY.length; q++)
        for (let k = 0; k <= q; k++) most = Math.max(most, Math.abs(data.weight(0, h, q, k) ?? 0));
    expect(set.most).toBeCloseTo(most, 6);
    expect(Math.abs(set.weight[0])).toBeCloseTo(most, 3);
    expect(set.weight.some((weight) => weight < 0)).toBe(true);
    for (let i = 1; i < set.count; i++) {
      const [a, b] = [set.weight[i - 1], set.weight[i]].map((w) => Math.sqrt(Math.abs(w) / most));
      expect(b).toBeLessThanOrEqual(a + 1 / 2048);
    }
  });

  test("the threshold is a share of the scale", () => {
    const set = buildEdges(data, choice(MARY, { relative: true, threshold: 0.5 }), MARY.length);
    expect(set.count).toBeGreaterThan(10);
    expect(set.weight.every((weight) => Math.abs(weight) >= 0.5 * set.most)).toBe(true);
  });

  test("a mean in which weights cancel has each key once", () => {
    const values = Int16Array.from([100, -100, 50, 50]);
    const wire = {
      layers: [0],
      format: "dense",
      weights: {
        ...envelope(values, "int16", [1, 2, 1, 2], ["layer", "head", "query", "key"]),
        scale: envelope(Float32Array.from([1, 2]), "float32", [1, 2, 1], []),
      },
    };
    const mean = choice(["a"], { heads: [0, 1], mean: true, relative: true });
    mean.hiddenKeys = new Uint8Array(2);
    const set = buildEdges(decoded(wire), mean, 2);
    expect([...set.key].sort()).toEqual([0]); // 100 + 2·50 on key 0; −100 + 2·50 = 0 on key 1
    expect(set.weight[0]).toBe(100);
  });

  test("ink: orange and solid above, purple and dashed below; numbers with their sign", () => {
    const ink = makeInk({ theme: "light", signed: true, most: 0.5 });
    expect(ink.colour(3, 0.1)).not.toBe(ink.colour(3, -0.1));
    expect(ink.colour(0, 0.1)).toBe(ink.colour(3, 0.4));
    expect([ink.short(0.123), ink.short(-0.123)]).toEqual(["+0.12", "−0.12"]);
    expect([ink.exact(0.12345), ink.exact(-0.00001)]).toEqual(["+0.1235", "−<0.0001"]);
    expect([ink.size(-0.25), ink.size(3)]).toEqual([0.5, 1]);
    expect(makeInk({ theme: "light", unit: "norm", most: 7 }).exact(Math.PI)).toBe("3.142");
    const context = /** @type {CanvasRenderingContext2D} */ (
      document.createElement("canvas").getContext("2d")
    );
    const dashes = vi.spyOn(context, "setLineDash");
    const link = { query: 0, key: 0, head: 0 };
    strokeLinks(
      context,
      () => {},
      [
        { ...link, weight: -0.5 },
        { ...link, weight: 0.5 },
      ],
      ink,
    );
    expect(dashes.mock.calls.map(([dash]) => [...dash].length)).toEqual([2, 0, 0]);
  });

  test.each(["columns", "arcs", "lines"])(
    "in %s: signs in numbers, legend and caption",
    async (view) => {
      const { hover, token, numbers, one, ink } = draw(difference({ view, heads: [1] }));
      expect(ink("base")).toBeGreaterThan(3_000);
      await hover(token("query", 12));
      expect(numbers().some((number) => number?.startsWith("−"))).toBe(true);
      expect(numbers().some((number) => number?.startsWith("+"))).toBe(true);
      const caption = plain(one(".lmw-caption").textContent);
      expect(caption).toMatch(/^The first text .* is subtracted from the second\./);
      expect(caption).toMatch(
        /purple and dashed: less.*absolute weight, up to the largest here, 0\.\d+/,
      );
      expect(caption).not.toContain("share of the head");
      expect(one(".lmw-signs").textContent).toMatch(/more, up to \+0\.\d+less, down to −0\.\d+/);
      expect(token("query", 12).getAttribute("aria-label")).toContain("differs most towards");
    },
  );

  test("hidden tokens hold no share, and nothing is renormalised", async () => {
    const { one, model } = draw(difference({ hide_first: true, renormalise: true, heads: [1] }));
    expect(one(".lmw-caption").textContent).toContain("First token hidden.");
    expect(one(".lmw-caption").textContent).not.toMatch(/%|renormalised/);
    model.push({ heads: [] });
    await tick();
  });

  test("values of any size keep their scale, and a unit of their own", () => {
    const { one } = draw(difference({}, { unit: "attention × gradient" }, { factor: 1e-5 }));
    expect(one(".lmw-caption").textContent).toContain("absolute weight (attention × gradient)");
    expect(one(".lmw-signs").textContent).toContain("above zero, up to +");
  });

  test("a long text has signs too", async () => {
    const state = longState(600, { traits: { layer: 0 } });
    const wire = state._attention;
    const data = new Int16Array(wire.weights.shape[0]);
    for (let i = 0; i < data.length; i++) data[i] = (i % 2 ? -1 : 1) * (1000 + (i % 30000));
    wire.weights = envelope(data, "int16", wire.weights.shape, ["entry"]);
    state._figure = { ...state._figure, signed: true };
    const { ink, hover, token, numbers } = draw(state);
    expect(ink("base")).toBeGreaterThan(1000);
    await hover(token("query", 12));
    expect(numbers().join()).toMatch(/[+−]/);
  });
});

describe("hidden weight", () => {
  const source = {
    data: decoded(fakeAttention(MARY, { heads: 2 })),
    sums: null,
    layer: 0,
    heads: [1],
  };
  const first = Uint8Array.from(MARY, (_, i) => (i === 0 ? 1 : 0));

  test("is given to the others: every row sums to 1, a row with nothing else is empty", () => {
    const made = renormalised(source, first);
    expect(made?.empty.indexOf(1)).toBe(0);
    expect(made?.empty.reduce((a, b) => a + b)).toBe(1);
    for (let q = 1; q < MARY.length; q++) {
      let sum = 0;
      for (let k = 1; k < MARY.length; k++) sum += made?.data.weight(0, 1, q, k) ?? 0;
      expect(sum).toBeCloseTo(1, 4);
    }
    expect(made?.data.weight(0, 1, 0, 0)).toBe(0);
    expect(source.data.weight(0, 1, 0, 0)).toBeCloseTo(1, 4);
  });

  test("of strongest edges only is not guessed: sums from Python are needed", () => {
    const cut = { ...source, data: decoded(fakeAttention(MARY, { heads: 2, top: 2 })) };
    expect(renormalised(cut, first)).toBeNull();
    expect(heldBy(cut, first).exact).toBe(false);
    const sums = decodeSums(sumsOf(source.data));
    const made = renormalised({ ...cut, sums }, first);
    const whole = renormalised(source, first);
    for (let q = 1; q < MARY.length; q++)
      expect(1 / (made?.factor(1, q) ?? 0)).toBeCloseTo(1 / (whole?.factor(1, q) ?? 0), 4);
    expect(heldBy({ ...cut, sums }, first)).toEqual({
      share: expect.closeTo(heldBy(source, first).share, 4),
      exact: true,
    });
  });

  test("sums know which keys they can tell", () => {
    const sums = decodeSums(sumsOf(source.data));
    expect(sums?.covers(0, [0, 1])).toBe(true);
    expect(sums?.covers(1, [0])).toBe(false);
    const second = Uint8Array.from(MARY, (_, i) => (i === 1 ? 1 : 0));
    expect(sums?.reader(0, second)).toBeNull();
    expect(decodeSums({})).toBeNull();
  });

  test("renormalised weights of the pinned token, and the caption", async () => {
    const { one, model, hover, token, numbers } = draw(
      fakeState(MARY, { traits: { heads: [2], hide_first: true } }),
    );
    await hover(token("query", 5));
    const data = decoded(model.state._attention);
    const row = MARY.map((_, key) => (key === 0 ? 0 : (data.weight(0, 2, 5, key) ?? 0)));
    const rest = row.reduce((a, b) => a + b);
    expect(numbers()[0]).toBe(Math.max(...row).toPrecision(2));
    model.push({ renormalise: true });
    await nextFrame();
    const caption = plain(one(".lmw-caption").textContent);
    expect(caption).toMatch(
      /First token hidden: it held \d+ % of the weight of this head; the rest is renormalised to 1 a token\./,
    );
    await hover(null);
    await hover(token("query", 5));
    expect(numbers()[0]).toBe((Math.max(...row) / rest).toPrecision(2));
  });

  test("the checkbox waits until something is hidden", async () => {
    const { model, el } = draw(fakeState(MARY));
    const box = /** @type {HTMLInputElement} */ (
      [...el.querySelectorAll("label")]
        .find((label) => label.textContent === "renormalise")
        ?.querySelector("input")
    );
    expect(box.disabled).toBe(true);
    model.push({ hide_first: true });
    await tick();
    expect(box.disabled).toBe(false);
    box.click();
    expect(model.state.renormalise).toBe(true);
  });

  test("every weight of a pinned token is renormalised too", () => {
    const weights = envelope(Uint16Array.from([65535, 0]), "uint16", [1, 2], ["head", "token"]);
    const scale = envelope(Float32Array.from([0.5 / 65535]), "float32", [1], ["head"]);
    const wire = { layer: 0, heads: [3], token: 1, weights: { ...weights, scale } };
    const factor = (/** @type {number} */ _, /** @type {number} */ query) => query + 2;
    const row = decodeFocus({ ...wire, side: "query" })?.scaledBy(factor);
    expect(row?.weight(3, 0)).toBeCloseTo(1.5, 6);
    const column = decodeFocus({ ...wire, side: "key" })?.scaledBy(factor);
    expect(column?.weight(3, 0)).toBeCloseTo(1, 6);
  });
});

/** What Python sends of dense weights: the first key, and the rest. @param {AttentionData} data */
function sumsOf(data) {
  const rows = data.heads * data.queries;
  const values = new Uint16Array(rows * 2);
  for (let row = 0; row < rows; row++) {
    const [head, query] = [Math.floor(row / data.queries), row % data.queries];
    const weight = data.weight(0, head, query, 0) ?? 0;
    values[2 * row] = Math.round((1 - weight) * 65535);
    values[2 * row + 1] = Math.round(weight * 65535);
  }
  const sums = envelope(values, "uint16", [1, data.heads, data.queries, 2], []);
  const scale = envelope(new Float32Array(rows).fill(1 / 65535), "float32", [rows], []);
  const groups = Uint8Array.from({ length: data.queries }, (_, i) => (i === 0 ? 1 : 0));
  return {
    layers: [0],
    heads: null,
    groups: envelope(groups, "uint8", [data.queries], ["key"]),
    sums: { ...sums, scale },
  };
}

describe("a pair of texts", () => {
  test("edges from one to the other only, and what they hold", async () => {
    const { model, one, el, token, ink } = draw(pair());
    const all = ink("base");
    const select = /** @type {HTMLSelectElement} */ (el.querySelector(".lmw-select"));
    expect([...select.options].map((option) => option.text)).toEqual([
      "all",
      "first → first",
      "first → second",
      "second → first",
      "second → second",
    ]);
    select.value = "A→B";
    select.dispatchEvent(new Event("change"));
    expect(model.state.pair).toBe("A→B");
    await tick();
    expect(ink("base")).toBeLessThan(all);
    expect(token("query", 8).className).toContain("lmw-concealed");
    expect(token("key", 8).className).not.toContain("lmw-concealed");
    const data = decoded(model.state._attention);
    let held = 0;
    for (const head of [1, 2])
      for (let q = 0; q < 7; q++)
        for (let k = 7; k < PAIR.length; k++) held += data.weight(0, head, q, k) ?? 0;
    const share = ((100 * held) / 14).toFixed(0);
    expect(plain(one(".lmw-caption").textContent)).toContain(
      `Only first → second: it holds ${share} % of the attention of the first text.`,
    );
  });

  test("one text has no such control", () => {
    const { el } = draw(fakeState(MARY, { traits: { pair: "A→B" } }));
    expect(/** @type {HTMLElement} */ (el.querySelector(".lmw-select")).checkVisibility()).toBe(
      false,
    );
    expect(el.querySelectorAll(".lmw-concealed").length).toBe(0);
  });
});

describe("turns as one row", () => {
  const state = chat();
  const data = decoded(state._attention);
  const none = new Uint8Array(CHAT.length);

  test("as a target the sum, as a source the mean", () => {
    const fold = foldOf(state._tokens.query, [0, 2]);
    if (!fold) throw new Error("nothing folded");
    expect(fold.tokens.text.length).toBe(13);
    expect(fold.tokens.text[0]).toBe("system, 10 tokens");
    const folded = foldData(data, 0, [1], fold, { query: none, key: none });
    const sum = (/** @type {number} */ q, /** @type {number} */ from, /** @type {number} */ to) => {
      let all = 0;
      for (let k = from; k < to; k++) all += data.weight(0, 1, q, k) ?? 0;
      return all;
    };
    expect(folded.weight(0, 1, 5, 0)).toBeCloseTo(sum(14, 0, 10), 5);
    let mean = 0;
    for (let q = 21; q < 27; q++) mean += sum(q, 0, 10) / 6;
    expect(folded.weight(0, 1, 12, 0)).toBeCloseTo(mean, 5);
    expect(folded.weight(0, 1, 5, 3)).toBeCloseTo(data.weight(0, 1, 14, 12) ?? 0, 6);
    for (let row = 0; row < 13; row++) {
      let all = 0;
      for (let key = 0; key < 13; key++) all += folded.weight(0, 1, row, key) ?? 0;
      expect(all).toBeCloseTo(1, 3);
    }
  });

  test("hidden tokens count into no sum and no mean; a broken row is told", () => {
    const fold = foldOf(state._tokens.query, [0]);
    if (!fold) throw new Error("nothing folded");
    const hidden = none.slice();
    hidden[0] = 1;
    const folded = foldData(data, 0, [1], fold, { query: hidden, key: hidden });
    expect(folded.weight(0, 1, 5, 0)).toBeLessThan(
      foldData(data, 0, [1], fold, { query: none, key: none }).weight(0, 1, 5, 0) ?? 0,
    );
    const nan = decoded(fakeAttention(CHAT, { nan: [[1, 3]] }));
    const broken = foldData(nan, 0, [1], fold, { query: none, key: none });
    expect([...broken.broken(0, [1])].indexOf(1)).toBe(0);
  });

  test("a click on the name folds, pins come back as tokens, the caption says what a row is", async () => {
    const { model, el, all, one, token } = draw(chat());
    const label = /** @type {HTMLElement} */ (el.querySelector("button.lmw-run"));
    expect(label.getAttribute("aria-expanded")).toBe("true");
    label.click();
    expect(model.state.collapsed).toEqual([0]);
    await tick();
    expect(all("[data-side=query]").length).toBe(18);
    expect(one(".lmw-caption").textContent).toContain("as a target the sum over its tokens");
    token("query", 5).click();
    expect(model.state.token).toBe(14);
    await tick();
    expect(token("query", 5).className).toContain("lmw-pinned");
    model.push({ token: 4 });
    await tick();
    expect(token("query", 0).className).toContain("lmw-pinned");
    /** @type {HTMLElement} */ (el.querySelector("button.lmw-run")).click();
    await tick();
    expect([model.state.collapsed, all("[data-side=query]").length]).toEqual([[], 27]);
  });

  test("the folded controls do the same by keyboard, in every layout", async () => {
    const { el, model, all } = draw(chat({ view: "arcs" }));
    const buttons = /** @type {HTMLButtonElement[]} */ ([
      ...el.querySelectorAll(".lmw-turns button"),
    ]);
    expect(buttons.map((button) => button.textContent)).toEqual(["system", "user", "assistant"]);
    buttons[1].click();
    await tick();
    expect(model.state.collapsed).toEqual([1]);
    expect(all(".lmw-option").length).toBe(17);
    expect(el.querySelector(".lmw-turns [aria-pressed=true]")?.textContent).toBe("user");
  });

  test("a search finds folded tokens' row, a long text says why not", async () => {
    const { el } = draw(chat({ collapsed: [0], search: "helpful" }));
    expect(el.querySelector(".lmw-match")?.textContent).toBe("system, 10 tokens");
    const long = draw(longState(400, { chat: true, traits: { collapsed: [0] } }));
    const button = /** @type {HTMLButtonElement} */ (long.el.querySelector(".lmw-turns button"));
    expect([button.disabled, button.title]).toEqual([true, expect.stringContaining("up to 300")]);
  });
});

describe("a text that was written", () => {
  test("a step shows the row before the token, and nothing that was not there yet", async () => {
    const { el, token, one, numbers, model } = draw(written());
    await nextFrame();
    expect(token("query", 11).className).toContain("lmw-writing");
    expect(token("key", 12).className).toContain("lmw-concealed");
    expect(token("query", 9).className).toContain("lmw-boundary");
    const data = decoded(model.state._attention);
    const best = MARY.map((_, key) => data.weight(0, 2, 10, key) ?? 0);
    expect(numbers()[0]).toBe(Math.max(...best).toPrecision(2));
    expect(one(".lmw-caption").textContent).toMatch(
      /^Step 3 of 5: to write “a”, the model had read up to “gave”/,
    );
    expect(el.querySelector(".lmw-scrubber .lmw-value")?.textContent).toBe("3 of 5: “a”");
    expect(model.saved).toEqual([]);
  });

  test("arrows, slider, whole text", async () => {
    const { model, token, one, all } = draw(written());
    token("query", 3).focus();
    await userEvent.keyboard("{ArrowRight}");
    expect(model.state.step).toBe(3);
    await userEvent.keyboard("{ArrowLeft}{ArrowLeft}{ArrowLeft}{ArrowLeft}{ArrowLeft}");
    expect(model.state.step).toBe(0);
    const input = /** @type {HTMLInputElement} */ (one(".lmw-scrubber input"));
    input.focus();
    await userEvent.keyboard("{End}");
    expect(model.state.step).toBe(4);
    const whole = all(".lmw-scrubber button").find((button) => button.textContent === "whole text");
    whole?.click();
    await tick();
    expect(model.state.step).toBeNull();
    expect(all(".lmw-concealed").length).toBe(0);
    expect(one(".lmw-caption").textContent).toContain("From the dotted line on");
  });

  test("plays when asked, to the end, and stops", () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      const { model, button } = draw(written({ step: 2 }));
      vi.advanceTimersByTime(10_000);
      expect(model.state.step).toBe(2);
      button("Play").click();
      expect([model.state.step, button("Stop playing")]).toEqual([3, expect.anything()]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("a pin and the pointer come first; an ordinary text has no scrubber", async () => {
    const { token, hover, root } = draw(written());
    await hover(token("query", 5));
    expect(token("query", 5).getAttribute("aria-label")).toContain("attends to");
    expect(root.querySelector(".lmw-scrubber")?.checkVisibility()).toBe(true);
    const plain = draw(fakeState(MARY, { traits: { step: 2 } }));
    expect(plain.one(".lmw-scrubber").hidden).toBe(true);
    expect(plain.all(".lmw-concealed").length).toBe(0);
  });

  test("cross attention hides what was not written, and no source", () => {
    const { token } = draw({
      ...cross({ step: 4, view: "columns" }),
      _figure: { ...cross()._figure, start: 1 },
    });
    expect(token("query", 7).className).toContain("lmw-concealed");
    expect(token("key", 7).className).not.toContain("lmw-concealed");
  });
});

describe("two lines of text", () => {
  test("source above, target below; hover, numbers, pin, keys", async () => {
    const { model, token, hover, numbers, ink, el } = draw(cross({ heads: [1] }));
    expect(ink("base")).toBeGreaterThan(5_000);
    const top = (/** @type {HTMLElement} */ element) => element.getBoundingClientRect().top;
    expect(top(token("key", 3))).toBeLessThan(top(token("query", 3)) - 80);
    await hover(token("query", 9));
    expect(numbers().length).toBeGreaterThan(0);
    expect(ink("overlay")).toBeGreaterThan(0);
    token("query", 9).click();
    expect(model.state.token).toBe(9);
    token("query", 0).focus();
    await userEvent.keyboard("{ArrowRight}{ArrowDown}");
    expect(document.activeElement).toBe(token("query", 2));
    expect(el.querySelectorAll("[role=listbox]").length).toBe(2);
  });

  test("wraps at 360 px, and links follow", async () => {
    await page.viewport(360, 700);
    const { token, root, ink } = draw(graphScenes.lines());
    await nextFrame();
    const top = (/** @type {HTMLElement} */ element) => element.getBoundingClientRect().top;
    expect(top(token("query", 41))).toBeGreaterThan(top(token("query", 0)) + 60);
    expect(root.scrollWidth).toBeLessThanOrEqual(360);
    expect(ink("base")).toBeGreaterThan(5_000);
  });

  test("right-to-left text begins at the right", () => {
    const { token } = draw(graphScenes.rtl());
    const left = (/** @type {HTMLElement} */ element) => element.getBoundingClientRect().left;
    expect(left(token("key", 0))).toBeGreaterThan(left(token("key", 3)));
  });

  test("is for short texts", () => {
    const { button, root } = draw(longState(400, { traits: { view: "lines" } }));
    expect(/** @type {HTMLButtonElement} */ (button("Two lines of text")).disabled).toBe(true);
    expect(root.dataset.lmwView).toBe("columns");
  });
});

describe("linked widgets", () => {
  const say = (/** @type {any} */ hover, group = "g") =>
    document.dispatchEvent(
      new CustomEvent("lmwidget:together", { detail: { hover, group, from: {} } }),
    );

  test("what is hovered elsewhere stands out here, and is not synced", async () => {
    const { token, model, one } = draw(fakeState(MARY, { traits: { _group: "g" } }));
    say({ side: "key", index: 4 });
    await nextFrame();
    expect(token("key", 4).className).toContain("lmw-hover");
    expect(one(".lmw-isolated")).not.toBeNull();
    say({ side: null, index: 99 });
    await nextFrame();
    expect(one(".lmw-hover")).toBeNull();
    say({ side: null, index: 6 }, "other");
    await nextFrame();
    expect(one(".lmw-hover")).toBeNull();
    expect(model.saved).toEqual([]);
  });

  test("hovering here is told, in tokens; in a long text too", async () => {
    const heard = vi.fn();
    const listen = (/** @type {any} */ event) => heard(event.detail.hover);
    document.addEventListener("lmwidget:together", listen);
    try {
      const { token, hover } = draw(chat({ collapsed: [0], _group: "g" }));
      await hover(token("query", 5));
      expect(heard).toHaveBeenLastCalledWith({ side: "query", index: 14 });
      await hover(null);
      expect(heard).toHaveBeenLastCalledWith(null);
      const long = draw(longState(600, { traits: { _group: "h" } }));
      say({ side: "query", index: 20 }, "h");
      await nextFrame();
      expect(long.token("query", 20)?.className).toContain("lmw-hover");
    } finally {
      document.removeEventListener("lmwidget:together", listen);
    }
  });
});

test("an error that was saved does not hide what is here", async () => {
  const status = {
    state: "error",
    message: "Layer 2 keeps no attention weights.",
    remedy: "",
    example: null,
    progress: null,
  };
  const state = fakeState(MARY, { layers: [0, 1], traits: { layer: 2, _status: status } });
  const { model, root, one, ink } = draw(state, {
    model: Object.assign((await import("../fake_model.js")).fakeModel(state), {
      lmwStandalone: true,
      comm_live: false,
    }),
  });
  expect([root.dataset.lmwState, one(".lmw-message").textContent]).toEqual([
    "error",
    status.message,
  ]);
  model.push({ layer: 1 });
  await nextFrame();
  await nextFrame();
  expect(root.dataset.lmwState).toBe("ready");
  expect(ink("base")).toBeGreaterThan(10_000);
});

test.each(
  Object.keys(graphScenes)
    .filter((name) => name !== "writtenlong")
    .map((name, i) => [name, i % 2 ? "dark" : "light"]),
)("axe finds nothing: %s, %s", async (name, theme) => {
  document.body.style.background = theme === "dark" ? "#111" : "#fff";
  const { root, button } = draw(graphScenes[name]());
  button("More controls").click();
  await nextFrame();
  const { violations } = await axe.run(root, { resultTypes: ["violations"] });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
});
void fakeTokens;

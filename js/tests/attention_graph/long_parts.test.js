import { describe, expect, test } from "vitest";
import { niceStep } from "../../src/core/ticks.js";
import { layOut } from "../../src/widgets/attention_graph/long/layout.js";
import { apart } from "../../src/widgets/attention_graph/long/names.js";
import { pace } from "../../src/widgets/attention_graph/long/pace.js";

import {
  asBlocks,
  between,
  centred,
  firstOf,
  inWords,
  revealed,
  rowsOf,
  spans,
  stretched,
  within,
  zoomed,
} from "../../src/widgets/attention_graph/long/window.js";
import { fakeTokens } from "../fake_attention.js";
import { longState } from "../long_attention.js";

const room = { rows: 4096, height: 600 };

describe("the window", () => {
  test("holds 20 to all rows, 25 with ease", () => {
    expect(spans(room)).toEqual({ least: 20, easy: 25, most: 4096 });
    expect(spans({ rows: 12, height: 600 })).toEqual({ least: 12, easy: 12, most: 12 });
    expect(asBlocks({ first: 0, span: 50 }, room)).toBe(false);
    expect(asBlocks({ first: 0, span: 51 }, room)).toBe(true);
  });

  test("stays inside the text", () => {
    expect(within({ first: -5, span: 3 }, room)).toEqual({ first: 0, span: 20 });
    expect(within({ first: 9999, span: 25 }, room)).toEqual({ first: 4071, span: 25 });
    expect(within({ first: 7, span: 1e6 }, room)).toEqual({ first: 0, span: 4096 });
  });

  test("zooms around the row under the pointer, there and back", () => {
    const start = { first: 1000, span: 25 };
    for (const anchor of [0, 0.3, 1]) {
      const out = zoomed(start, 8, anchor, room);
      expect(out.span).toBe(200);
      expect(out.first + anchor * out.span).toBeCloseTo(start.first + anchor * start.span, 9);
      const back = zoomed(out, 1 / 8, anchor, room);
      expect([back.first, back.span]).toEqual([expect.closeTo(1000, 9), expect.closeTo(25, 9)]);
    }
    expect(zoomed(start, 1e-9, 0.5, room).span).toBe(20);
    expect(zoomed(start, 1e9, 0.5, room)).toEqual({ first: 0, span: 4096 });
  });

  test("centres, reveals with the least move, stretches at one end", () => {
    const window = { first: 100, span: 25 };
    expect(centred(window, 2000, room).first).toBe(1988);
    expect(centred(window, 3, room).first).toBe(0);
    expect(revealed(window, 110, room)).toEqual(window);
    expect(revealed(window, 99, room).first).toBe(98);
    expect(revealed(window, 125, room).first).toBe(102);
    expect(stretched(window, "end", 300, room)).toEqual({ first: 100, span: 200 });
    expect(stretched(window, "end", 50, room)).toEqual({ first: 100, span: 20 });
    expect(stretched(window, "start", 20, room)).toEqual({ first: 20, span: 105 });
    expect(stretched(window, "start", 500, room)).toEqual({ first: 105, span: 20 });
  });

  test("glides evenly; a zoom has a point that stands still", () => {
    const [a, b] = [
      { first: 100, span: 25 },
      { first: 300, span: 25 },
    ];
    expect(between(a, b, 0.5)).toEqual({ first: 200, span: 25 });
    const out = { first: 0, span: 400 };
    const half = between(a, out, 0.5);
    expect(half.span).toBeCloseTo(100, 9);
    const fixed = (100 * 400) / 375; // where first + u · span agrees in both
    const share = (/** @type {{first: number, span: number}} */ w) => (fixed - w.first) / w.span;
    expect(share(half)).toBeCloseTo(share(a), 9);
    expect(between(a, out, 1).first).toBeCloseTo(0, 9);
  });

  test("in rows and in words; a shorter column rests at its end", () => {
    const window = { first: 120.4, span: 25 };
    expect(rowsOf(window, 4096)).toEqual([120, 146]);
    expect(inWords({ first: 120, span: 29 }, 4096)).toBe("tokens 120 to 148 of 4,096");
    expect(firstOf(window, 100)).toBe(75);
    expect(firstOf(window, 10)).toBe(0);
    expect(rowsOf(window, 10)).toEqual([0, 10]);
  });
});

describe("the text in small", () => {
  const tokens = longState(4096, { chat: true })._tokens.query;
  const layout = layOut(tokens, { width: 120, height: 600 });

  test("is all there: within its room, in order, no two tokens in one place", () => {
    expect(layout.height).toBeLessThanOrEqual(600.001);
    expect(layout.height).toBeGreaterThan(450);
    for (let i = 0; i < 4096; i++) {
      expect(layout.x[i] + layout.width[i]).toBeLessThanOrEqual(120.001);
      if (i === 0) continue;
      const sameLine = layout.line[i] === layout.line[i - 1];
      if (sameLine) {
        expect(layout.x[i]).toBeGreaterThanOrEqual(layout.x[i - 1] + layout.width[i - 1] - 1e-3);
      } else expect(layout.line[i]).toBeGreaterThan(layout.line[i - 1]);
    }
  });

  test("a place down the page is a token, and back", () => {
    for (const index of [0, 1, 212, 2047, 3900, 4095]) {
      expect(layout.at(layout.yOf(index) + 1e-3)).toBeCloseTo(index, 0);
      const x = layout.x[index] + layout.width[index] / 2;
      expect(layout.hit(x, layout.line[index] * layout.lineHeight + 0.01)).toBe(index);
    }
    expect(layout.yOf(4096)).toBeCloseTo(layout.height, 3);
    expect(layout.at(-5)).toBe(0);
    expect(layout.at(1e4)).toBe(4096);
  });

  test("turns begin a line; a newline ends one", () => {
    const starts = tokens.text.flatMap((/** @type {string} */ text, /** @type {number} */ i) =>
      text === "<|im_start|>" ? [i] : [],
    );
    for (const i of starts) expect(layout.x[i]).toBe(0);
    const small = layOut(fakeTokens(["a", "\n", "b", "\n\n", "c"]), { width: 100, height: 600 });
    expect([...small.line]).toEqual([0, 0, 1, 1, 3]);
  });

  test("a text from right to left begins at the right; nothing is too long or too odd", () => {
    const hebrew = layOut(fakeTokens(["שלום", " עולם"]), { width: 100, height: 600 });
    expect(hebrew.x[0]).toBeGreaterThan(hebrew.x[1]);
    const odd = layOut(fakeTokens(["", " ", "x".repeat(5000), "\n".repeat(99)]), {
      width: 50,
      height: 600,
    });
    expect(Math.max(...odd.width)).toBeLessThanOrEqual(50);
    const lines = layOut(fakeTokens(Array(9000).fill("\n")), { width: 100, height: 600 });
    expect(lines.height).toBeCloseTo(600, 3);
  });
});

test("names among blocks stand apart, in order, in view", () => {
  const placed = apart([3000, 5, 9, 2, 3001], (index) => (index / 4096) * 600, 600);
  const middles = [2, 5, 9, 3000, 3001].map((index) => placed.get(index) ?? Number.NaN);
  for (let i = 1; i < 5; i++) expect(middles[i] - middles[i - 1]).toBeGreaterThanOrEqual(18);
  expect(middles[0]).toBe(9);
  expect(Math.max(...apart([4094, 4095], (index) => index, 600).values())).toBe(591);
});

test("numbers down the edge are round", () => {
  expect([0.3, 3, 12, 380, 501].map(niceStep)).toEqual([1, 5, 20, 500, 1000]);
});

test("frames that come late draw fewer lines, in time more again, never none", () => {
  const speed = pace();
  let now = 0;
  const after = (/** @type {number} */ gap) => {
    now += gap;
    return speed.next(now);
  };
  const first = after(1000);
  for (let i = 0; i < 30; i++) after(40);
  const slow = after(40);
  expect(slow).toBeLessThan(first);
  expect(slow).toBe(60);
  for (let i = 0; i < 40; i++) after(16.7);
  expect(after(16.7)).toBe(500);
});

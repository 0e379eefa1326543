import { describe, expect, test } from "vitest";
import {
  contrast,
  diverging,
  headColour,
  inkOn,
  mix,
  paper,
  parseColour,
  unsigned,
} from "../../src/core/colour.js";

const THEMES = /** @type {const} */ (["light", "dark"]);
const steps = Array.from({ length: 101 }, (_, i) => i / 100);

describe.each(THEMES)("in the %s theme", (theme) => {
  test("ink on every step of both scales reaches 4.5:1", () => {
    for (const t of steps) {
      for (const { fill, ink } of [unsigned(t, theme), diverging(2 * t - 1, theme)]) {
        expect(contrast(fill, ink), `${t} ${fill} ${ink}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  test("text stays readable on the strongest shading a head can give", () => {
    for (let head = 0; head < 32; head++) {
      const [fill, ink] = [paper(theme).fill, paper(theme).ink];
      const shaded = blend(headColour(head, theme), fill, 0.38);
      expect(contrast(shaded, ink), `head ${head}`).toBeGreaterThanOrEqual(4.5);
    }
  });

  test("no two of 128 heads share a colour, and the first twelve are seen on the page", () => {
    const all = Array.from({ length: 128 }, (_, head) => headColour(head, theme));
    expect(new Set(all).size).toBe(128);
    for (const colour of all.slice(0, 12)) {
      expect(contrast(colour, paper(theme).fill), colour).toBeGreaterThan(2.6);
    }
  });

  test("zero of the diverging scale is the paper; the scale is symmetric in strength", () => {
    expect(diverging(0, theme).fill).toBe(paper(theme).fill);
    const [low, high] = [diverging(-1, theme).fill, diverging(1, theme).fill];
    const away = (/** @type {string} */ fill) => contrast(fill, paper(theme).fill);
    expect(Math.abs(Math.log(away(low) / away(high)))).toBeLessThan(0.5);
  });

  test("what is not a number is left unshaded", () => {
    expect(diverging(Number.NaN, theme).fill).toBe(paper(theme).fill);
    expect(unsigned(Number.NaN, theme).fill).toBe(paper(theme).fill);
  });
});

/** What `globalAlpha` does on a canvas. @param {string} over @param {string} under @param {number} alpha */
function blend(over, under, alpha) {
  const [a, b] = [over, under].map((text) => /** @type {number[]} */ (parseColour(text)));
  const rgb = [0, 1, 2].map((i) => Math.round(a[i] * alpha + b[i] * (1 - alpha)));
  return `#${rgb.map((v) => v.toString(16).padStart(2, "0")).join("")}`;
}

test("mixing is exact at both ends", () => {
  expect(mix("#0b5a94", "#ffffff", 0)).toBe("#0b5a94");
  expect(mix("#0b5a94", "#ffffff", 1)).toBe("#ffffff");
});

test("contrast is the WCAG ratio", () => {
  expect(contrast("#ffffff", "#000000")).toBeCloseTo(21, 5);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.478, 2);
});

test("ink is never the less readable of black and white", () => {
  expect(inkOn("#000000", "light")).toBe("#ffffff");
  expect(inkOn("#ffff00", "dark")).toBe("#000000");
});

test("colours as the browser computes them are understood", () => {
  expect(parseColour("rgba(1, 2, 3, 0.5)")).toEqual([1, 2, 3, 0.5]);
  expect(parseColour("rgb(1 2 3)")).toEqual([1, 2, 3, 1]);
  expect(parseColour("transparent")).toBeNull();
});

import { expect, test } from "vitest";
import { count, duration, number, percent, share } from "../../src/core/format.js";

const plain = (/** @type {string} */ text) => text.replaceAll("\u00a0", " ");

test.each([
  [0, "0"],
  [0.9186, "0.92"],
  [0.0628, "0.063"],
  [1, "1.0"],
  [0.9997, "1.0"],
  [-3.87, "−3.9"],
  [1234, "1234"],
  [2e-7, "2.0e−7"],
  [Number.NaN, "not a number"],
  [Number.POSITIVE_INFINITY, "∞"],
  [Number.NEGATIVE_INFINITY, "−∞"],
])("number(%s) is %s", (value, text) => expect(number(value)).toBe(text));

test.each([
  [0.9186, "0.9186"],
  [0.00004, "<0.0001"],
  [0, "0"],
  [1, "1.0000"],
  [Number.NaN, "NaN"],
])("share(%s) is %s", (value, text) => expect(share(value)).toBe(text));

test.each([
  [0.62, "62 %"],
  [0.004, "0.4 %"],
  [0.0096, "1 %"],
  [0.0001, "under 0.1 %"],
  [0, "0 %"],
  [0.9999, "99.9 %"],
  [1, "100 %"],
])("percent(%s) is %s", (value, text) => expect(plain(percent(value))).toBe(text));

test.each([
  [0.2, "under 1 s"],
  [8.4, "8 s"],
  [130, "2 min"],
  [9000, "2.5 h"],
])("duration(%s) is %s", (value, text) => expect(plain(duration(value))).toBe(text));

test("counts are grouped", () => expect(count(14212)).toBe("14,212"));

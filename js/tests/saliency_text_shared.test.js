import { describe, expect, test } from "vitest";
import { blocks } from "../src/saliency/blocks.js";
import { checksPanel, costWords, scales, verdict } from "../src/saliency/checks.js";
import { commonLimit, measure } from "../src/saliency/measure.js";
import { grouped } from "../src/saliency/methods.js";
import { keyOf, wantedOf } from "../src/saliency/predictions.js";
import { once } from "../src/saliency/session.js";
import { settingOf } from "../src/saliency/settings.js";
import { details } from "../src/saliency/tips.js";
import { between, decodeLevels, levelName, summed, unitsOf } from "../src/saliency/units.js";
import { levelsOf, METHODS, tokens } from "./saliency_text_fixtures.js";
import { CHECKS, SCENES } from "./saliency_text_scenes.js";

describe("levels", () => {
  test("units hold the text of their tokens, however it was cut", () => {
    const made = SCENES.odd()._tokens;
    const count = made.text.length;
    const parts = Int32Array.from({ length: count }, (_, i) => (i < 11 ? 0 : 1));
    const { tokens: units, first, size } = unitsOf(made, parts);
    expect(units.text[0]).toBe("Look 🙂 and 你好\n");
    expect(units.text[1]).toBe(
      "</script><img src=x onerror=alert(1)>\n\n\ttab    four cafe\u0301 zwj\u200d quokka",
    );
    expect([Array.from(first), Array.from(size)]).toEqual([
      [0, 11],
      [11, count - 11],
    ]);
    expect(units.kind).toEqual(["text", "text"]);
  });

  test("a unit of one token stays that token", () => {
    const made = tokens([{ text: "[CLS]", kind: "special", length: 0 }, "a", " b"]);
    const { tokens: units } = unitsOf(made, Int32Array.from([0, 1, 1]));
    expect([units.text, units.kind]).toEqual([
      ["[CLS]", "a b"],
      ["special", "text"],
    ]);
  });

  test("sums stay sums, and a score that is not a number stays one", () => {
    const map = Int32Array.from([0, 0, 1, 2, 2]);
    const sums = summed(Float32Array.from([1, -3, 0.5, 2, Number.NaN]), map);
    expect([...sums]).toEqual([-2, 0.5, Number.NaN]);
  });

  test("a level that cuts across another cannot be summed from it", () => {
    const words = Int32Array.from([0, 0, 1, 1]);
    expect([...(between(words, Int32Array.from([0, 0, 0, 1 - 1])) ?? [])]).toEqual([0, 0]);
    expect(between(words, Int32Array.from([0, 1, 1, 1]))).toBeNull();
    expect(between(words, null)).toBeNull();
  });

  test("levels whose bytes were lost are left out", () => {
    const made = levelsOf({ token: null, word: [0, 0, 1] });
    expect(decodeLevels(made).map(({ name }) => name)).toEqual(["token", "word"]);
    const word = /** @type {any} */ (made[1]);
    expect(decodeLevels([made[0], { ...word, parts: { ...word.parts, data: null } }])).toHaveLength(
      1,
    );
    expect([levelName([[0, 3]]), levelName("word"), levelName(undefined)]).toEqual([
      "passage",
      "word",
      "token",
    ]);
  });
});

describe("a check", () => {
  test("says how many random maps are beaten, on which the verdict stands", () => {
    const check = { name: "comprehensiveness", value: 0.57, random: 0.45, explanation: "" };
    const rest = { relative: null, total: null, expected: null };
    expect(verdict({ ...check, ...rest, passed: false, beaten: 0.5 })).toBe(
      "beats 50\u00a0% of random maps: 0.57 against 0.45",
    );
    expect(verdict({ ...check, ...rest, passed: true })).toBe(
      "better than random: 0.57 against 0.45",
    );
  });

  test("tells what it takes to pass, where a share of random maps is the verdict", () => {
    const { element, draw } = checksPanel();
    const row = { name: "comprehensiveness", value: 0.57, random: 0.45, explanation: "" };
    const rest = { relative: null, total: null, expected: null, passed: false };
    const of = { seconds: 0, level: "token", where: null };
    draw({ rows: [{ ...row, ...rest, beaten: 0.85 }], ...of }, { unit: "logit" });
    expect(element.textContent).toContain("at least 90\u00a0% of random maps");
    draw({ rows: [{ ...row, ...rest }], ...of }, { unit: "logit" });
    expect(element.textContent).not.toContain("90\u00a0%");
  });
});

describe("the scale of an answer", () => {
  const made = tokens(["a", " b", " c", " d"]);

  test("tokens that had not been written have no rank and no part in the sum", () => {
    const m = measure(made, Float32Array.from([1, -2, 9, 9]), true, { reach: 2 });
    expect([m.limit, m.total, m.order]).toEqual([2, 3, [1, 0]]);
    expect([...m.rank]).toEqual([2, 1, 0, 0]);
  });

  test("is one for all steps", () => {
    const rows = [Float32Array.from([1, 0, 0, 0]), Float32Array.from([2, -3, 0, 0])];
    expect(commonLimit(made, rows)).toBe(3);
    expect(measure(made, rows[0], true, { limit: 3 }).limit).toBe(3);
    const weak = Array.from({ length: 20 }, () => Float32Array.from([1, 2, 1, -2]));
    expect(commonLimit(made, [...weak, Float32Array.from([1, 28, 0, 0])])).toBe(2); // of 82 cells
  });

  test("the answer is a block of its own", () => {
    expect(blocks(made, 2).map(({ key, groups }) => [key, groups.flat()])).toEqual([
      ["", [0, 1]],
      ["answer", [2, 3]],
    ]);
  });
});

describe("checks", () => {
  test("say in words how the map does beside random ones", () => {
    expect(CHECKS.rows.map((row) => verdict(/** @type {any} */ (row)))).toEqual([
      "better than random: 0.62 against 0.11",
      "not clearly better than random: 0.58 against 0.49",
      "stable: rank correlation 0.93",
    ]);
  });

  test("rows with a random figure have one scale, the others their own", () => {
    const rows = /** @type {any[]} */ ([...CHECKS.rows, { ...CHECKS.rows[0], value: -0.2 }]);
    const of = scales(rows);
    expect(of(rows[0])).toEqual({ low: -0.2, high: 0.62 });
    expect(of(rows[2])).toEqual({ low: 0, high: 1 });
  });

  test("numbers that are not known do not break a row", () => {
    const row = { name: "stability", value: null, explanation: "", random: null, passed: null };
    expect(verdict(/** @type {any} */ (row))).toBe("not a number");
    const fixed = /** @type {any} */ ({ ...row, value: 1 });
    expect(verdict(fixed)).toBe("deterministic: it has no seed");
    expect(scales(/** @type {any} */ ([row]))(/** @type {any} */ (row))).toEqual({
      low: 0,
      high: 1,
    });
    expect(costWords({})).toBe("");
    expect(costWords({ passes: 1, seconds: 2 })).toBe("1 pass, 2\u00a0s");
  });
});

test("methods stand in their groups, in the order they come", () => {
  expect(
    grouped(/** @type {any} */ (METHODS)).map(([name, members]) => [name, members.length]),
  ).toEqual([
    ["Gradients", 3],
    ["Attention", 1],
    ["Perturbation", 1],
    ["Control", 1],
  ]);
});

test("a candidate is asked for by its part of the text, its tokens, or its id", () => {
  const plain = { id: 3, label: "x", probability: 0.1 };
  expect(wantedOf(plain)).toBe(3);
  expect(wantedOf({ ...plain, ids: [3, 4] })).toEqual([3, 4]);
  expect(wantedOf({ ...plain, span: [5, 6] })).toEqual([5, 6]);
  expect([keyOf([5, 6]), keyOf(3), keyOf(null)]).toEqual(["5-6", "3", ""]);
});

test("what is typed into a setting is a number, a text, or the method's own choice", () => {
  expect(settingOf("int", " 32.4 ")).toBe(32);
  expect(settingOf("float", "0.5")).toBe(0.5);
  expect(settingOf("float", "many")).toBeUndefined();
  expect(settingOf("str", "mask")).toBe("mask");
  expect(settingOf("int", "")).toBeNull();
});

test("a part of a character that leaves no mark is told by its code point", () => {
  const joined = { ...tokens(["a", "b"]), whole: ["\u200d", "界"] };
  expect(details(joined, null, 0, "logit").textContent).toContain("of U+200D");
  expect(details(joined, null, 1, "logit").textContent).toContain("of 界");
});

test("a conversion is made once for the same input", () => {
  let made = 0;
  const convert = once((/** @type {number} */ a, /** @type {number} */ b) => {
    made += 1;
    return { sum: a + b };
  });
  expect(convert(1, 2)).toBe(convert(1, 2));
  convert(1, 3);
  expect(made).toBe(2);
});

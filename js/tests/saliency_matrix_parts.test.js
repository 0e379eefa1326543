import { describe, expect, test } from "vitest";
import { decode } from "../src/core/wire.js";
import { decodeLevels } from "../src/saliency/units.js";
import { gridOf, groups, rowOf } from "../src/widgets/saliency_matrix/grid.js";
import { step } from "../src/widgets/saliency_matrix/keys.js";
import {
  columnAt,
  columnsIn,
  edge,
  GAP,
  layoutOf,
  rowAt,
} from "../src/widgets/saliency_matrix/layout.js";
import { pooled } from "../src/widgets/saliency_matrix/overview.js";
import { caption, described, shadedBy } from "../src/widgets/saliency_matrix/said.js";
import { cellsMeasured, limitsOf, measures } from "../src/widgets/saliency_matrix/scale.js";
import {
  rankCorrelation,
  strongestOf,
  strongestWords,
} from "../src/widgets/saliency_matrix/strongest.js";
import { asText } from "../src/widgets/saliency_matrix/table.js";
import { matrix, SCENES } from "./saliency_matrix_scenes.js";
import { levelsOf } from "./saliency_text_fixtures.js";

/** @typedef {import("../src/widgets/saliency_matrix/types").Grid} Grid */

/** @param {Record<string, any>} traits @param {string} [level] @param {string | null} [rows] @returns {Grid} */
function grid(traits, level = "token", rows = null) {
  const found = gridOf(
    traits._tokens,
    decodeLevels(traits._levels),
    level,
    rows,
    traits._figure,
    decode(traits._scores),
  );
  if (!found) throw new Error("no grid");
  return found;
}

const plain = (/** @type {ArrayLike<number>} */ values) =>
  Array.from(values, (x) => Math.round(x * 1e4) / 1e4);

describe("rows and columns at a level", () => {
  const score = (/** @type {number} */ row, /** @type {number} */ column) => 10 * row + column + 1;
  const traits = matrix(["a", " b", "c"], [" x", "y", " z"], score, {
    levels: { token: null, word: [0, 1, 1, 2, 2, 3], sentence: [0, 0, 0, 1, 1, 1] },
  });

  test("tokens: what is not written yet ends a row", () => {
    const { rows, columns, input, start } = grid(traits);
    expect(rows.map(({ until }) => until)).toEqual([3, 4, 5]);
    expect([columns, input, start]).toEqual([5, 3, 3]);
    expect(plain(rows[1].scores)).toEqual([11, 12, 13, 14, 0, 0]);
  });

  test("words: both sides are sums, and nothing is lost", () => {
    const { rows, columns, input, sums, whole } = grid(traits, "word");
    expect(rows).toHaveLength(2); // " x" + "y", " z"
    expect(rows[0].label).toBe(" xy");
    expect(rows[0].steps).toEqual([0, 2]);
    expect(plain(rows[0].scores)).toEqual([12, 30, 14, 0]);
    expect([columns, input, sums]).toEqual([3, 2, true]);
    const total = (/** @type {ArrayLike<number>} */ x) => Array.from(x).reduce((a, b) => a + b, 0);
    expect(total(whole)).toBe(total(grid(traits).whole));
    const probabilities = traits._figure.answer.predictions.map(
      (/** @type {any} */ one) => one.probability,
    );
    expect(rows[0].probability).toBeCloseTo(probabilities[0] * probabilities[1]);
  });

  test("rows have a level of their own", () => {
    const fine = grid(traits, "word", "token");
    expect(fine.rows.map(({ label, exact }) => [label, exact])).toEqual(
      grid(traits).rows.map(({ label }) => [label, false]),
    );
    expect(fine.columns).toBe(grid(traits, "word").columns);
    const coarse = grid(SCENES.story(), "token", "sentence");
    expect(coarse.rows).toHaveLength(1);
    expect(coarse.columns).toBe(grid(SCENES.story()).columns);
    expect([coarse.rows[0].unit, coarse.rows[0].end]).toEqual([20, 28]);
    expect(plain(coarse.rows[0].scores)).toEqual(plain(grid(SCENES.story()).whole));
    expect([coarse.level, coarse.rowLevel]).toEqual(["token", "sentence"]);
  });

  test("a step is found in its row at every level", () => {
    expect(rowOf(grid(traits, "word"), 1)).toBe(0);
    expect(rowOf(grid(traits, "word"), 2)).toBe(1);
    expect(rowOf(grid(traits), 2)).toBe(2);
    expect(rowOf(grid(traits), null)).toBe(null);
    expect(rowOf(grid(traits), 9)).toBe(null);
    expect(groups([3, 3, 5])).toEqual([
      [0, 2],
      [2, 3],
    ]);
  });

  test("the start tokens of a decoder stand with the answer", () => {
    const { input, start, columns } = grid(SCENES.translation());
    expect([input, start, columns]).toEqual([13, 14, 25]);
  });

  test("scores of another text, or none, are no grid", () => {
    const other = matrix(["a"], [" b"], score);
    const from = (/** @type {any} */ scores) =>
      gridOf(traits._tokens, [], "token", null, traits._figure, scores);
    expect(from(decode(other._scores))).toBe(null);
    expect(from(null)).toBe(null);
  });

  test("rows that were not finished are missing", () => {
    const { rows, columns } = grid(SCENES.partial());
    expect(rows).toHaveLength(3);
    expect(columns).toBe(22);
  });
});

test("beside turns stand the tokens of the answer, which is one turn itself", () => {
  const traits = matrix(["a", "b"], ["x", "y"], (row, column) => row + column);
  traits._levels = levelsOf({ token: null, turn: [0, 0, 1, 1] });
  expect(grid(traits, "turn").rows).toHaveLength(2);
  expect(grid(traits, "turn", "turn").rows).toHaveLength(1);
});

describe("the scale", () => {
  test("one for all rows, or one for each", () => {
    const made = grid(matrix(["a", "b"], ["x", "y"], (row, column) => (row ? 1 : 8) + column));
    expect(plain(limitsOf(made, false))).toEqual([9, 9]);
    expect(plain(limitsOf(made, true))).toEqual([9, 3]);
    const own = cellsMeasured(made, limitsOf(made, true), true);
    expect(own.limit).toBe(1);
    expect(plain(own.scores)).toEqual([0.8889, 1, 0, 0.3333, 0.6667, 1]);
  });

  test("cells that are not numbers are counted, and are no ticks", () => {
    const made = grid(matrix(["a", "b"], ["x"], (_, column) => (column ? Number.NaN : 2)));
    const cells = cellsMeasured(made, limitsOf(made, false), false);
    expect([cells.broken, cells.order]).toEqual([[1], [0]]);
    expect(
      caption(/** @type {any} */ (SCENES.story()._figure), made, cells, { own: false }),
    ).toContain("1 cell has no finite score (hatched).");
  });

  test("the sum over the rows is measured over the input alone", () => {
    const made = grid(SCENES.story());
    const of = measures(made, limitsOf(made, false));
    expect(of(null).reach).toBe(20);
    expect(of(3).reach).toBe(23);
    expect(of(3)).toBe(of(3));
    expect(shadedBy(made, 3, of(3), "logit")).toBe("Shaded by what “the” came from");
  });
});

describe("places", () => {
  const size = { columns: 30, input: 20, rows: 8, rowLabel: 60, columnLabel: 40 };

  test("fits the width, and the answer stands apart", () => {
    const layout = layoutOf({ ...size, available: 860 });
    expect(layout.labelled).toBe(true);
    expect(layout.width).toBeLessThanOrEqual(860);
    expect(edge(layout, 20) - edge(layout, 19)).toBe(layout.cell + GAP);
    for (let column = 0; column < 30; column++) {
      expect(columnAt(layout, edge(layout, column) + layout.cell / 2)).toBe(column);
    }
    expect(columnAt(layout, edge(layout, 20) - GAP / 2)).toBe(null);
    expect(columnAt(layout, edge(layout, 30))).toBe(null);
    expect([rowAt(layout, -1), rowAt(layout, 0), rowAt(layout, 8 * layout.height)]).toEqual([
      null,
      0,
      null,
    ]);
  });

  test("narrow boxes scroll with labels, thousands of columns without", () => {
    expect(layoutOf({ ...size, available: 320 }).width).toBeGreaterThan(320);
    const huge = layoutOf({ ...size, columns: 4159, input: 4096, available: 860 });
    expect([huge.labelled, huge.cell]).toEqual([false, 4]);
    const [first, end] = columnsIn(huge, 8000, 8700);
    expect(first).toBeLessThanOrEqual(2000);
    expect(end - first).toBeLessThan(190);
  });
});

test("keys: a row alone stands left of its first cell, blank cells are not entered", () => {
  const made = grid(SCENES.story());
  const at = (/** @type {number} */ row, /** @type {number | null} */ column) => ({ row, column });
  expect(step(made, at(0, 0), "ArrowLeft")).toEqual(at(0, null));
  expect(step(made, at(0, null), "ArrowLeft")).toEqual(at(0, null));
  expect(step(made, at(0, null), "ArrowRight")).toEqual(at(0, 0));
  expect(step(made, at(0, 3), "End")).toEqual(at(0, 19));
  expect(step(made, at(0, 19), "ArrowRight")).toEqual(at(0, 19));
  expect(step(made, at(7, 26), "ArrowUp")).toEqual(at(6, 25));
  expect(step(made, at(7, 4), "PageUp")).toEqual(at(0, 4));
  expect(step(made, at(2, 9), "Home")).toEqual(at(2, 0));
  expect(step(made, at(2, 9), "a")).toBe(null);
});

describe("the strongest of each row", () => {
  test("special tokens stand back, the sign does not count", () => {
    const made = grid(
      matrix(
        [{ text: "<s>", kind: "special", length: 0 }, "a", " b"],
        ["x"],
        (_, column) => [9, 1, -3][column],
      ),
    );
    expect(strongestOf(made).columns).toEqual([2]);
  });

  test("rank correlation, against figures worked out by hand", () => {
    expect(rankCorrelation([0, 1, 2], [5, 6, 9])).toBeCloseTo(1);
    expect(rankCorrelation([0, 1, 2], [9, 6, 5])).toBeCloseTo(-1);
    // d² sums to 2 of n = 5: 1 − 6·2/(5·24)
    expect(rankCorrelation([0, 1, 2, 3, 4], [1, 0, 2, 3, 4])).toBeCloseTo(0.9);
    // ties at 1.5: cov 3/2·… as numpy's corrcoef of the ranks gives it
    expect(rankCorrelation([0, 1, 2, 3], [0, 0, 1, 2])).toBeCloseTo(0.9487, 4);
    expect(rankCorrelation([0, 1, 2], [4, 4, 4])).toBe(null);
  });

  const words = (/** @type {number[]} */ columns) => {
    const rows = columns.map((_, i) => i);
    const correlation = rankCorrelation(rows, columns);
    const chance = 1.96 / Math.sqrt(columns.length - 1);
    return strongestWords({ columns, correlation, chance }, (column) => `“${column}”`);
  };

  test("says only what the numbers bear", () => {
    expect(words([0, 1, 2, 3, 4, 5, 7, 6])).toContain("move along with the answer");
    expect(words([8, 7, 5, 4, 3, 2, 1])).toContain("run against the answer");
    expect(words([3, 0, 4, 1, 5, 2, 0])).toContain("no clear order");
    expect(words([0, 1, 2])).toContain("So few rows cannot tell an order.");
    expect(words([4, 4, 4, 4, 1, 4])).toContain("5 of 6 rows have the same one, “4”.");
    expect(words([-1])).toBe("No row has an input that stands out.");
  });
});

test("the strip keeps the strongest cell of each pixel, and leaves blank what was not written", () => {
  const made = grid(
    matrix(["a", "b", "c", "d"], ["x", "y"], (row, column) => (row ? 1 : -1) * column),
  );
  const layout = layoutOf({
    available: 400,
    columns: 5,
    input: 4,
    rows: 2,
    rowLabel: 40,
    columnLabel: 20,
  });
  const most = pooled(made, limitsOf(made, false), layout, {
    width: 3,
    rows: 2,
    across: 3 / (edge(layout, 4) + layout.cell),
  });
  expect(most).toHaveLength(6);
  expect(most[2]).toBeNaN();
  expect(most[1]).toBeLessThan(0);
  expect(most[5]).toBeGreaterThan(0);
});

test("copied text has a line a row, empty where nothing had been written", () => {
  const made = grid(matrix(["a\tb", " c"], [" x", " y"], (row, column) => row + column));
  const lines = asText(made, "logit").split("\n");
  expect(lines[0].split("\t")).toEqual(["written (logit)", "probability", "a⇥b", "c", "x"]);
  expect(lines[1].split("\t").slice(2)).toEqual(["0", "1", ""]);
  expect(lines[2].split("\t").slice(2)).toEqual(["1", "2", "3"]);
});

test("a pinned row has its own question, with its foil", () => {
  const traits = SCENES.story();
  const figure = { ...traits._figure, foils: [null, { id: 1, label: " was", probability: 0.1 }] };
  const made = grid(traits);
  expect(described(figure, made, 1).foil?.label).toBe(" was");
  expect(described(figure, made, 0).foil).toBe(null);
  expect(described(figure, made, null).readout).toBe("answer");
});

/** The parts of the matrix that draw nothing: pooling, views, tiles, axes, words. */

import { expect, test } from "vitest";
import { coarser, rowLargest, unpacked } from "../../src/heat/cells.js";
import { look, paint } from "../../src/heat/paint.js";
import { ramp } from "../../src/heat/ramp.js";
import { makeAxis, rangeWords } from "../../src/widgets/attention_matrix/axis.js";
import { inCell } from "../../src/widgets/attention_matrix/marks.js";
import { spread } from "../../src/widgets/attention_matrix/surface.js";
import { tileCache, tilesIn } from "../../src/widgets/attention_matrix/tiles.js";
import { exact } from "../../src/widgets/attention_matrix/tips.js";
import {
  between,
  centred,
  levelFor,
  plotSize,
  revealed,
  whole,
  within,
  zoomed,
} from "../../src/widgets/attention_matrix/viewport.js";
import { fakeTokens } from "../fake_attention.js";

const cells = (/** @type {number[][]} */ rows) => ({
  rows: rows.length,
  columns: rows[0].length,
  values: Float32Array.from(rows.flat()),
});
const room = {
  left: 50,
  top: 40,
  width: 400,
  height: 400,
  rows: 1000,
  columns: 1000,
  turned: true,
};

test("a block is its largest cell, and not a number only when all of it is", () => {
  const { NaN: none } = Number;
  const found = coarser(
    cells([
      [1, 2, none],
      [0, 3, none],
      [5, none, 4],
    ]),
    1,
    1,
    false,
  );
  expect([...found.values]).toEqual([3, none, 5, 4]);
  expect([...coarser(cells([[1, -2, 3]]), 0, 1, true).values]).toEqual([-2, 3]);
  expect([
    ...coarser(
      cells([
        [1, 2],
        [3, 4],
      ]),
      1,
      0,
      false,
    ).values,
  ]).toEqual([3, 4]);
  expect([
    ...rowLargest(
      cells([
        [1, -2],
        [none, 0],
      ]),
    ),
  ]).toEqual([2, none]);
});

test("an envelope's part has the scale of its own rows", () => {
  const decoded = {
    data: Uint16Array.from([1, 2, 3, 4]),
    shape: [2, 1, 2],
    axes: ["tile", "row", "column"],
    scale: Float32Array.from([1, 0.5]),
  };
  expect([...unpacked(decoded, 1).values]).toEqual([1.5, 2]);
});

test("colour ends where each scale says", () => {
  const common = {
    theme: /** @type {const} */ ("light"),
    rowLargest: Float32Array.from([0.5, 0.1]),
  };
  const of = (/** @type {any} */ scale, signed = false) => look({ ...common, scale, signed });
  expect(of("head").index(0.5, of("head").highIn(1, 1))).toBe(255);
  expect(of("row").index(0.1, of("row").highIn(1, 1))).toBe(255);
  expect(of("row").highIn(0, 2)).toBeCloseTo(0.5);
  expect(of("global").index(0.5, of("global").highIn(0, 1))).toBe(128);
  const log = of("log");
  expect(log.low).toBeCloseTo(1e-4);
  expect([log.index(1e-5, 1), log.index(1e-4, 1), log.index(0.5, 1)]).toEqual([0, 0, 255]);
  expect(log.index(Math.sqrt(0.5 * 1e-4), 1)).toBe(128);
  const signed = of("head", true);
  expect([-0.5, 0, 0.5].map((value) => signed.index(value, 0.5))).toEqual([1, 128, 255]);
});

test("cells that cannot be seen and that are not numbers stay clear", () => {
  const canvas = document.createElement("canvas");
  const scale = look({
    theme: "light",
    signed: false,
    scale: "head",
    rowLargest: Float32Array.from([1, 1]),
  });
  paint(
    canvas,
    cells([
      [1, 0],
      [Number.NaN, 1],
    ]),
    scale,
    { causal: true },
  );
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const { data } = context.getImageData(0, 0, 2, 2);
  expect([data[3], data[7], data[11], data[15]]).toEqual([255, 0, 0, 255]);
  expect(new Uint32Array(data.buffer)[0]).toBe(ramp("light", false)[255]);
});

test("a tile of a causal matrix knows where its diagonal is", () => {
  const canvas = document.createElement("canvas");
  const largest = new Float32Array(64).fill(1);
  const scale = look({ theme: "light", signed: false, scale: "head", rowLargest: largest });
  const ones = cells([
    [1, 1, 1],
    [1, 1, 1],
  ]);
  const alpha = () => {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    return [...context.getImageData(0, 0, 3, 2).data].filter((_, i) => i % 4 === 3).map(Boolean);
  };
  paint(canvas, ones, scale, { row: 4, column: 4, down: 1, across: 1, causal: true });
  expect(alpha()).toEqual([true, false, false, true, true, false]);
  paint(canvas, ones, scale, { row: 4, column: 0, down: 1, across: 1, causal: true });
  expect(alpha().every(Boolean)).toBe(true);
});

test("square cells, unless one side is much longer", () => {
  expect(plotSize(8, 8, 800)).toEqual({ width: 320, height: 320 });
  expect(plotSize(4096, 4096, 800)).toEqual({ width: 680, height: 680 });
  expect(plotSize(4096, 12, 800)).toEqual({ width: 192, height: 680 });
  expect(plotSize(6, 300, 600)).toEqual({ width: 600, height: 96 });
});

test("a view stays inside, and a zoom holds its point", () => {
  expect(within({ x: -5, y: 2000, sx: 4, sy: 4 }, room)).toEqual({ x: 0, y: 900, sx: 4, sy: 4 });
  const before = centred(whole(room), 500, 500, room);
  const after = zoomed(before, 1.5, 100, 300, room);
  expect(after.x + 100 / after.sx).toBeCloseTo(before.x + 100 / before.sx);
  expect(after.y + 300 / after.sy).toBeCloseTo(before.y + 300 / before.sy);
  expect(zoomed(before, 1e9, 0, 0, room).sx).toBe(48);
  expect(zoomed(before, 1e-9, 0, 0, room)).toEqual(whole(room));
  const shown = revealed(before, 0, 999, room);
  expect(shown.y).toBe(0);
  expect(shown.x + room.width / shown.sx).toBeCloseTo(1000);
});

test("a glide begins and ends where it should, and goes through what lies between", () => {
  const [a, b] = [whole(room), centred(whole(room), 800, 100, room)];
  expect(between(a, b, 0)).toEqual(a);
  const end = between(a, b, 1);
  for (const name of /** @type {const} */ (["x", "y", "sx", "sy"])) {
    expect(end[name]).toBeCloseTo(b[name]);
    const half = between(a, b, 0.5)[name];
    expect(half).toBeGreaterThan(Math.min(a[name], b[name]));
    expect(half).toBeLessThan(Math.max(a[name], b[name]));
  }
});

test("no cell is drawn smaller than a pixel", () => {
  expect([40, 1, 0.6, 0.5, 0.17].map(levelFor)).toEqual([0, 0, 1, 1, 3]);
  expect(spread(13, 2, 14)).toEqual([12, 14]);
});

test("tiles are asked for from the middle, and not beyond the diagonal", () => {
  const all = tilesIn({ tile: 10, causal: false }, { from: 5, to: 25 }, { from: 0, to: 30 });
  expect(all.length).toBe(9);
  expect(all[0]).toEqual([1, 1]);
  const causal = tilesIn({ tile: 10, causal: true }, { from: 5, to: 25 }, { from: 0, to: 30 });
  expect(causal.every(([y, x]) => x <= y)).toBe(true);
  expect(causal.length).toBe(6);
});

test("the cache is bounded, and forgets when the matrix changes", () => {
  const cache = tileCache({ look() {} }, () => true);
  const matrix = /** @type {any} */ ({ number: 3 });
  cache.use(matrix);
  const one = (/** @type {number} */ x) => ({ y: 0, x, cells: cells([[x]]) });
  const tiles = Array.from({ length: 500 }, (_, x) => one(x));
  expect(cache.take({ number: 2, level: 0, tiles })).toBe(false);
  expect(cache.take({ number: 3, level: 0, tiles })).toBe(true);
  expect(cache.size).toBe(320);
  expect(cache.get(0, 0, 499)?.cells.values[0]).toBe(499);
  expect(cache.get(0, 0, 0)).toBe(null);
  cache.use(/** @type {any} */ ({ number: 4 }));
  expect(cache.size).toBe(0);
  cache.destroy();
});

test("units have the text of their tokens, a split character once", () => {
  const texts = ["Hi", " ", "F0 9F", "98 80", "\n", "مرحبا"];
  const tokens = fakeTokens(texts, {
    kind: ["text", "text", "bytes", "bytes", "text", "text"],
    whole: [null, null, "😀", "😀", null, null],
    start: [0, 2, 3, 3, 4, 5],
    role: ["user", "user", "user", "user", "assistant", "assistant"],
  });
  const turns = makeAxis("query", tokens, Int32Array.from([0, 4]), true);
  expect([turns.label(0), turns.name(0)]).toEqual(["user", "user: Hi 😀"]);
  expect(turns.name(1)).toBe("assistant: مرحبا");
  expect([0, 3, 4, 5].map(turns.ofToken)).toEqual([0, 0, 1, 1]);
  const words = makeAxis("key", tokens, Int32Array.from([0, 1, 2, 4, 5]), false);
  expect(words.label(1)).toBe("(space)");
  expect(words.bands).toEqual([
    { name: "user", from: 0, to: 3 },
    { name: "assistant", from: 3, to: 5 },
  ]);
  expect(rangeWords(turns, [0, 1])).toBe("query 0");
  expect(rangeWords(words, [512, 1520])).toBe("keys 512–1,519");
});

test("weights are told to four digits", () => {
  expect(exact(0.06284, {})).toBe("0.0628");
  expect(exact(0.25, { signed: true })).toBe("+0.2500");
  expect(exact(-0.25, { signed: true })).toBe("−0.2500");
  expect(exact(12.3456, { unit: "norm" })).toBe("12.35");
  expect(exact(Number.NaN, {})).toBe("not a number");
});

test("a cell has as many digits of its number as fit", () => {
  expect([0, 1e-6, 0.83, 0.00262].map((value) => inCell(value, 40))).toEqual([
    "0",
    "≈0",
    "0.83",
    "0.0026",
  ]);
  expect(inCell(-0.0312, 28)).toBe("−0.03");
  expect(inCell(0.0012, 24)).toBe("≈0");
  expect(inCell(123456789, 24)).toBe("");
});

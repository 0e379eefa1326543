import { expect, test } from "vitest";
import { AttentionData } from "../../src/attention/data.js";
import { numbered } from "../../src/widgets/attention_flow/axis.js";
import { geometry } from "../../src/widgets/attention_flow/geometry.js";
import { carriers, layOut, rowAt, stepRow } from "../../src/widgets/attention_flow/rows.js";
import {
  decodeTrace,
  edgesInto,
  strongestSteps,
  traceBetween,
  traceFrom,
  traceOf,
} from "../../src/widgets/attention_flow/trace.js";
import { filtered } from "../../src/widgets/attention_flow/view.js";
import { fakeSteps, stepsWire, traceWire } from "./scenes.js";

const STEPS = fakeSteps(3, 5);
const data = /** @type {AttentionData} */ (AttentionData.decode(stepsWire(STEPS)));

/** a[q][k] · b[k][j] @param {number[][]} a @param {number[][]} b */
const product = (a, b) =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));

test("a node is made of the product of the steps before it", () => {
  const whole = product(STEPS[2], product(STEPS[1], STEPS[0]));
  const trace = traceOf(data, { level: 3, token: 4 }, false);
  trace.levels[0].forEach((share, key) => {
    expect(share).toBeCloseTo(whole[4][key], 4);
  });
  expect(trace.levels[3]).toEqual(Float64Array.of(0, 0, 0, 0, 1));
  const middle = traceOf(data, { level: 2, token: 3 }, false);
  const half = product(STEPS[1], STEPS[0])[3];
  middle.row.forEach((value, key) => {
    expect(value).toBeCloseTo(half[key], 4);
  });
  expect(middle.edges.every((edge) => edge.layer < 2)).toBe(true);
});

test("edges of a layer are what passes along them; the strongest comes last", () => {
  const { edges } = traceOf(data, { level: 3, token: 4 }, false);
  const above = product([STEPS[2][4]], STEPS[1])[0]; // wanted above layer 0
  for (const { query, key, share } of edges.filter((edge) => edge.layer === 0)) {
    expect(share).toBeCloseTo(above[query] * STEPS[0][query][key], 4);
  }
  const shares = edges.map((edge) => edge.share);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
});

test("the ways from one input to a node carry its share, and no other", () => {
  const trace = traceBetween(data, { level: 3, token: 4 }, 1, false);
  expect([...trace.levels[0]]).toEqual([0, 1, 0, 0, 0]);
  for (const layer of [0, 1, 2]) {
    const passing = trace.edges.filter((edge) => edge.layer === layer);
    expect(passing.reduce((sum, edge) => sum + edge.share, 0)).toBeCloseTo(1, 2);
  }
  const first = product(STEPS[2], STEPS[1])[4]; // what stands above the first layer
  const from = first.map((value, query) => value * STEPS[0][query][1]);
  const sum = from.reduce((a, b) => a + b, 0);
  trace.levels[1].forEach((share, query) => {
    expect(share).toBeCloseTo(from[query] / sum, 4);
  });
});

test("where an input goes", () => {
  const trace = traceFrom(data, 1, false);
  const whole = product(STEPS[2], product(STEPS[1], STEPS[0])).map((row) => row[1]);
  const sum = whole.reduce((a, b) => a + b, 0);
  trace.levels[3].forEach((share, query) => {
    expect(share).toBeCloseTo(whole[query] / sum, 4);
  });
});

test("the 1 that a token begins with is left out where it is to be", () => {
  const more = STEPS.map((step) =>
    step.map((row, query) => row.map((weight, key) => weight / 10 + (key === query ? 1 : 0))),
  );
  const steps = /** @type {AttentionData} */ (AttentionData.decode(stepsWire(more)));
  const whole = product(more[2], product(more[1], more[0]))[4];
  const rest = whole.map((value, key) => value - (key === 4 ? 1 : 0));
  const sum = rest.reduce((a, b) => a + b, 0);
  const trace = traceOf(steps, { level: 3, token: 4 }, true);
  trace.levels[0].forEach((share, key) => {
    expect(share).toBeCloseTo(rest[key] / sum, 3);
  });
  const last = trace.edges.filter((edge) => edge.layer === 2);
  expect(last.reduce((total, edge) => total + edge.share, 0)).toBeCloseTo(1, 2);
});

test("rows that are no numbers carry nothing", () => {
  const broken = STEPS.map((step) => step.map((row) => [...row]));
  broken[1][2][0] = Number.NaN;
  const steps = /** @type {AttentionData} */ (AttentionData.decode(stepsWire(broken)));
  const { levels, edges } = traceOf(steps, { level: 3, token: 4 }, false);
  expect(levels.flatMap((level) => [...level]).every(Number.isFinite)).toBe(true);
  expect(edges.some((edge) => edge.layer === 1 && edge.query === 2)).toBe(false);
});

test("what Python traced is shown as shares of its layer", () => {
  const trace = decodeTrace(traceWire(4, 5, 3));
  expect([.../** @type {any} */ (trace).levels[0]]).toEqual(
    [0, 0.5, 0, 0.5, 0].map((v) => v && 0.5),
  );
  expect(trace?.end).toEqual({ level: 4, token: 3 });
  expect(trace?.edges.filter((edge) => edge.layer === 0).map((edge) => edge.share)).toEqual([
    0.5, 0.5,
  ]);
  expect(decodeTrace({ .../** @type {any} */ (traceWire(4, 5, 3)), nodes: undefined })).toBe(null);
  expect(decodeTrace(/** @type {any} */ ({}))).toBe(null);
});

test("capacities of a node, and the strongest steps of all", () => {
  const into = edgesInto(data, { level: 2, token: 3 });
  expect(into.map((edge) => edge.key).sort()).toEqual([0, 1, 2, 3]);
  expect(edgesInto(data, { level: 0, token: 3 })).toEqual([]);
  const strongest = strongestSteps(data, 0.1, 4);
  const between = strongest.filter((edge) => edge.query !== edge.key);
  expect(between).toHaveLength(4);
  expect(strongest.slice(-4)).toEqual(between); // on top of what tokens keep
  expect(strongest).toHaveLength(4 + 3 * 5);
  expect(strongest.every((edge) => edge.share >= 0.1)).toBe(true);
});

test("filters keep the strongest into each node", () => {
  const { edges } = traceOf(data, { level: 3, token: 4 }, false);
  const state = /** @type {any} */ ({ threshold: 0.05, top_k: 2 });
  const kept = filtered(edges, state);
  expect(kept.every((edge) => edge.share >= 0.05)).toBe(true);
  const into = kept.filter((edge) => edge.layer === 2 && edge.query === 4);
  const all = edges.filter((edge) => edge.layer === 2 && edge.query === 4);
  expect(into).toEqual(all.slice(-2));
  expect(filtered(edges, /** @type {any} */ ({ threshold: 0, top_k: null }))).toBe(edges);
});

test("tokens that carry nothing share a gap; one alone keeps its row", () => {
  const keep = Uint8Array.of(1, 0, 0, 1, 0, 1);
  const layout = layOut(6, keep, new Set());
  expect(layout.rows.map(({ from, to, gap }) => [from, to, gap])).toEqual([
    [0, 1, false],
    [1, 3, true],
    [3, 4, false],
    [4, 5, false],
    [5, 6, false],
  ]);
  expect([...layout.folded]).toEqual([0, 1, 1, 0, 0, 0]);
  expect(layout.y[1]).toBe(layout.y[2]);
  expect(layOut(6, keep, new Set([1, 2])).rows).toHaveLength(6);
  expect(rowAt(layout, layout.y[3])?.from).toBe(3);
  expect(rowAt(layout, 1e6)?.from).toBe(5);
  expect(stepRow(layout, 0, 1)).toBe(3);
  expect(stepRow(layout, 3, -9)).toBe(0);
});

test("a token carries when it does at any level", () => {
  const levels = [Float64Array.of(0.995, 0.005, 0), Float64Array.of(0, 0.02, 0.98)];
  const trace = /** @type {any} */ ({ levels });
  expect([...carriers(trace, 3)]).toEqual([1, 1, 1]);
  expect([...carriers(/** @type {any} */ ({ levels: [levels[0]] }), 3)]).toEqual([1, 0, 0]);
});

test("as many layer numbers as there is room for, first, last and selected among them", () => {
  expect(numbered(5, 40, null)).toEqual([1, 2, 3, 4]);
  const shown = numbered(31, 8, 13);
  expect(shown).toContain(13);
  expect(shown).toContain(30);
  const gaps = shown.slice(1).map((level, i) => (level - shown[i]) * 8);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(24);
});

test("a point is a node, an edge, or neither", () => {
  const layout = layOut(4, null, new Set());
  const place = geometry({ width: 600, height: 108, from: 100, to: 500, scroll: 0 }, layout, 5);
  expect(place.nodeAt(203, layout.y[2] + 4)).toEqual({ level: 1, token: 2 });
  expect(place.nodeAt(250, layout.y[2])).toBe(null);
  expect(place.nodeAt(20, layout.y[1])).toEqual({ level: 0, token: 1 });
  expect(place.nodeAt(590, layout.y[1])).toEqual({ level: 4, token: 1 });
  const edges = [
    { layer: 1, query: 3, key: 0, share: 0.2 },
    { layer: 1, query: 2, key: 2, share: 0.5 },
  ];
  expect(place.edgeAt(edges, 250, layout.y[2])).toBe(edges[1]);
  const middle = (layout.y[0] + layout.y[3]) / 2;
  expect(place.edgeAt(edges, 250, middle)).toBe(edges[0]);
  expect(place.edgeAt(edges, 350, middle)).toBe(null);
});

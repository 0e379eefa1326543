import { describe, expect, test } from "vitest";
import { AttentionData } from "../../src/attention/data.js";
import { MEAN } from "../../src/attention/ink.js";
import {
  buildEdges,
  edgesInView,
  edgesOf,
  targetsOf,
} from "../../src/widgets/attention_graph/edges.js";
import { bundlesInView } from "../../src/widgets/attention_graph/long/bundles.js";
import { fakeAttention } from "../fake_attention.js";

const TEXTS = "a b c d a b c d a b".split(" ");
const N = TEXTS.length;
const data = /** @type {AttentionData} */ (
  AttentionData.decode(fakeAttention(TEXTS, { heads: 3 }))
);
const none = new Uint8Array(N);

/** @param {Partial<import("../../src/widgets/attention_graph/edges.js").Choice>} [more] */
const build = (more = {}, source = data) =>
  buildEdges(
    source,
    {
      layer: 0,
      heads: [0, 1, 2],
      mean: false,
      threshold: 0,
      relative: false,
      topK: null,
      hiddenQueries: none,
      hiddenKeys: none,
      ...more,
    },
    N,
  );

/** @param {ReturnType<typeof build>} set @param {number} i */
const edge = (set, i) => ({ q: set.query[i], k: set.key[i], h: set.head[i], w: set.weight[i] });

describe("edges", () => {
  test("are all the weights, the strongest first", () => {
    const set = build();
    let visible = 0;
    for (let h = 0; h < 3; h++) {
      for (let q = 0; q < N; q++) {
        for (let k = 0; k <= q; k++) visible += Number((data.weight(0, h, q, k) ?? 0) >= 1e-4);
      }
    }
    expect(set.count).toBe(visible);
    for (let i = 0; i < set.count; i++) {
      const { q, k, h, w } = edge(set, i);
      expect(w).toBeCloseTo(/** @type {number} */ (data.weight(0, h, q, k)), 6);
      if (i > 0) expect(Math.sqrt(w)).toBeLessThanOrEqual(Math.sqrt(set.weight[i - 1]) + 1 / 2048);
    }
  });

  test("respect threshold, heads and hidden tokens", () => {
    const hidden = none.slice();
    hidden[0] = 1;
    const set = build({ threshold: 0.2, heads: [1], hiddenKeys: hidden, hiddenQueries: hidden });
    expect(set.count).toBeGreaterThan(0);
    for (let i = 0; i < set.count; i++) {
      const { q, k, h, w } = edge(set, i);
      expect([q > 0, k > 0, h === 1, w >= 0.2]).toEqual([true, true, true, true]);
    }
  });

  test("top-k counts for each query and head", () => {
    const set = build({ topK: 2 });
    /** @type {Record<string, number>} */
    const counts = {};
    for (let i = 0; i < set.count; i++) {
      const { q, h } = edge(set, i);
      counts[`${q} ${h}`] = (counts[`${q} ${h}`] ?? 0) + 1;
    }
    expect(Math.max(...Object.values(counts))).toBe(2);
    expect(Object.keys(counts).length).toBe(3 * N);
  });

  test("the mean is the mean", () => {
    const set = build({ mean: true });
    for (let i = 0; i < 10; i++) {
      const { q, k, h, w } = edge(set, i);
      expect(h).toBe(MEAN);
      expect(w).toBeCloseTo(data.meanWeight(0, [0, 1, 2], q, k), 5);
    }
  });

  test("of a token: by query and by key", () => {
    const set = build();
    expect([...edgesOf(set, "query", 4)].every((i) => set.query[i] === 4)).toBe(true);
    expect(edgesOf(set, "query", 4).length).toBe(3 * 5);
    expect([...edgesOf(set, "key", 4)].every((i) => set.key[i] === 4)).toBe(true);
    expect(edgesOf(set, "query", 99).length).toBe(0);
  });

  test("targets: each token once, by its strongest head, in exact order", () => {
    const targets = targetsOf(build(), "query", 7);
    expect(new Set(targets.map((target) => target.index)).size).toBe(targets.length);
    for (const [i, { index, head, weight }] of targets.entries()) {
      const all = [0, 1, 2].map((one) => data.weight(0, one, 7, index) ?? 0);
      expect(weight).toBeCloseTo(Math.max(...all), 6);
      expect(all[head]).toBe(Math.max(...all));
      if (i > 0) expect(weight).toBeLessThanOrEqual(targets[i - 1].weight);
    }
  });

  test("a budget keeps the strongest and says how many there were", () => {
    const set = build();
    const budget = { starting: 5, ending: 2 };
    const { lines, starting, ending } = edgesInView(
      set,
      { query: [4, 7], key: [4, 7] },
      null,
      budget,
    );
    let [starts, ends] = [0, 0];
    for (let i = 0; i < set.count; i++) {
      const { q, k } = edge(set, i);
      if (q >= 4 && q < 7) starts += 1;
      else if (k >= 4 && k < 7) ends += 1;
    }
    expect([starting, ending]).toEqual([
      { drawn: 5, total: starts },
      { drawn: 2, total: ends },
    ]);
    const all = [...Array(set.count).keys()].map((i) => edge(set, i));
    const first = all.filter(({ q }) => q >= 4 && q < 7).slice(0, 5);
    const seen = lines.map(({ query: q, key: k, head: h, weight: w }) => ({ q, k, h, w }));
    expect(seen.filter(({ q }) => q >= 4 && q < 7)).toEqual(first);
    for (let i = 1; i < seen.length; i++)
      expect(Math.sqrt(seen[i].w)).toBeLessThanOrEqual(Math.sqrt(seen[i - 1].w) + 1 / 2048);
  });

  test("neighbours in bundles: the share of their attention, none of it lost", () => {
    const set = build({ heads: [0, 1] });
    const whole = {
      query: /** @type {[number, number]} */ ([0, N]),
      key: /** @type {[number, number]} */ ([0, N]),
    };
    const { lines, starting, bundle } = bundlesInView(set, whole, null, 4, 1e9);
    expect([bundle, starting.drawn]).toEqual([4, starting.total]);
    const of = (/** @type {number} */ end) => Math.min(2, Math.floor((end + 0.5) / 4));
    for (const { query, key, head, weight } of lines) {
      let sum = 0;
      for (let i = 0; i < set.count; i++) {
        const { q, k, h, w } = edge(set, i);
        if (h === head && of(q) === of(query) && of(k) === of(key)) sum += w;
      }
      expect(weight).toBeCloseTo(sum / (of(query) === 2 ? 2 : 4), 5);
    }
    const part = {
      query: /** @type {[number, number]} */ ([6, 10]),
      key: /** @type {[number, number]} */ ([6, 10]),
    };
    const before = bundlesInView(set, part, 1, 2, 1e9).lines.filter(({ key }) => key < 6);
    let mass = 0;
    for (let i = 0; i < set.count; i++) {
      const { q, k, h, w } = edge(set, i);
      if (h === 1 && q >= 6 && k < 6) mass += w;
    }
    expect(before.reduce((sum, { weight }) => sum + 2 * weight, 0)).toBeCloseTo(mass, 4);
  });

  test("of one head, and only of the queries in view", () => {
    const set = build();
    const budget = { starting: 1e9, ending: 1e9 };
    const { lines, ending } = edgesInView(set, { query: [2, 3], key: null }, 1, budget);
    expect(lines.every(({ query, head }) => query === 2 && head === 1)).toBe(true);
    expect(lines.length).toBe(3);
    expect(ending.total).toBe(0);
  });
});

describe("rows that are not numbers", () => {
  const broken = /** @type {AttentionData} */ (
    AttentionData.decode(fakeAttention(TEXTS, { heads: 3, nan: [[1, 6]] }))
  );

  test("give no edges, and are told", () => {
    const set = build({}, broken);
    const found = [...edgesOf(set, "query", 6)].map((i) => set.head[i]);
    expect(new Set(found)).toEqual(new Set([0, 2]));
    expect([...broken.broken(0, [0, 1, 2])]).toEqual([0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    expect([...broken.broken(0, [0])].includes(1)).toBe(false);
    expect(broken.weight(0, 1, 6, 2)).toBeNaN();
  });
});

describe("what is left out is measured", () => {
  test("mass of hidden keys: the mean over all rows, that of the hidden token too", () => {
    const hidden = none.slice();
    hidden[0] = 1;
    let sum = 0;
    for (let q = 0; q < N; q++) sum += data.weight(0, 1, q, 0) ?? 0;
    expect(data.mass(0, [1], hidden)).toBeCloseTo(sum / N, 6);
  });

  test("sparse and dense agree where both have the weight", () => {
    const sparse = /** @type {AttentionData} */ (
      AttentionData.decode(fakeAttention(TEXTS, { heads: 3, top: 4 }))
    );
    let unsent = 0;
    for (let q = 0; q < N; q++) {
      for (let k = 0; k <= q; k++) {
        const weight = sparse.weight(0, 2, q, k);
        if (weight === null) unsent += 1;
        else expect(weight).toBeCloseTo(/** @type {number} */ (data.weight(0, 2, q, k)), 6);
      }
    }
    expect(unsent).toBeGreaterThan(0);
    expect(sparse.kept(0, [2])).toBeLessThan(1);
    expect(data.kept(0, [2])).toBe(1);
  });
});

describe("some heads only", () => {
  const all = fakeAttention(TEXTS, { heads: 3 });
  /** The part of an array that belongs to heads 2 and 0. @param {any} packed @param {number} size of a head @param {any} Type */
  function pick({ data: view, shape, ...rest }, size, Type) {
    const whole = new Type(view.buffer);
    const values = Type.from([...whole.slice(2 * size, 3 * size), ...whole.slice(0, size)]);
    return { ...rest, data: values.buffer, shape: [1, 2, ...shape.slice(2)] };
  }
  const scale = pick(all.weights.scale, N, Float32Array);
  const weights = { ...pick(all.weights, N * N, Uint16Array), scale };
  const wire = { ...all, heads: [2, 0], weights };
  const some = /** @type {AttentionData} */ (AttentionData.decode(wire));

  test("are found by their number, not by their place", () => {
    for (const head of [0, 2]) {
      for (let q = 0; q < N; q++)
        expect(some.weight(0, head, q, 0)).toBe(data.weight(0, head, q, 0));
    }
    expect(some.has(0, [0, 2])).toBe(true);
    expect(some.has(0, [0, 1])).toBe(false);
    expect(data.has(0, [0, 1, 2])).toBe(true);
  });
});

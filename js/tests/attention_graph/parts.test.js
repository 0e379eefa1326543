import { describe, expect, test } from "vitest";
import { nextHeads } from "../../src/attention/controls.js";
import { makeInk } from "../../src/attention/ink.js";
import { isRightToLeft, runs, wholeText } from "../../src/attention/text.js";
import { captionText } from "../../src/widgets/attention_graph/caption.js";
import { hiddenTokens } from "../../src/widgets/attention_graph/derive.js";
import { matches } from "../../src/widgets/attention_graph/more.js";
import { fakeState, fakeTokens } from "../fake_attention.js";

const plain = (/** @type {string} */ text) => text.replaceAll("\u00a0", " ");

describe("caption", () => {
  const { _figure, ...state } = fakeState(["a", " b"]);
  const facts = {
    state: /** @type {any} */ (state),
    figure: _figure,
    headsShown: 1,
    layout: /** @type {"columns" | "arcs" | "long"} */ ("columns"),
    overview: /** @type {const} */ ("one"),
    seen: { starting: { drawn: 3, total: 3 }, ending: { drawn: 0, total: 0 }, bundle: 1 },
    ink: makeInk({ theme: "light" }),
    hidden: { share: 0, exact: true },
    pair: null,
    renormalised: false,
    empty: 0,
    step: "",
    folded: false,
    broken: 0,
    kept: 1,
    exact: false,
  };
  /** @param {object} [traits] @param {object} [more] */
  const caption = (traits = {}, more = {}) =>
    plain(captionText({ ...facts, state: { ...facts.state, ...traits }, ...more }));

  test("says what is encoded, its scale and range", () => {
    expect(caption()).toContain("from a token (left) to a token it attends to (right)");
    expect(caption()).toContain("from 0 to 1");
    expect(caption({}, { layout: "arcs" })).toContain("back to an earlier token");
  });

  test("says what is hidden, with its mass", () => {
    const text = caption({ hide_first: true }, { hidden: { share: 0.62, exact: true } });
    expect(text).toContain("First token hidden: it held 62 % of the weight of this head.");
    const both = caption(
      { hide_first: true, hide_special: true },
      { headsShown: 3, hidden: { share: 0.7, exact: true } },
    );
    expect(both).toContain(
      "First token and special tokens hidden: they held 70 % of the weight of these heads.",
    );
  });

  test("says what was made of the rest, what is only a bound, what goes from text to text", () => {
    const rest = { hidden: { share: 0.5, exact: true }, renormalised: true };
    const hide = { hide_special: true };
    expect(caption(hide, { ...rest, empty: 1 })).toContain(
      "hidden: they held 50 % of the weight of this head; the rest is renormalised to 1 a token. One token has under 0.05 % left and is left empty.",
    );
    expect(caption(hide, { ...rest, empty: 3, headsShown: 2 })).toContain("3 tokens have under");
    expect(caption(hide, { hidden: { share: 0.5, exact: false } })).toContain("at least 50 %");
    expect(caption({ pair: "B→A" }, { pair: { share: 0.2, exact: true } })).toContain(
      "Only second → first: it holds 20 % of the attention of the second text.",
    );
    expect(caption({}, { ink: makeInk({ theme: "light", signed: true, most: 0 }) })).toContain(
      "Every value here is 0.",
    );
    const norms = makeInk({ theme: "light", unit: "norm", most: 3.4 });
    expect(caption({ threshold: 0.5 }, { ink: norms })).toMatch(
      /weight \(norm\), from 0 to the largest here, 3\.4.*Weights under 1\.7 are left out/,
    );
  });

  test("says why a long text has no arcs", () => {
    expect(caption({ view: "arcs" }, { layout: "long" })).toMatch(
      /^Two columns, since other layouts/,
    );
    expect(caption({}, { layout: "long" })).toContain("At the right the whole text");
  });

  test("says what was cut, and what is not drawn", () => {
    const figure = { ..._figure, top_per_row: 32 };
    expect(caption({}, { figure, kept: 0.97 })).toContain(
      "strongest 32 keys of each token, 97 % of the weight",
    );
    const [starting, ending] = [
      { drawn: 500, total: 14212 },
      { drawn: 100, total: 900 },
    ];
    const fewer = caption({}, { seen: { starting, ending, bundle: 1 } });
    expect(fewer).toContain("the 500 strongest of 14,212 lines from the tokens in view");
    expect(fewer).toContain("the 100 strongest of 900 lines that come to them from outside");
    const bundles = caption({}, { seen: { ...facts.seen, starting, bundle: 41 } });
    expect(bundles).toContain("each line bundles 41 neighbouring tokens");
    expect(bundles).toContain("the 500 strongest of 14,212 bundles");
    expect(caption({}, { figure: { ...figure, top_per_row: null }, kept: 0.97 })).not.toContain(
      "Sent",
    );
    expect(caption({}, { figure, kept: 0.97, exact: true })).toContain("Of the pinned token all");
    expect(caption({ threshold: 0.05, top_k: 3 })).toContain("Weights under 0.050 are left out.");
    expect(caption({}, { broken: 1 })).toContain("One token marked NaN");
  });
});

describe("clicking a head", () => {
  test("from all, switches that one off", () => {
    expect(nextHeads([], 1, 4, false)).toEqual([0, 2, 3]);
  });
  test("adds, removes, and comes back to all", () => {
    expect(nextHeads([0], 2, 4, false)).toEqual([0, 2]);
    expect(nextHeads([0, 2], 2, 4, false)).toEqual([0]);
    expect(nextHeads([0], 0, 4, false)).toEqual([]);
    expect(nextHeads([0, 1, 2], 3, 4, false)).toEqual([]);
  });
  test("with shift: only this one, then all again", () => {
    expect(nextHeads([], 2, 4, true)).toEqual([2]);
    expect(nextHeads([2], 2, 4, true)).toEqual([]);
  });
});

test("hidden tokens: the first, the special ones, both", () => {
  const tokens = fakeTokens(["a", "[SEP]", "b"], { kind: ["text", "special", "text"] });
  const hide = (/** @type {object} */ more) => [
    .../** @type {any} */ (hiddenTokens(tokens, /** @type {any} */ (more))),
  ];
  expect(hide({})).toEqual([0, 0, 0]);
  expect(hide({ hide_first: true })).toEqual([1, 0, 0]);
  expect(hide({ hide_first: true, hide_special: true })).toEqual([1, 1, 0]);
});

test("search ignores case and the empty text", () => {
  const tokens = fakeTokens(["Mary", " and", " mary"]);
  expect(matches(tokens, "MARY ")).toEqual([0, 2]);
  expect(matches(tokens, " ")).toEqual([]);
});

test("chat turns and sentence pairs are stretches of tokens", () => {
  const chat = fakeTokens(["a", "b", "c"], { role: ["user", "user", "assistant"] });
  expect(runs(chat)).toEqual([
    { name: "user", from: 0, to: 2 },
    { name: "assistant", from: 2, to: 3 },
  ]);
  const pair = fakeTokens(["a", "b", "c"], { segment: [0, 0, 1] });
  expect(runs(pair).map((run) => run.name)).toEqual(["first text", "second text"]);
  expect(runs(fakeTokens(["a"], { segment: [0] }))).toEqual([]);
});

test("the texts of a pair are copied on lines of their own", () => {
  const pair = fakeTokens(["It", " rains", " It", " pours"], { segment: [0, 0, 1, 1] });
  expect(wholeText("It rains It pours", pair)).toBe("It rains\nIt pours");
  expect(wholeText("It rains", fakeTokens(["It", " rains"]))).toBe("It rains");
});

test("the direction of a line is that of its first letter", () => {
  expect(isRightToLeft(fakeTokens(["1", " שלום", " hi"]))).toBe(true);
  expect(isRightToLeft(fakeTokens(["hi", " שלום"]))).toBe(false);
});

import { afterEach, describe, expect, test, vi } from "vitest";
import { userEvent } from "vitest/browser";
import { finding, ordered, rowsAt } from "../../src/widgets/saliency_compare/rows.js";
import { layers, ROW } from "../../src/widgets/saliency_compare/stack.js";
import { asText } from "../../src/widgets/saliency_compare/table.js";
import compare from "../../src/widgets/saliency_compare.js";
import { fakeModel } from "../fake_model.js";
import { check, envelope, wire } from "../saliency_compare_scenes.js";

const PIECES = ["The", " plot", " is", " thin", "\n", "</script>", "😀", " سلام"];
const COUNT = PIECES.length;
const TOKENS = {
  text: PIECES,
  kind: PIECES.map(() => "text"),
  raw: PIECES,
  id: PIECES.map((_, i) => i),
  word: PIECES.map((_, i) => i),
  role: null,
  segment: null,
  start: PIECES.map((_, i) => [...PIECES.slice(0, i).join("")].length),
  end: PIECES.map((_, i) => [...PIECES.slice(0, i + 1).join("")].length),
  whole: PIECES.map(() => null),
};

const ROWS = [
  wire({
    name: "a",
    label: "Input × gradient",
    agreement: 0.1,
    checks: [check("comprehensiveness", 1, 0.5, true), check("sufficiency", 2, 1, false)],
  }),
  wire({
    name: "b",
    label: "Leave-one-out",
    agreement: 0.4,
    checks: [check("comprehensiveness", 3, 0.5, true), check("sufficiency", 0, 1, true)],
  }),
  wire({ name: "c", label: "LIME", signed: false, unit: "share", agreement: 0.5 }),
  wire({
    name: "random",
    label: "Random (control)",
    group: "Control",
    agreement: 0.9,
    checks: [check("comprehensiveness", 9, 0.5, true)],
  }),
];
const AGREEMENT = [
  [1, 0.5, 0.2, 0.95],
  [0.5, 1, 0.7, 0.9],
  [0.2, 0.7, 1, 0.9],
  [0.95, 0.9, 0.9, 1],
];
const SCORES = [
  [0, 1, -2, 0.5, 0, 0, Number.NaN, 1],
  [1, 1, 1, -1, 0, 0, 0, 0],
  [0, 1, 2, 3, 0, 0, 0, 0],
  [1, -1, 1, -1, 1, -1, 1, -1],
];

/** @param {Record<string, unknown>} [more] */
function state(more = {}) {
  const parts = Int32Array.from([0, 0, 0, 0, 1, 1, 1, 1]);
  return {
    text: PIECES.join(""),
    methods: ["a", "b", "c", "random"],
    level: "token",
    token: null,
    theme: "light",
    _tokens: TOKENS,
    _levels: [
      { name: "token", parts: null },
      {
        name: "sentence",
        parts: {
          data: new DataView(parts.buffer),
          dtype: "int32",
          shape: [COUNT],
          axes: ["token"],
          scale: null,
        },
      },
    ],
    _scores: envelope(SCORES),
    _figure: {
      model: "m",
      level: "token",
      readout: "class",
      of: "logit",
      target: { id: 1, label: "positive", probability: 0.9 },
      foil: null,
      rows: ROWS,
      agreement: AGREEMENT,
      failures: { DeepLIFT: "It has no rule for attention." },
      known: ROWS.map(({ name, label, group }) => ({
        name,
        label,
        group,
        summary: "",
        signed: true,
        slow: false,
      })),
      live: true,
      editable: true,
      cost: {},
      partial: false,
    },
    _status: { state: "ready", message: "", remedy: "", example: null, progress: null },
    ...more,
  };
}

/** @type {(() => void)[]} */
const cleanups = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
  document.body.replaceChildren();
});

/** @param {Record<string, unknown>} [more] */
function shown(more) {
  const model = fakeModel(state(more));
  const el = document.createElement("div");
  el.style.width = "900px";
  document.body.append(el);
  const widget = compare();
  cleanups.push(/** @type {any} */ (widget.initialize({ model: /** @type {any} */ (model) })));
  cleanups.push(/** @type {any} */ (widget.render({ model: /** @type {any} */ (model), el })));
  return { model, el, at: (/** @type {string} */ selector) => [...el.querySelectorAll(selector)] };
}

const figureOf = () => /** @type {any} */ (state()._figure);

describe("rows", () => {
  test("keep their own scale, and sum to coarser units", () => {
    const levels = [
      { name: "token", parts: null },
      { name: "sentence", parts: Int32Array.from([0, 0, 0, 0, 1, 1, 1, 1]) },
    ];
    const scores = /** @type {any} */ ({
      data: Float32Array.from(SCORES.flat()),
      shape: [4, COUNT],
    });
    const fine = rowsAt(/** @type {any} */ (TOKENS), levels, "token", figureOf(), scores);
    expect(fine.rows.map(({ measured }) => measured.limit)).toEqual([2, 1, 3, 1]);
    expect(fine.rows[0].measured.broken).toEqual([6]);
    const coarse = rowsAt(/** @type {any} */ (TOKENS), levels, "sentence", figureOf(), scores);
    expect(coarse.sums).toBe(true);
    expect([...coarse.rows[1].measured.scores]).toEqual([2, 0]);
    const other = /** @type {any} */ ({ data: new Float32Array(6), shape: [2, 3] });
    expect(rowsAt(/** @type {any} */ (TOKENS), levels, "token", figureOf(), other).rows).toEqual(
      [],
    );
  });

  test("are ordered with the control last", () => {
    const rows = ROWS.map((row, place) => /** @type {any} */ ({ ...row, place }));
    expect(ordered(rows, "menu").map(({ name }) => name)).toEqual(["a", "b", "c", "random"]);
    expect(ordered(rows, "comprehensiveness").map(({ name }) => name)).toEqual([
      "b",
      "a",
      "c",
      "random",
    ]);
    expect(ordered(rows, "agreement").map(({ name }) => name)).toEqual(["c", "b", "a", "random"]);
  });

  test("are summed up in words, without the control", () => {
    expect(finding(ROWS, AGREEMENT, true)).toBe(
      "Leave-one-out and LIME agree best (rank correlation 0.70). 1 of 2 maps beat random maps in every check; Input × gradient does not.",
    );
    expect(finding(ROWS, AGREEMENT, false)).not.toContain("random");
    expect(finding([ROWS[0]], [[1]], true)).toBe("Input × gradient does not beat random maps.");
    expect(
      finding(
        [ROWS[1], ROWS[1]],
        [
          [1, -0.5],
          [-0.5, 1],
        ],
        true,
      ),
    ).toBe(
      "No two of these maps agree: rank correlations are zero or below. All 2 maps beat random maps in every check.",
    );
    expect(
      finding(
        [ROWS[0], ROWS[0]],
        [
          [1, null],
          [null, 1],
        ],
        true,
      ),
    ).toBe("None of the 2 maps beats random maps in every check.");
    expect(finding([ROWS[3]], [[1]], true)).toBe("");
  });
});

test("bars go up for, down against, and are hatched without a number", () => {
  const { rows } = rowsAt(
    /** @type {any} */ (TOKENS),
    [],
    "token",
    figureOf(),
    /** @type {any} */ ({ data: Float32Array.from(SCORES.flat()), shape: [4, COUNT] }),
  );
  const at = (/** @type {number} */ unit, /** @type {number} */ row) => {
    const { size, position } = layers([rows[row]], unit, "light");
    return {
      height: Number.parseFloat(size.split(" ")[1]),
      top: Number.parseFloat(position.split(" ")[1]),
    };
  };
  expect(at(2, 0)).toEqual({ height: 10, top: ROW / 2 });
  expect(at(1, 0)).toEqual({ height: 5, top: ROW / 2 - 5 });
  expect(at(3, 2)).toEqual({ height: 20, top: 3 });
  expect(layers([rows[0]], 6, "light").image).toContain("repeating");
  expect(layers([rows[0]], 0, "light").image).toBe("");
});

describe("the widget", () => {
  test("shows every unit once, names every method, and says what it found", () => {
    const { at } = shown();
    expect(at(".lmw-unit")).toHaveLength(COUNT);
    expect(at(".lmw-gloss-lines")[0].textContent).toBe(
      "Input × gradientLeave-one-outLIMERandom (control)",
    );
    expect(at(".lmw-finding")[0].textContent).toContain("Leave-one-out and LIME agree best");
    expect(at(".lmw-unit")[5].textContent).toContain("</script>");
    expect(at(".lmw-unit")[3].getAttribute("aria-label")).toBe(
      "thin: Input × gradient +0.50, Leave-one-out −1.0, LIME 3.0, Random (control) −1.0",
    );
    const card = at(".lmw-card")[0].textContent ?? "";
    expect(card).toContain("DeepLIFTIt has no rule for attention.");
    expect(at(".lmw-main > .lmw-card tbody tr")).toHaveLength(5);
  });

  test("names stand beside the line of their bars", () => {
    const { at } = shown();
    const stack = at(".lmw-stack")[0].getBoundingClientRect();
    const names = at(".lmw-gloss-name")
      .slice(0, 4)
      .map((one) => one.getBoundingClientRect());
    names.forEach((box, row) => {
      expect(Math.abs(box.top - (stack.top + row * ROW))).toBeLessThan(2);
    });
  });

  test("a click keeps a unit as the model's own token, another lets it go", async () => {
    const { model, at } = shown({ level: "sentence" });
    expect(at(".lmw-unit")).toHaveLength(2);
    /** @type {HTMLElement} */ (at(".lmw-unit")[1]).click();
    expect(model.state.token).toBe(4);
    await Promise.resolve();
    /** @type {HTMLElement} */ (at(".lmw-unit")[1]).click();
    expect(model.state.token).toBe(null);
  });

  test("arrow keys walk, Enter keeps, Escape lets go", async () => {
    const { model, at } = shown();
    const press = (/** @type {string} */ key) =>
      document.activeElement?.dispatchEvent(
        new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }),
      );
    /** @type {HTMLElement} */ (at(".lmw-unit")[0]).focus();
    press("ArrowRight");
    press("Enter");
    expect(model.state.token).toBe(1);
    press("Escape");
    expect(model.state.token).toBe(null);
    expect(at('.lmw-unit[tabindex="0"]')).toHaveLength(1);
  });

  test("a paragraph runs in its own direction", () => {
    const text = ["سلام", " دنیا", ".\n", "1", " plain", " שלום"];
    const plainly = text.map((_, i) => i);
    const tokens = {
      ...TOKENS,
      ...{ text, raw: text, kind: text.map(() => "text"), whole: text.map(() => null) },
      ...{ id: plainly, word: plainly, start: plainly, end: plainly.map((i) => i + 1) },
    };
    const rows = [text.map((_, i) => i)];
    const { at } = shown({
      _tokens: tokens,
      _levels: [],
      _scores: envelope(rows),
      _figure: { ...figureOf(), rows: [wire({})], agreement: [] },
    });
    expect(at(".lmw-gloss-block").map((one) => one.getAttribute("dir"))).toEqual(["rtl", "ltr"]);
    const left = (/** @type {number} */ i) => at(".lmw-unit")[i].getBoundingClientRect().left;
    expect(left(1)).toBeLessThan(left(0));
    expect(left(4)).toBeGreaterThan(left(3));
  });

  test("boxes choose methods, at least one", () => {
    const { model, at } = shown();
    const boxes = /** @type {HTMLInputElement[]} */ (at(".lmw-method-boxes input"));
    boxes[1].click();
    expect(model.state.methods).toEqual(["a", "c", "random"]);
  });

  test("coarser sums without a kernel leave the checks out", () => {
    const { at } = shown({ level: "sentence" });
    expect(at(".lmw-caption")[0].textContent).toContain("Scores are sums");
    expect(at(".lmw-card")[0].textContent).not.toContain("Strongest taken away");
    expect(at(".lmw-finding")[0].textContent).toBe("");
    expect(at(".lmw-card")[0].textContent).not.toContain("Agrees");
  });

  test("thousands of units take a handful of elements each", async () => {
    const many = Array.from({ length: 4096 }, (_, i) => ` w${i}`);
    const tokens = {
      ...TOKENS,
      text: many,
      kind: many.map(() => "text"),
      raw: many,
      id: many.map((_, i) => i),
      word: many.map((_, i) => i),
      start: many.map((_, i) => i),
      end: many.map((_, i) => i + 1),
      whole: many.map(() => null),
    };
    const token = 4000;
    const rows = Array.from({ length: 12 }, (_, m) => many.map((_, i) => Math.sin(i * (m + 1))));
    const figure = {
      ...figureOf(),
      rows: rows.map((_, m) => wire({ name: `m${m}`, label: `M${m}` })),
      agreement: [],
    };
    const { at } = shown({
      token,
      _tokens: tokens,
      _levels: [],
      _scores: envelope(rows),
      _figure: figure,
    });
    expect(at(".lmw-unit").length).toBeLessThan(1000); // the first picture
    await vi.waitFor(() => expect(at(".lmw-unit")).toHaveLength(4096));
    expect(at(".lmw-unit *").length).toBeLessThan(4096 * 5);
    expect(at(".lmw-pinned").map((one) => /** @type {any} */ (one).dataset.unit)).toEqual(["4000"]);
  });

  test("the text is edited in its place, as in the other widgets", async () => {
    const { model, el, at } = shown();
    await userEvent.click(/** @type {HTMLElement} */ (at('[aria-label="Edit the text"]')[0]));
    const field = /** @type {HTMLTextAreaElement} */ (at("textarea")[0]);
    expect(document.activeElement).toBe(field);
    expect(field.getAttribute("aria-label")).toBe("Text for the model");
    expect(/** @type {HTMLElement} */ (at(".lmw-gloss")[0]).hidden).toBe(true);
    await userEvent.keyboard("{Escape}");
    expect(at("textarea")).toHaveLength(0);
    expect(document.activeElement).toBe(at(".lmw-unit")[0]);
    await userEvent.keyboard("e");
    await userEvent.fill(/** @type {HTMLTextAreaElement} */ (at("textarea")[0]), "a cat");
    await userEvent.keyboard("{Enter}");
    expect(model.get("text")).toBe("a cat");
    await Promise.resolve();
    expect(document.activeElement).toBe(el.querySelector("section"));
    model.push({ _tokens: { ...TOKENS }, _scores: envelope(SCORES) });
    await Promise.resolve();
    expect(document.activeElement).toBe(at(".lmw-unit")[0]);
  });

  test("under an error stands the way back, and what is to be mended", async () => {
    const error = {
      state: "error",
      message: "The text does not hold that.",
      remedy: "",
      example: null,
      progress: null,
      back: true,
    };
    const { model, at } = shown({ target: "x", _status: { ...error, about: ["target"] } });
    expect(at(".lmw-back")[0].textContent).toBe("Back to the last picture");
    await userEvent.click(/** @type {HTMLElement} */ (at(".lmw-back")[0]));
    expect(model.get("_back")).toBe(1);
    const field = /** @type {HTMLInputElement} */ (at('[aria-label="Another target"]')[0]);
    expect(field.value).toBe("x");
    await userEvent.fill(field, " y");
    await userEvent.keyboard("{Enter}");
    expect(model.get("target")).toBe(" y");
    model.push({ _status: { ...error, about: ["text"] } });
    await Promise.resolve();
    expect(at(".lmw-editor-slot textarea")).toHaveLength(1);
  });

  test("a page without a kernel offers no editor", () => {
    const { at } = shown({ _figure: { ...figureOf(), live: false, editable: false } });
    expect(/** @type {HTMLElement} */ (at('[aria-label="Edit the text"]')[0]).hidden).toBe(true);
  });

  test("leaves no listener behind", () => {
    const { model } = shown();
    for (const clean of cleanups.splice(0)) clean();
    expect(model.listeners).toBe(0);
  });
});

test("what is copied and ticked follows the state, not what was drawn before", async () => {
  const rows = ordered(
    ROWS.map(
      (row, place) => /** @type {any} */ ({ ...row, place, measured: { scores: SCORES[place] } }),
    ),
    "menu",
  );
  const lines = asText(/** @type {any} */ ({ tokens: TOKENS }), rows).split("\n");
  expect(lines[0]).toBe("position\ttoken\ta\tb\tc\trandom");
  expect(lines[1].split("\t").slice(2)).toEqual(["0", "1", "0", "1"]);
  const { at } = shown({ methods: ["a", "c"] });
  const ticked = at(".lmw-method-box input").filter((box) => /** @type {any} */ (box).checked);
  expect(ticked.map((box) => /** @type {any} */ (box).value)).toEqual(["a", "c"]);
});

test("a method chosen before there is a text waits for nothing", async () => {
  const status = { state: "empty", message: "Nothing", remedy: "", example: null, progress: null };
  const empty = { text: "", _tokens: {}, _scores: {}, _levels: [], _status: status };
  const { model, at } = shown({ ...empty, _figure: { ...figureOf(), rows: [] } });
  model.set("methods", ["a"]);
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(/** @type {any} */ (at("section")[0]).dataset.lmwState).toBe("empty");
});

test("the figure of a check stands beside that of random maps in words", () => {
  const { at } = shown();
  expect(at(".lmw-card-figure")[0].textContent).toContain("1.0 against 0.50");
});

test("what a verdict stands on is in the table, with its rule", () => {
  const rows = ROWS.map((row) => ({
    ...row,
    checks: row.checks.map((/** @type {any} */ one) => ({
      ...one,
      beaten: one.passed ? 0.9 : 0.5,
    })),
  }));
  const { at } = shown({ _figure: { ...figureOf(), rows } });
  expect(at(".lmw-card-figure")[0].textContent).toContain("beats 90\u00a0%");
  expect(at(".lmw-card-rule")[0].textContent).toContain("at least 90\u00a0% of random maps");
  expect(at(".lmw-card-rule")[0].hasAttribute("hidden")).toBe(false);
});

describe("in any width", () => {
  const beaten = (/** @type {any} */ one) => ({ ...one, value: -0.734, random: 1.8, beaten: 0.2 });
  const WORDY = ROWS.map((row, i) => ({
    ...row,
    label: i === 1 ? "Discretized integrated gradients" : row.label,
    unit: i === 2 ? "share of the variance" : "random number",
    check: { ...check("relative standard error", 0.1234, 0, true), random: null },
    checks: row.checks.map(beaten),
    cost: { passes: 14212, seconds: 0.4 },
  }));

  test.each([280, 320, 440, 560, 641, 700, 821, 860, 1100])("nothing is cut at %i px", (width) => {
    const { at, el } = shown({ _figure: { ...figureOf(), rows: WORDY } });
    el.style.width = `${width}px`;
    at("details")[0].setAttribute("open", "");
    for (const card of at(".lmw-card")) expect(card.scrollWidth).toBe(card.clientWidth);
    const { right } = at(".lmw-card")[0].getBoundingClientRect();
    for (const part of at(
      ".lmw-card-table :is(td, th, small, .lmw-check-scale, .lmw-card-piece)",
    )) {
      expect(part.getBoundingClientRect().right).toBeLessThanOrEqual(right + 0.5);
    }
  });

  test("where heads have no room, each figure says what it is", () => {
    const { at, el } = shown({ _figure: { ...figureOf(), rows: WORDY } });
    el.style.width = "320px";
    const cost = /** @type {HTMLElement} */ (at('[data-head="Cost"]')[0]);
    expect(getComputedStyle(cost, "::before").content).toBe('"Cost"');
    expect(at('.lmw-card-table [role="row"]').length).toBe(at(".lmw-card-table tr").length);
    el.style.width = "900px";
    expect(getComputedStyle(cost, "::before").content).toBe("none");
  });

  test("among many methods, numbers stand for the names above the columns of the agreement", () => {
    const many = Array.from({ length: 12 }, (_, i) => ({
      ...ROWS[0],
      label: `Method of long name ${i}`,
    }));
    const agreement = many.map(() => many.map(() => -0.123));
    const scores = envelope(many.map(() => SCORES[0]));
    const { at, el } = shown({
      _figure: { ...figureOf(), rows: many, agreement },
      _scores: scores,
    });
    el.style.width = "860px";
    at("details")[0].setAttribute("open", "");
    const box = at(".lmw-agreement-box")[0];
    expect(box.scrollWidth).toBe(box.clientWidth);
    const head = /** @type {HTMLElement} */ (at(".lmw-agreement thead th")[3]);
    expect(getComputedStyle(head.children[0]).display).toBe("inline");
    expect(getComputedStyle(head.children[1]).display).toBe("none");
    expect(head.getAttribute("aria-label")).toBe("Method of long name 3");
  });

  test("a table that scrolls keeps its tokens in sight", () => {
    const { at, el } = shown();
    el.style.width = "320px";
    /** @type {HTMLElement} */ (at('[aria-label="Show as table"]')[0]).click();
    const table = at(".lmw-table")[0];
    table.scrollLeft = 400;
    const token = at(".lmw-table tbody .lmw-col-token")[1].getBoundingClientRect();
    expect(table.scrollLeft).toBeGreaterThan(0);
    expect(token.left).toBeCloseTo(table.getBoundingClientRect().left, 0);
  });
});

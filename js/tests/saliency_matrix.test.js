import axe from "axe-core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { userEvent } from "vitest/browser";
import "../src/widgets/saliency_matrix.css";
import saliencyMatrix from "../src/widgets/saliency_matrix.js";
import { fakeModel } from "./fake_model.js";
import { matrixEnvelope, SCENES } from "./saliency_matrix_scenes.js";
import { READY } from "./saliency_text_fixtures.js";

/** @type {(() => void)[]} */
const cleanups = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  document.body.replaceChildren();
});

/** @param {Record<string, any>} traits @param {HTMLElement | ShadowRoot} [into] */
function draw(traits, into = document.body) {
  const model = fakeModel(traits);
  const el = document.createElement("div");
  into.append(el);
  const cleanup = saliencyMatrix().render({ model, el });
  cleanups.push(cleanup);
  const one = (/** @type {string} */ selector) =>
    /** @type {HTMLElement} */ (el.querySelector(selector));
  const all = (/** @type {string} */ selector) =>
    /** @type {HTMLElement[]} */ ([...el.querySelectorAll(selector)]);
  return { model, el, cleanup, one, all };
}

/** A place in the picture, from the labels that stand there. @param {ReturnType<typeof draw>} view @param {number | null} row @param {number | null} column */
function at({ all, one }, row, column) {
  const plot = one(".lmw-matrix-plot").getBoundingClientRect();
  const label = row === null ? null : all(".lmw-row-label")[row].getBoundingClientRect();
  const above = column === null ? null : all(".lmw-column-label")[column].getBoundingClientRect();
  return {
    x: (above ? above.left : plot.left + 20) - plot.left,
    y: (label ? (label.top + label.bottom) / 2 : plot.top + 40) - plot.top,
  };
}

/** @param {ReturnType<typeof draw>} view @param {number | null} row @param {number | null} column */
const hover = (view, row, column) =>
  userEvent.hover(view.one(".lmw-matrix-plot"), { position: at(view, row, column) });

/** @param {ReturnType<typeof draw>} view @param {number | null} row @param {number | null} column */
const click = (view, row, column) =>
  userEvent.click(view.one(".lmw-matrix-plot"), { position: at(view, row, column) });

const painted = (/** @type {HTMLElement} */ el) =>
  vi.waitFor(() => expect(el.querySelector("[data-lmw-ready='true']")).toBeTruthy());

/** Colour of the canvas at a place of the picture, as the screen has it. @param {ReturnType<typeof draw>} view @param {number} row @param {number} column */
function pixel(view, row, column) {
  const canvas = /** @type {HTMLCanvasElement} */ (view.one(".lmw-matrix-canvas"));
  const { x, y } = at(view, row, column);
  const ratio = canvas.width / canvas.getBoundingClientRect().width;
  const [px, py] = [x - canvas.offsetLeft + 4, y - canvas.offsetTop];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  return [...context.getImageData(px * ratio, py * ratio, 1, 1).data];
}

describe("the picture", () => {
  test("a label a row and a column, and cells in the colours of the scale", async () => {
    const view = draw({ ...SCENES.translation(), theme: "light" });
    await painted(view.el);
    expect(view.all(".lmw-row-label").map((one) => one.textContent)).toEqual(
      "Die alte Brücke über den Fluss wurde nach dem Sturm gesperrt .".split(" "),
    );
    expect(view.all(".lmw-column-label")).toHaveLength(25);
    expect(view.all(".lmw-column-heading").map((one) => one.textContent)).toEqual([
      "input",
      "answer so far",
    ]);
    const [r, , b] = pixel(view, 11, 11);
    expect(r - b).toBeGreaterThan(120); // orange: for
    expect(pixel(view, 0, 20)).toEqual([0, 0, 0, 0]); // not written yet: paper
    expect(view.one(".lmw-question").textContent).toBe("What the answer comes from");
    expect(view.one(".lmw-legend").getAttribute("aria-label")).toContain("logit");
    expect(view.one(".lmw-caption").textContent).toContain("Blank: not written yet.");
  });

  test("the heading above few columns of an answer is whole, and apart from the other", async () => {
    const view = draw({ ...SCENES.two(), theme: "light" });
    view.el.style.width = "900px";
    await painted(view.el);
    const box = view.one(".lmw-matrix-columns").getBoundingClientRect();
    const [input, answer] = view
      .all(".lmw-column-heading")
      .map((one) => one.getBoundingClientRect());
    expect(answer.right).toBeLessThanOrEqual(box.right);
    expect(answer.left).toBeGreaterThan(input.right);
  });

  test("scores that are not numbers are hatched and told", async () => {
    const view = draw({ ...SCENES.broken(), theme: "light" });
    await painted(view.el);
    expect(view.one(".lmw-caption").textContent).toContain("no finite score (hatched)");
  });

  test("the strongest of each row, and what they say", async () => {
    const { model, one, el } = draw(SCENES.translation());
    expect(one(".lmw-diagonal").hidden).toBe(true);
    await userEvent.click(one('[aria-pressed][title^="Outline the strongest"]'));
    expect(model.get("strongest")).toBe(true);
    await painted(el);
    expect(one(".lmw-diagonal").textContent).toContain(
      "They move along with the answer, from the top left to the bottom right: rank correlation 0.9",
    );
  });

  test("each row on its own scale", async () => {
    const { model, one } = draw({ ...SCENES.story(), row_scale: true });
    expect(one(".lmw-unit").textContent).toBe("1 = row's strongest");
    expect(one(".lmw-caption").textContent).toContain("compare colours within a row only");
    await userEvent.click(one('[aria-label="More controls"]'));
    await userEvent.click(one(".lmw-folded input[type='checkbox']"));
    expect(model.get("row_scale")).toBe(false);
    expect(one(".lmw-unit").textContent).toBe("logit");
  });

  test("by word and by sentence, rows and columns are sums", async () => {
    const { model, all, one } = draw(SCENES.story());
    await userEvent.selectOptions(one(".lmw-level"), "sentence");
    expect(model.get("level")).toBe("sentence");
    await vi.waitFor(() => expect(all(".lmw-row-label")).toHaveLength(1));
    expect(one(".lmw-caption").textContent).toContain("A sentence's score is the sum");
  });

  test("thousands of columns: no labels but the hovered one, a strip, no page scroll", async () => {
    const view = draw(SCENES.huge());
    await painted(view.el);
    expect(view.all(".lmw-column-label")).toHaveLength(0);
    await vi.waitFor(() => expect(view.one(".lmw-matrix-map").hidden).toBe(false));
    const box = view.one(".lmw-matrix-box");
    expect(box.scrollWidth).toBeGreaterThan(16000);
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(innerWidth);
    const left = view.all(".lmw-row-label")[0].getBoundingClientRect().left;
    box.scrollLeft = 9000;
    await vi.waitFor(() => expect(box.scrollLeft).toBe(9000));
    expect(view.all(".lmw-row-label")[0].getBoundingClientRect().left).toBe(left);
    await userEvent.hover(view.one(".lmw-matrix-plot"), { position: { x: 300, y: 100 } });
    await vi.waitFor(() => expect(view.one(".lmw-column-flag").hidden).toBe(false));
  });

  test.each(["one", "tiny", "odd", "partial", "unsigned", "still"])("%s", async (name) => {
    const { el, one } = draw(SCENES[/** @type {keyof typeof SCENES} */ (name)]());
    await painted(el);
    expect(one("section").dataset.lmwState).toBe("ready");
    expect(el.querySelector("script, img")).toBe(null);
  });
});

describe("pointing", () => {
  test("hovering a cell tells its score, lights its token and shades the text by its row", async () => {
    const view = draw(SCENES.story());
    await painted(view.el);
    await hover(view, 2, 0);
    expect(view.one(".lmw-tooltip").textContent).toContain("for “in”, written with");
    expect(view.one('.lmw-text [data-token="0"]').classList.contains("lmw-lit")).toBe(true);
    await vi.waitFor(() =>
      expect(view.all(".lmw-row-label")[2].classList.contains("lmw-lit")).toBe(true),
    );
    expect(view.one(".lmw-shaded-by").textContent).toBe("Shaded by what “in” came from");
    expect(view.model.saved).toEqual([]); // hover is never synced
    await hover(view, 0, 26); // not written yet
    expect(view.all(".lmw-tooltip").some((one) => one.matches(":popover-open"))).toBe(false);
  });

  test("a click keeps a cell, the same click lets it go", async () => {
    const view = draw(SCENES.story());
    await painted(view.el);
    await click(view, 3, 12);
    expect([view.model.get("step"), view.model.get("token")]).toEqual([3, 12]);
    expect(view.one(".lmw-question").textContent).toBe("Why “the” next?");
    expect(view.one('[data-token="12"]').classList.contains("lmw-pinned")).toBe(true);
    await click(view, 3, 12);
    expect([view.model.get("step"), view.model.get("token")]).toEqual([null, null]);
  });

  test("a click on a row's label keeps the row", async () => {
    const view = draw(SCENES.story());
    await painted(view.el);
    await click(view, 4, null);
    expect([view.model.get("step"), view.model.get("token")]).toEqual([4, null]);
    await click(view, 4, null);
    expect(view.model.get("step")).toBe(null);
  });

  test("the text answers: its tokens are columns, those of the answer rows", async () => {
    const view = draw(SCENES.story());
    await painted(view.el);
    await userEvent.click(view.one('[data-token="5"]'));
    expect([view.model.get("step"), view.model.get("token")]).toEqual([null, 5]);
    await userEvent.click(view.one('.lmw-answer-text [data-token="22"]'));
    expect([view.model.get("step"), view.model.get("token")]).toEqual([2, null]);
  });

  test("pins stay with their tokens at another level", async () => {
    const view = draw({ ...SCENES.story(), step: 5, token: 7 });
    await painted(view.el);
    view.model.push({ level: "word" });
    await vi.waitFor(() => expect(view.one(".lmw-level")).toHaveProperty("value", "word"));
    await vi.waitFor(() => {
      expect(view.all(".lmw-row-label")[5].classList.contains("lmw-pinned")).toBe(true);
      expect(view.all(".lmw-column-label")[6].classList.contains("lmw-pinned")).toBe(true);
    });
  });

  test("linked widgets light one another", async () => {
    const first = draw({ ...SCENES.story(), _group: "g" });
    const second = draw({ ...SCENES.story(), _group: "g" });
    await painted(second.el);
    await hover(first, 1, 8);
    const lit = () => second.one('.lmw-text [data-token="8"]').classList.contains("lmw-lit");
    expect(lit()).toBe(true);
    await userEvent.hover(first.one(".lmw-title"));
    expect(lit()).toBe(false);
  });
});

describe("keyboard and screen reader", () => {
  test("one tab stop; arrows move, Enter keeps, Escape releases", async () => {
    const { model, one, el } = draw(SCENES.story());
    await painted(el);
    const plot = one(".lmw-matrix-plot");
    expect(el.querySelectorAll(".lmw-matrix-stage [tabindex='0']")).toHaveLength(1);
    plot.focus();
    await userEvent.keyboard("{ArrowDown}{ArrowRight}{ArrowRight}");
    const said = one("[aria-live]").textContent;
    expect(said).toContain("“king”");
    expect(said).toContain("row 2 of 8, “are”");
    expect(said).toContain("column 3 of 27");
    await userEvent.keyboard("{Enter}");
    expect([model.get("step"), model.get("token")]).toEqual([1, 2]);
    await userEvent.keyboard("{End}{Enter}");
    expect([model.get("step"), model.get("token")]).toEqual([1, 20]);
    await userEvent.keyboard("{Home}{ArrowLeft}{Enter}");
    expect([model.get("step"), model.get("token")]).toEqual([null, null]); // its row was kept before
    await userEvent.keyboard("{Enter}");
    expect([model.get("step"), model.get("token")]).toEqual([1, null]);
    await userEvent.keyboard("{Escape}");
    expect(model.get("step")).toBe(null);
  });

  test("the table holds every cell, or the strongest of each row", async () => {
    const small = draw(SCENES.story());
    await userEvent.click(small.one('[aria-label="Show as table"]'));
    expect(small.all(".lmw-table tbody tr")).toHaveLength(8);
    expect(small.all(".lmw-table tbody tr:first-child td")).toHaveLength(28);
    expect(small.one(".lmw-table tbody tr:first-child td:last-child").textContent).toBe("");
    expect(small.one(".lmw-matrix-stage").hidden).toBe(true);
    const large = draw(SCENES.long());
    await userEvent.click(large.one('[aria-label="Show as table"]'));
    expect(large.all(".lmw-table tbody tr:first-child td")).toHaveLength(11);
  });

  test.each(["story", "marked", "pinned", "checked", "long"])(
    "%s has no axe violations",
    async (name) => {
      const { el, one } = draw(SCENES[/** @type {keyof typeof SCENES} */ (name)]());
      await painted(el);
      await userEvent.click(one('[aria-label="More controls"]'));
      const found = await axe.run(el, { rules: { region: { enabled: false } } });
      expect(found.violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
    },
  );
});

describe("asking", () => {
  test("a method is asked for, and the old picture waits", async () => {
    const { model, one, el } = draw(SCENES.story());
    await painted(el);
    await userEvent.click(one(".lmw-method"));
    await userEvent.click(one('[data-method="gradient"]'));
    expect(model.get("method")).toBe("gradient");
    await vi.waitFor(() => expect(one("section").classList.contains("lmw-stale")).toBe(true));
    model.push({ _figure: { ...model.get("_figure"), method: "gradient", signed: false } });
    await vi.waitFor(() => expect(one("section").classList.contains("lmw-stale")).toBe(false));
    expect(one("section").classList.contains("lmw-unsigned")).toBe(true);
  });

  test("progress can be stopped", async () => {
    const { model, one } = draw(SCENES.loading());
    await vi.waitFor(() => expect(one(".lmw-stop").checkVisibility()).toBe(true));
    await userEvent.click(one(".lmw-stop"));
    expect(model.get("_stop")).toBe(1);
  });

  test("the whole answer is checked on demand", async () => {
    const { model, one, all } = draw(SCENES.story());
    await userEvent.click(one(".lmw-check-run"));
    expect(model.get("_check")).toBe(1);
    const { _figure } = SCENES.checked();
    model.push({ _figure, _status: READY });
    await vi.waitFor(() => expect(all(".lmw-check-row")).toHaveLength(2));
    expect(document.activeElement).toBe(one(".lmw-check-run"));
    one(".lmw-check-run").blur();
    expect(one(".lmw-check-run").hidden).toBe(true);
  });

  test("rows are chosen apart from the columns", async () => {
    const { model, one, all } = draw({ ...SCENES.story(), level: "sentence" });
    await vi.waitFor(() => expect(all(".lmw-row-label")).toHaveLength(1));
    await userEvent.click(one('[aria-label="More controls"]'));
    await userEvent.selectOptions(one('[aria-label="Rows"]'), "by token");
    expect(model.get("row_level")).toBe("token");
    await vi.waitFor(() => expect(all(".lmw-row-label")).toHaveLength(8));
    expect(all(".lmw-column-label")).toHaveLength(2);
    model.push({ level: "token", row_level: "sentence" });
    await vi.waitFor(() => expect(all(".lmw-row-label")).toHaveLength(1));
    expect(one(".lmw-caption").textContent).toContain("A row is a sentence of the answer");
    await userEvent.selectOptions(one('[aria-label="Rows"]'), "as the columns");
    expect(model.get("row_level")).toBe(null);
  });

  test("a page offers the levels that are sums, and rows of any level", async () => {
    const made = SCENES.story();
    const sums = [[0, 1, 2, 3, 4, 5, 6, 7].map((row) => [row, row / 2])].flat();
    made._figure = { ...made._figure, live: false, editable: false, level: "sentence" };
    made._scores = matrixEnvelope(sums);
    const { one, all } = draw({ ...made, level: "sentence", row_level: "token" });
    await vi.waitFor(() => expect(all(".lmw-row-label")).toHaveLength(8));
    expect(all(".lmw-column-label")).toHaveLength(2);
    expect(one('[aria-label="Level"]').hidden).toBe(true);
  });

  test("a foil that cannot be used is mended as a foil", async () => {
    const status = { ...READY, state: "error", message: "No.", about: ["foil"], back: true };
    const { model, one } = draw({ ...SCENES.story(), foil: "Marry", _status: status });
    const field = /** @type {HTMLInputElement} */ (one('[aria-label="Another foil"]'));
    expect(field.value).toBe("Marry");
    await userEvent.fill(field, " Mary");
    await userEvent.keyboard("{Enter}");
    expect(model.get("foil")).toBe(" Mary");
    expect(model.get("target")).toBe(null);
  });

  test("an error stands in the picture's place, with the way back", async () => {
    const { model, one } = draw(SCENES.error());
    expect(one(".lmw-message-what").textContent).toBe("The answer is empty.");
    await userEvent.click(one(".lmw-back"));
    expect(model.get("_back")).toBe(1);
  });

  test("an empty widget offers an example", async () => {
    const { model, one } = draw(SCENES.empty());
    await userEvent.click(one(".lmw-example"));
    expect(model.get("text")).toBe("The king");
  });

  test("the text is edited in its place", async () => {
    const { model, one } = draw(SCENES.story());
    await userEvent.click(one('[aria-label="Edit the text"]'));
    await userEvent.fill(one(".lmw-editor textarea"), "He said");
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    expect(model.get("text")).toBe("He said");
  });

  test("without a kernel everything but the model goes on", async () => {
    const view = draw(SCENES.still());
    await painted(view.el);
    expect(view.one(".lmw-check-run").hidden).toBe(true);
    expect(view.one('[aria-label="Edit the text"]').hidden).toBe(true);
    await click(view, 1, 3);
    expect(view.model.get("step")).toBe(1);
  });

  test("missing buffers are asked for", () => {
    const traits = SCENES.story();
    const model = fakeModel({ ...traits, _scores: { ...traits._scores, data: undefined } });
    saliencyMatrix().initialize({ model });
    expect(model.get("_request")).toBe(1);
  });

  test("scores of an older answer are not drawn over the new tokens", async () => {
    const { model, one } = draw(SCENES.story());
    model.push({ _scores: matrixEnvelope([[1, 2, 3]]) });
    await vi.waitFor(() => expect(one(".lmw-matrix-stage").hidden).toBe(true));
  });

  test("works in a shadow root, and leaves nothing behind", async () => {
    const host = document.body.appendChild(document.createElement("div"));
    const { model, el, one, cleanup } = draw(SCENES.story(), host.attachShadow({ mode: "open" }));
    expect(one(".lmw-question").textContent).toBe("What the answer comes from");
    cleanup();
    expect(el.childElementCount).toBe(0);
    expect(model.listeners).toBe(0);
  });
});

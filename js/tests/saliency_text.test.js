import axe from "axe-core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { userEvent } from "vitest/browser";
import { decode } from "../src/core/wire.js";
import "../src/widgets/saliency_text.css";
import saliencyText from "../src/widgets/saliency_text.js";
import { fakeModel } from "./fake_model.js";
import { envelope, figure, NAMES, READY } from "./saliency_text_fixtures.js";
import { SCENES } from "./saliency_text_scenes.js";

/** @type {(() => void)[]} */
const cleanups = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  document.body.replaceChildren();
});

/** @param {Record<string, any>} traits @param {HTMLElement | ShadowRoot} [into] */
function draw(traits, into = document.body) {
  const model = fakeModel(traits);
  return { model, ...view(model, into) };
}

/** @param {ReturnType<typeof fakeModel>} model @param {HTMLElement | ShadowRoot} [into] */
function view(model, into = document.body) {
  const el = document.createElement("div");
  into.append(el);
  const cleanup = saliencyText().render({ model, el });
  cleanups.push(cleanup);
  const one = (/** @type {string} */ selector) =>
    /** @type {HTMLElement} */ (el.querySelector(selector));
  return { el, cleanup, one, token: (/** @type {number} */ i) => one(`[data-token="${i}"]`) };
}

/** What one turn of the event loop brings. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 40));

describe("the picture", () => {
  test("shades tokens by sign and size, and says when it stands", async () => {
    const { one, token } = draw(SCENES.short());
    expect(token(1).style.getPropertyValue("--lmw-bar")).toBe("5.00px");
    expect(token(9).classList.contains("lmw-negative")).toBe(true);
    expect(one(".lmw-question").textContent).toBe("Why “Mary” rather than “John”?");
    expect(one(".lmw-check-line").dataset.state).toBe("good");
    await vi.waitFor(() => expect(one("[data-lmw-ready='true']")).toBeTruthy());
  });

  test("a long text has a way to the strongest, by button and by key, and then to the next", async () => {
    const { model, one } = draw(SCENES.long());
    const sizes = Array.from(decode(model.get("_scores"))?.data ?? [], Math.abs);
    const order = [...sizes.keys()].sort((a, b) => sizes[b] - sizes[a] || a - b);
    const jump = [...document.querySelectorAll("button")].find((button) =>
      button.textContent?.includes("Go to the strongest"),
    );
    jump?.click();
    await vi.waitFor(() => expect(one(".lmw-pinned")).toBeTruthy());
    expect(model.get("token")).toBe(order[0]);
    jump?.dispatchEvent(new KeyboardEvent("keydown", { key: "s", bubbles: true, composed: true }));
    expect(model.get("token")).toBe(order[1]);
    const [token, box] = [one(".lmw-pinned"), one(".lmw-text")].map((e) =>
      e.getBoundingClientRect(),
    );
    await vi.waitFor(() => expect(token.top).toBeLessThan(box.bottom));
  });

  test("a run that a cell started has no stop button, and says how to end it", async () => {
    const traits = SCENES.loading();
    traits._status.progress = { ...traits._status.progress, deaf: true };
    const { one } = draw(traits);
    expect(one(".lmw-stop").hidden).toBe(true);
    expect(one(".lmw-progress-note").textContent).toContain("interrupt the kernel");
  });

  test("a step of an answer is told in its own unit", async () => {
    const traits = SCENES.step();
    const { answer } = traits._figure;
    const units = answer.places.map(() => "logit");
    traits._figure = {
      ...traits._figure,
      unit: "logit difference",
      answer: { ...answer, units },
    };
    const { one } = draw(traits);
    expect(one(".lmw-legend .lmw-unit").textContent).toBe("logit");
    expect(one(".lmw-caption").textContent).toContain("(logit)");
  });

  test("selecting all and copying gives the text as written", async () => {
    const { model, one } = draw(SCENES.odd());
    const text = one(".lmw-text");
    document.getSelection()?.selectAllChildren(text);
    const data = new DataTransfer();
    text.dispatchEvent(new ClipboardEvent("copy", { clipboardData: data, bubbles: true }));
    expect(data.getData("text/plain")).toBe(model.get("text").replace(/.*/s, text.textContent));
    expect(data.getData("text/plain")).toContain("Look 🙂 and 你好\n</script>");
    document.getSelection()?.removeAllRanges();
  });

  test("hover tells value, rank, share and vocabulary entry", async () => {
    const { one, token } = draw(SCENES.short());
    await userEvent.hover(token(9));
    const words = one(".lmw-tooltip").textContent;
    expect(words).toContain("−1.710");
    expect(words).toContain("2nd of 14");
    expect(words).toContain("of the total");
    expect(words).toContain("ĠJohn · id 109");
  });

  test("a name as long as a sentence leaves its value in sight", async () => {
    const traits = SCENES.short();
    const text = traits._tokens.text.with(9, ` John${" and a sailor".repeat(20)}`);
    const { one, token } = draw({ ...traits, _tokens: { ...traits._tokens, text } });
    await userEvent.hover(token(9));
    const [tip, value] = [one(".lmw-tooltip"), one(".lmw-tooltip .lmw-details-value")].map((e) =>
      e.getBoundingClientRect(),
    );
    expect(value.right).toBeLessThanOrEqual(tip.right);
    expect(value.height).toBeLessThan(30);
    expect(tip.height).toBeLessThan(110);
  });

  test("buffers come as DataView, Uint8Array or ArrayBuffer", () => {
    const numbers = Float32Array.from({ length: 14 }, (_, i) => i - 7);
    const shifted = new Uint8Array(60);
    shifted.set(new Uint8Array(numbers.buffer), 3);
    const forms = [
      new DataView(numbers.buffer),
      new Uint8Array(numbers.buffer),
      numbers.buffer,
      new Uint8Array(shifted.buffer, 3, 56),
    ];
    for (const data of forms) {
      const { token } = draw({ ...SCENES.short(), _scores: { ...envelope(numbers), data } });
      expect(token(0).getAttribute("aria-label")).toContain("−7.0, 1st of 14");
    }
  });

  test("missing buffers are asked for, and the words stand meanwhile", () => {
    const traits = SCENES.short();
    const model = fakeModel({ ...traits, _scores: { ...traits._scores, data: undefined } });
    saliencyText().initialize({ model });
    expect(model.get("_request")).toBe(1);
    expect(model.saved).toEqual([{ _request: 1 }]);
    const { one, token } = view(model);
    expect(token(1).classList.contains("lmw-marked")).toBe(false);
    expect(one("section").dataset.lmwState).toBe("loading");
  });

  test("works in a shadow root", async () => {
    const host = document.body.appendChild(document.createElement("div"));
    const { one } = draw(SCENES.chat(), host.attachShadow({ mode: "open" }));
    expect(one(".lmw-question").textContent).toBe("Why “Paris” next?");
  });

  test("nothing is left after the cleanup", () => {
    const { model, el, cleanup } = draw(SCENES.short());
    cleanup();
    expect(el.childElementCount).toBe(0);
    expect(model.listeners).toBe(0);
  });
});

describe("asking", () => {
  test("a click on a prediction makes it the target, a shift-click the foil", async () => {
    const { model, one } = draw(SCENES.short());
    await userEvent.click(one('[data-prediction="260"]'));
    expect(model.get("target")).toBe(260);
    await userEvent.click(one('[data-prediction="845"]'), { modifiers: ["Shift"] });
    expect(model.get("foil")).toBe(845);
  });

  test("the button beside the foil lets it go, and “vs” sets another", async () => {
    const { model, one } = draw(SCENES.short());
    await userEvent.click(one('[aria-label="foil John: stop comparing"]'));
    expect(model.get("foil")).toBe(null);
    await settled();
    await userEvent.click(one('[aria-label="vs her: compare"]'));
    expect(model.get("foil")).toBe(845);
    expect(model.get("target")).toBe(6393);
  });

  test("a click on the foil turns the question round", async () => {
    const { model, one } = draw(SCENES.short());
    await userEvent.click(one('[data-prediction="1938"]'));
    expect([model.get("target"), model.get("foil")]).toEqual([1938, 6393]);
  });

  test("the old shading stays dimmed until the answer comes", async () => {
    const { model, one, token } = draw(SCENES.short());
    const before = one(".lmw-text").getBoundingClientRect();
    await userEvent.click(one('[data-prediction="260"]'));
    await settled();
    expect(one(".lmw-stale")).toBeTruthy();
    expect(one('li[data-part="target"]').textContent).toContain("the");
    expect(token(1).classList.contains("lmw-marked")).toBe(true);
    expect(one(".lmw-text").getBoundingClientRect()).toEqual(before);
    model.push({ _status: { ...READY, state: "loading" } });
    model.push({
      _scores: envelope(new Array(14).fill(1)),
      _figure: figure({ target: NAMES[1], foil: null }),
      _status: { ...READY },
    });
    await settled();
    expect(one(".lmw-stale")).toBeNull();
    expect(one(".lmw-question").textContent).toBe("Why “the” next?");
    expect(one(".lmw-live[aria-live]").textContent).toContain("Why “the” next? Strongest: When");
  });

  test("a stopped computation leaves the method that is drawn", async () => {
    const { model, one } = draw(SCENES.loading());
    await vi.waitFor(() => expect(one(".lmw-stop").offsetParent).toBeTruthy());
    await userEvent.click(one(".lmw-stop"));
    expect(model.get("_stop")).toBe(1);
    model.push({ _status: READY });
    await settled();
    expect(one(".lmw-stale")).toBeNull();
    expect(one(".lmw-method-name").textContent).toBe("Input × gradient");
  });

  test("without an answer the figure says so", async () => {
    const { model, one } = draw(SCENES.short());
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    model.set("method", "gradient");
    await Promise.resolve();
    vi.advanceTimersByTime(6000);
    vi.useRealTimers();
    await settled();
    expect(one(".lmw-badge").textContent).toContain("no answer from the kernel yet");
  });

  test("with the kernel gone the picture stays and asks nothing", () => {
    const model = fakeModel(SCENES.short());
    Object.assign(model, { comm_live: false });
    const { one, token } = view(model);
    return vi.waitFor(() => {
      expect(one(".lmw-badge").textContent).toContain("kernel not connected");
      expect(one("button[data-prediction]")).toBeNull();
      expect(token(1).classList.contains("lmw-marked")).toBe(true);
    });
  });

  test("a published page has no controls that need a model", () => {
    const { lmwStandalone, ...traits } = SCENES.saved();
    const model = Object.assign(fakeModel(traits), { lmwStandalone });
    const { el, one } = view(model);
    const shown = [...el.querySelectorAll("select, input, .lmw-segmented, .lmw-method")].filter(
      (control) => /** @type {HTMLElement} */ (control).offsetParent !== null,
    );
    expect(shown).toEqual([]);
    expect(one("button[data-prediction], .lmw-vs")).toBeNull();
    expect(one('[aria-label="Edit the text"]').hidden).toBe(true);
    expect(one(".lmw-badge").hidden).toBe(true);
  });
});

describe("methods and settings", () => {
  test("the menu groups methods, marks slow ones and asks for the one chosen", async () => {
    const { model, el, one } = draw(SCENES.short());
    await userEvent.click(one(".lmw-method"));
    const headings = [...el.querySelectorAll(".lmw-method-heading")].map((one) => one.textContent);
    expect(headings).toEqual(["Gradients", "Attention", "Perturbation", "Control"]);
    expect(one("[data-method='occlusion']").textContent).toContain("slow");
    expect(document.activeElement).toBe(one("[data-method='integrated_gradients']"));
    await userEvent.keyboard("{ArrowDown}{Enter}");
    expect(model.get("method")).toBe("attention_rollout");
    expect(one(".lmw-method-panel").matches(":popover-open")).toBe(false);
    expect(document.activeElement).toBe(one(".lmw-method"));
  });

  test("settings fold away, and are asked for when they change", async () => {
    const { model, one } = draw(SCENES.short());
    expect(one(".lmw-folded").hidden).toBe(true);
    await userEvent.click(one('[aria-label="More controls"]'));
    const steps = /** @type {HTMLInputElement} */ (one(".lmw-setting"));
    await userEvent.fill(steps, "32");
    await userEvent.keyboard("{Enter}");
    expect(model.get("settings")).toEqual({ steps: 32 });
    await settled();
    await userEvent.click(one(".lmw-settings input[type='checkbox']"));
    expect(model.get("settings")).toEqual({ steps: 32, keep_special: false });
  });

  test("what is explained can be another number; entropy has no target", async () => {
    const { model, one } = draw(SCENES.short());
    await userEvent.click(one('[aria-label="More controls"]'));
    const select = one('[aria-label="What is explained"]');
    await userEvent.selectOptions(select, "probability");
    expect([model.get("of"), model.get("target")]).toEqual(["probability", 6393]);
    await userEvent.selectOptions(select, "entropy");
    expect([model.get("of"), model.get("target"), model.get("foil")]).toEqual([
      "entropy",
      null,
      null,
    ]);
  });

  test("a target leaves entropy behind", async () => {
    const { model, one } = draw(SCENES.entropy());
    expect(one(".lmw-question").textContent).toBe("What makes the model sure or unsure?");
    await userEvent.click(one('[data-prediction="260"]'));
    expect([model.get("of"), model.get("target")]).toEqual([null, 260]);
  });

  test("a method that cannot be used says why and gives the last picture back", async () => {
    const { model, one, token } = draw(SCENES.unable());
    expect(one("[role='alert']").textContent).toContain("no attention");
    expect(one(".lmw-method-name").textContent).toBe("Attention rollout");
    expect(one("textarea")).toBeNull();
    await userEvent.click(one(".lmw-back"));
    expect(model.get("_back")).toBe(1);
    model.push({ method: "integrated_gradients", _status: READY });
    await settled();
    expect(token(1).classList.contains("lmw-marked")).toBe(true);
    expect(one(".lmw-picture").hidden).toBe(false);
  });
});

describe("targets of one's own", () => {
  test("are typed, explained with Enter and compared with Shift+Enter", async () => {
    const { model, one } = draw(SCENES.short());
    const field = /** @type {HTMLInputElement} */ (one(".lmw-strip .lmw-wanted"));
    await userEvent.fill(field, "Paul");
    expect(one(".lmw-wanted-note").textContent).toContain("begin with a space");
    await userEvent.fill(field, " Paul Smith");
    expect(one(".lmw-wanted-note").hidden).toBe(true);
    await userEvent.keyboard("{Enter}");
    expect(model.get("target")).toBe(" Paul Smith");
    expect(field.value).toBe("");
    await userEvent.fill(field, " her");
    await userEvent.keyboard("{Shift>}{Enter}{/Shift}");
    expect(model.get("foil")).toBe(" her");
    expect(model.get("target")).toBe(6393); // the one that is drawn, by name
  });

  test("one that cannot be used is mended under the message", async () => {
    const { model, one } = draw(SCENES.refused());
    const field = /** @type {HTMLInputElement} */ (one(".lmw-repair .lmw-wanted"));
    expect(field.value).toBe("Marry Ann");
    expect(document.activeElement).toBe(document.body); // nobody was in the widget
    await userEvent.fill(field, " Mary");
    await userEvent.keyboard("{Enter}");
    expect(model.get("target")).toBe(" Mary");
  });

  test("a phrase among the candidates is asked for by its tokens", async () => {
    const phrase = { id: 7, label: " her mother", probability: 0.1, ids: [7, 9] };
    const { model, one } = draw({ ...SCENES.short(), _predictions: [phrase] });
    await userEvent.click(one('[data-prediction="7-9"]'));
    expect(model.get("target")).toEqual([7, 9]);
  });

  test("an answer inside the text is outlined there, and another asked for by its place", async () => {
    const { model, el, one, token } = draw(SCENES.question());
    expect(one(".lmw-question").textContent).toBe("Why “old Berlin” rather than “Potsdam”?");
    const outlined = [...el.querySelectorAll(".lmw-span-target")].map((one) => one.textContent);
    expect(outlined.join("")).toBe(" old Berlin");
    expect(token(12).classList.contains("lmw-span-foil")).toBe(true);
    await userEvent.click(one('[data-prediction="10-10"]'));
    expect(model.get("target")).toEqual([10, 10]);
    await settled();
    await userEvent.click(one('[aria-label="More controls"]'));
    await userEvent.click(one(".lmw-folded .lmw-segmented button:nth-child(2)"));
    expect(model.get("position")).toBe("start");
  });

  test("a click on a token asks for its label, a second one lets it go", async () => {
    const { model, one, token } = draw(SCENES.labels());
    expect(one(".lmw-question").textContent).toBe("Why “PER” for “Anna”?");
    expect(token(1).classList.contains("lmw-asked-at")).toBe(true);
    await userEvent.click(token(5));
    expect([model.get("position"), model.get("token")]).toEqual([5, 5]);
    await settled();
    await userEvent.click(token(5));
    expect([model.get("position"), model.get("token")]).toEqual([5, null]);
  });

  test("a click on another mask asks for that one, on a word pins it", async () => {
    const { model, one, token } = draw(SCENES.masks());
    expect(one(".lmw-caption").textContent).toContain("The outlined mask is explained");
    await userEvent.click(token(4));
    expect(model.get("position")).toBe(4);
    await settled();
    await userEvent.click(token(2));
    expect([model.get("position"), model.get("token")]).toEqual([4, 2]);
  });

  test("classes of which several hold have a probability each", () => {
    const { one } = draw(SCENES.several());
    expect(one(".lmw-strip-head").textContent).toBe("Classprobability of each");
  });
});

describe("levels", () => {
  test("switching sums at once, asks nobody, and keeps the pin on its tokens", async () => {
    const { model, el, one, token } = draw({ ...SCENES.levels(), token: 10 });
    await userEvent.selectOptions(one(".lmw-level"), "sentence");
    await settled();
    expect(el.querySelectorAll("[role='option'][data-token]")).toHaveLength(2);
    expect(model.get("level")).toBe("sentence");
    expect(one(".lmw-stale")).toBeNull();
    expect(token(1).getAttribute("aria-selected")).toBe("true");
    expect(token(0).getAttribute("aria-label")).toContain("+1.4, 1st of 2");
    expect(one(".lmw-caption").textContent).toContain("sum of its tokens");
    await userEvent.click(token(0));
    expect(model.get("token")).toBe(0);
    expect(one(".lmw-text").textContent).toBe(model.get("text"));
  });

  test("the total is the same at every level", async () => {
    const totals = [];
    for (const level of ["token", "word", "sentence"]) {
      const { el } = draw({ ...SCENES.levels(), level });
      await settled();
      const words = [...el.querySelectorAll("[role='option'][data-token]")].map(
        (item) => item.getAttribute("aria-label")?.split(", ").at(-2) ?? "",
      );
      totals.push(words.map((word) => Number(word.replace("−", "-"))).reduce((a, b) => a + b, 0));
      el.remove();
    }
    expect(totals[0]).toBeCloseTo(1.17, 1);
    expect(Math.abs(totals[1] - totals[0])).toBeLessThan(0.1); // labels have two digits
    expect(Math.abs(totals[2] - totals[0])).toBeLessThan(0.1);
  });

  test("a method that takes units away is asked anew; the sums stand dimmed meanwhile", async () => {
    const traits = SCENES.removed();
    traits._figure = { ...traits._figure, live: true };
    const { model, el, one } = draw(traits);
    expect(one(".lmw-caption").textContent).toContain("Each word was taken away as one.");
    await userEvent.selectOptions(one(".lmw-level"), "token");
    await settled();
    expect(one(".lmw-stale")).toBeTruthy(); // finer than computed: nothing to sum
    expect(el.querySelectorAll("[role='option'][data-token]")).toHaveLength(4);
    model.push({
      _scores: envelope(new Array(14).fill(0.5)),
      _figure: { ...traits._figure, level: "token" },
      _status: READY,
    });
    await settled();
    expect(one(".lmw-stale")).toBeNull();
    expect(el.querySelectorAll("[role='option'][data-token]")).toHaveLength(14);
  });

  test("hovering tells linked widgets the model's own token", async () => {
    const { model, token } = draw({ ...SCENES.sentences(), _group: "group 1" });
    /** @type {any[]} */
    const heard = [];
    const hear = (/** @type {any} */ event) => heard.push(event.detail.hover);
    document.addEventListener("lmwidget:together", hear);
    await userEvent.hover(token(1));
    document.removeEventListener("lmwidget:together", hear);
    expect(heard.at(-1)).toEqual({ side: null, index: 9 });
    const detail = { group: "group 1", from: {}, hover: { side: null, index: 3 } };
    document.dispatchEvent(new CustomEvent("lmwidget:together", { detail }));
    expect(token(0).classList.contains("lmw-lit")).toBe(true);
    expect(model.get("token")).toBe(null);
  });

  test("without a kernel levels and steps go on working", async () => {
    const model = Object.assign(fakeModel(SCENES.answer()), { lmwStandalone: true });
    const { el, one } = view(model);
    await userEvent.selectOptions(one(".lmw-level"), "sentence");
    await settled();
    expect(el.querySelectorAll(".lmw-text:not(.lmw-answer-text) [role='option']")).toHaveLength(2);
    await userEvent.click(one('[aria-label="Next token of the answer"]'));
    await settled();
    expect(model.get("step")).toBe(0);
    expect(one(".lmw-question").textContent).toBe("Why “Paris” next?");
  });
});

describe("an answer", () => {
  test("stands under the text, and shows the sum over its tokens first", () => {
    const { one, token } = draw(SCENES.answer());
    expect(one(".lmw-question").textContent).toBe("What the answer comes from");
    expect(one(".lmw-answer-text").textContent).toBe(" Paris of course .");
    expect(token(3).getAttribute("aria-label")).toBe("France, +2.5, 1st of 5");
    expect(token(5).classList.contains("lmw-marked")).toBe(false);
  });

  test("is stepped through by click, by buttons and by arrow keys", async () => {
    const { model, one, token } = draw(SCENES.answer());
    await userEvent.click(token(6));
    expect(model.get("step")).toBe(1);
    await settled();
    expect(token(6).classList.contains("lmw-current")).toBe(true);
    expect(token(5).classList.contains("lmw-marked")).toBe(true);
    expect(token(7).classList.contains("lmw-unwritten")).toBe(true);
    expect(token(3).classList.contains("lmw-negative")).toBe(true);
    expect(one(".lmw-step-place").textContent).toBe("2 of 4 · 70 %");
    token(6).focus();
    await userEvent.keyboard("{ArrowRight}");
    expect(model.get("step")).toBe(2);
    await settled();
    await userEvent.click(one('[aria-label="Previous token of the answer"]'));
    expect(model.get("step")).toBe(1);
    token(6).focus();
    await userEvent.keyboard("{Escape}");
    expect(model.get("step")).toBe(null);
  });

  test("has no strip of predictions, and asks for nothing when it is stepped through", async () => {
    const { one, token } = draw(SCENES.answer());
    expect(one(".lmw-strip").offsetParent).toBeNull();
    await userEvent.click(token(7));
    await settled();
    expect(one(".lmw-stale")).toBeNull();
  });
});

describe("checks", () => {
  test("are asked for, and the picture stays bright while they are computed", async () => {
    const { model, one } = draw(SCENES.short());
    expect(one(".lmw-checks").hidden).toBe(true);
    await userEvent.click(one(".lmw-check-run"));
    expect(model.get("_check")).toBe(1);
    model.push({ _status: { ...READY, state: "loading" } });
    await settled();
    expect(one(".lmw-stale")).toBeNull();
    const { checks } = SCENES.checked()._figure;
    model.push({ _figure: figure({ checks }), _status: READY });
    await settled();
    expect(one(".lmw-checks").hidden).toBe(false);
    expect(one(".lmw-checks").textContent).toContain("better than random: 0.62 against 0.11");
    const run = one(".lmw-check-run");
    expect([run.textContent, document.activeElement]).toEqual(["Checked", run]);
    run.click();
    expect(model.get("_check")).toBe(1);
    run.blur();
    expect(run.hidden).toBe(true);
  });

  test("of another level say so; of another step they are not shown", async () => {
    const { checks } = SCENES.checked()._figure;
    const { one } = draw({ ...SCENES.sentences(), _figure: figure({ checks }) });
    expect(one(".lmw-checks").textContent).toContain("These checks are of the map by token.");
    expect(one(".lmw-check-run").hidden).toBe(false);
    const answer = SCENES.step();
    const second = draw({ ...answer, _figure: { ...answer._figure, checks } });
    expect(second.one(".lmw-checks").hidden).toBe(true);
  });
});

describe("pinning", () => {
  test("click and Enter pin in every view, Escape lets go", async () => {
    const { model, token } = draw(SCENES.short());
    const second = view(model);
    await userEvent.click(token(9));
    expect(model.get("token")).toBe(9);
    await settled();
    expect(second.token(9).getAttribute("aria-selected")).toBe("true");
    await userEvent.keyboard("{Escape}");
    expect(model.get("token")).toBe(null);
    await userEvent.keyboard("{ArrowRight}{Enter}");
    expect(model.get("token")).toBe(10);
  });

  test("arrow keys walk along and across lines; there is one tab stop", async () => {
    const { one, token } = draw(SCENES.long());
    expect(one(".lmw-text").querySelectorAll("[tabindex='0']")).toHaveLength(1);
    token(0).focus();
    await userEvent.keyboard("{ArrowDown}");
    const below = /** @type {HTMLElement} */ (document.activeElement);
    expect(below.getBoundingClientRect().top).toBeGreaterThan(
      token(0).getBoundingClientRect().bottom - 8,
    );
    await userEvent.keyboard("{ArrowUp}");
    const back = /** @type {HTMLElement} */ (document.activeElement);
    expect(back.getBoundingClientRect().top).toBe(token(0).getBoundingClientRect().top);
  });

  test("in right-to-left text the left arrow leads on", async () => {
    const { token } = draw(SCENES.rtl());
    token(0).focus();
    await userEvent.keyboard("{ArrowLeft}");
    expect(document.activeElement).toBe(token(1));
  });
});

describe("editing", () => {
  test("e opens, Enter runs, and the new words stand at once", async () => {
    const { model, one, token } = draw(SCENES.short());
    token(0).focus();
    await userEvent.keyboard("e");
    const field = /** @type {HTMLTextAreaElement} */ (one("textarea"));
    expect(document.activeElement).toBe(field);
    field.value = "A new text";
    await userEvent.keyboard("{Enter}");
    expect(model.get("text")).toBe("A new text");
    await settled();
    expect(one("textarea")).toBeNull();
    expect(one(".lmw-text").textContent).toBe("A new text");
    expect(one(".lmw-marked")).toBeNull();
  });

  test("opening and leaving it moves nothing", async () => {
    const { model, one, token } = draw(SCENES.short());
    const height = () => one(".lmw-root").offsetHeight;
    const before = height();
    const text = one(".lmw-text").offsetHeight;
    await userEvent.dblClick(token(3));
    expect(model.get("token")).toBe(null);
    expect(Math.abs(one("textarea").offsetHeight - text)).toBeLessThanOrEqual(1);
    expect(height()).toBe(before);
    await userEvent.keyboard("{Escape}");
    expect(height()).toBe(before);
  });

  test("an error keeps the text in a field, to be mended", async () => {
    const { model, one } = draw(SCENES.error());
    const field = /** @type {HTMLTextAreaElement} */ (one("textarea"));
    expect(field.value).toBe(model.get("text"));
    expect(one("[role='alert']").textContent).toContain("is 2 tokens");
    await userEvent.fill(field, "Another text");
    await userEvent.keyboard("{Enter}");
    expect(model.get("text")).toBe("Another text");
    model.push({ _status: READY });
    await settled();
    expect(one("textarea")).toBeNull();
  });

  test("an empty widget offers a field and an example to click", async () => {
    const { model, one } = draw(SCENES.empty());
    expect(one("textarea")).toBeTruthy();
    await userEvent.click(one(".lmw-example"));
    expect(model.get("text")).toContain("because it was too tired");
  });
});

describe("for everyone", () => {
  test.each(
    [
      ["short", "unsigned", "chat", "odd", "nan", "error", "empty", "saved", "arrays"],
      ["sentences", "checked", "answer", "step", "question", "labels", "refused", "unable"],
    ].flat(),
  )("axe finds nothing in %s, light and dark", async (name) => {
    for (const theme of ["light", "dark"]) {
      const { el, one } = draw({ ...SCENES[name](), theme });
      await vi.waitFor(() => expect(one("[data-lmw-ready]")).toBeTruthy());
      const { violations } = await axe.run(el);
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
      el.remove();
    }
  });

  test("the table holds the same numbers and is sortable", async () => {
    const { el, one } = draw(SCENES.short());
    await userEvent.click(one('[aria-label="Show as table"]'));
    await userEvent.click(one(".lmw-col-value button"));
    const first = [...el.querySelectorAll("tbody tr:first-child td")].map((td) => td.textContent);
    expect(first).toEqual(["2", "Mary", "+2.140", "1", "28\u00a0%", "101"]);
    expect(one(".lmw-col-value[aria-sort]").getAttribute("aria-sort")).toBe("descending");
    const { violations } = await axe.run(el);
    expect(violations.map(({ id }) => id)).toEqual([]);
  });

  test("the head of a narrow table stands above its first row", async () => {
    const { el, one } = draw(SCENES.short());
    el.style.width = "320px";
    await userEvent.click(one('[aria-label="Show as table"]'));
    const row = one("tbody tr:first-child td").getBoundingClientRect();
    const said = document.createRange();
    for (const head of el.querySelectorAll("thead th")) {
      said.selectNodeContents(head);
      expect(said.getBoundingClientRect().bottom).toBeLessThanOrEqual(row.top);
    }
  });

  test.each([320, 360, 800, 1600])("nothing sticks out at %d px", (width) => {
    for (const name of ["short", "odd", "word", "chat", "rtl", "checked", "step", "question"]) {
      const { el } = draw(SCENES[name]());
      el.style.width = `${width}px`;
      expect(el.scrollWidth).toBeLessThanOrEqual(width);
    }
  });
});

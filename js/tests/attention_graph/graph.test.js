import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { userEvent } from "vitest/browser";
import { AttentionData } from "../../src/attention/data.js";
import css from "../../src/widgets/attention_graph.css?inline";
import { fakeAttention, fakeState, fakeTokens } from "../fake_attention.js";
import { fakeModel } from "../fake_model.js";
import { cleanAll, draw, nextFrame, parkPointer, TEXTS } from "./harness.js";

beforeAll(parkPointer);
afterEach(cleanAll);

const tick = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("the picture", () => {
  test("is painted at once, and says so", () => {
    const { root, ink } = draw(fakeState(TEXTS));
    expect(root.dataset.lmwReady).toBe("true");
    expect(root.dataset.lmwLayer).toBe("0");
    expect(ink("base")).toBeGreaterThan(10_000);
    expect(ink("overlay")).toBe(0);
  });

  test("one head alone has less ink; hiding the first token takes its edges away", async () => {
    const { model, ink, one } = draw(fakeState(TEXTS));
    const all = ink("base");
    model.push({ heads: [2] });
    await tick();
    const single = ink("base");
    expect(single).toBeLessThan(all);
    model.push({ hide_first: true });
    await tick();
    expect(ink("base")).toBeLessThan(single);
    expect(one(".lmw-caption").textContent).toContain("First token hidden: it held");
  });

  test("stays readable with every head of 300 tokens: the strongest edges, and the caption says so", () => {
    const texts = Array.from({ length: 300 }, (_, i) => ` t${i % 40}`);
    const { one, all } = draw(fakeState(texts, { heads: 12, top: 16 }));
    expect(all(".lmw-option").length).toBe(600);
    expect(one(".lmw-caption").textContent).toMatch(/the 500 strongest of [\d,]+ lines/);
    expect(one(".lmw-scroller").clientHeight).toBeLessThan(560);
  });
});

describe("hovering", () => {
  test("isolates a token: its numbers beside the targets, its name for screen readers, nothing synced", async () => {
    const state = fakeState(TEXTS, { traits: { heads: [2] } });
    const data = /** @type {AttentionData} */ (AttentionData.decode(state._attention));
    const { model, hover, token, one, numbers, ink } = draw(state);
    await hover(token("query", 13));
    const best = TEXTS.map((_, key) => data.weight(0, 2, 13, key) ?? 0);
    const strongest = best.indexOf(Math.max(...best));
    expect(one(".lmw-isolated")).not.toBeNull();
    expect(numbers()[0]).toBe(best[strongest].toPrecision(2));
    expect(token("query", 13).getAttribute("aria-label")).toContain(
      `to attends to ${TEXTS[strongest].trim()} ${best[strongest].toPrecision(2)}`,
    );
    expect(ink("overlay")).toBeGreaterThan(0);
    expect(model.saved).toEqual([]);
    await hover(null);
    expect(one(".lmw-isolated")).toBeNull();
    expect(numbers()).toEqual([]);
    expect(ink("overlay")).toBe(0);
    expect(token("query", 13).getAttribute("aria-label")).toBe("to");
  });

  test("a key shows who looks at it", async () => {
    const { hover, token } = draw(fakeState(TEXTS, { traits: { heads: [1] } }));
    await hover(token("key", 3));
    expect(token("key", 3).getAttribute("aria-label")).toContain("John is attended to by went 0.");
  });

  test("the tooltip comes when the pointer rests, with four digits", async () => {
    const { hover, token, one } = draw(fakeState(TEXTS, { traits: { heads: [2] } }));
    await hover(token("query", 13));
    await new Promise((resolve) => setTimeout(resolve, 450));
    expect(one("[role=tooltip]").textContent).toMatch(/token 13 of 14.*0\.\d{4}/s);
  });
});

describe("pinning", () => {
  test("a click pins, synced; another lets go; hovering the other side tells the pair", async () => {
    const { model, token, hover, one } = draw(fakeState(TEXTS, { traits: { heads: [2] } }));
    token("query", 9).click();
    await tick();
    expect(model.saved.at(-1)).toEqual({ token: 9 });
    expect(token("query", 9).getAttribute("aria-selected")).toBe("true");
    expect(one(".lmw-live").textContent).toContain("John attends to");
    await hover(token("key", 4));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(one("[role=tooltip]").textContent).toContain("John → went");
    token("query", 9).click();
    await tick();
    expect(model.state.token).toBeNull();
    expect(token("query", 9).getAttribute("aria-selected")).toBe("false");
  });

  test("the key side is told", async () => {
    const { model, token } = draw(fakeState(TEXTS));
    token("key", 3).click();
    await tick();
    expect([model.state.token, model.state.side]).toEqual([3, "key"]);
  });

  test("a change from outside shows as a pin, and is brought into view", async () => {
    const texts = Array.from({ length: 300 }, (_, i) => ` t${i}`);
    const { model, one, token } = draw(fakeState(texts, { top: 8 }));
    model.push({ token: 250 });
    await tick();
    expect(token("query", 250).className).toContain("lmw-pinned");
    expect(one(".lmw-scroller").scrollTop).toBeGreaterThan(4000);
    model.push({ token: 9999 });
    await tick();
    expect(one(".lmw-pinned")).toBeNull();
  });
});

describe("the keyboard does what the mouse does", () => {
  test("arrows, Enter, Escape, brackets, slash", async () => {
    const { model, token, one } = draw(fakeState(TEXTS, { layers: [0, 1, 2] }));
    token("query", 0).focus();
    await userEvent.keyboard("{ArrowDown}{ArrowDown}{ArrowDown}");
    await nextFrame();
    expect(document.activeElement).toBe(token("query", 3));
    expect(token("query", 3).getAttribute("aria-label")).toContain("John attends to");
    await userEvent.keyboard("{Enter}");
    expect(model.state.token).toBe(3);
    await userEvent.keyboard("{Escape}");
    expect(model.state.token).toBeNull();
    await userEvent.keyboard("]");
    expect(model.state.layer).toBe(1);
    await userEvent.keyboard("[[");
    expect(model.state.layer).toBe(0);
    await userEvent.keyboard("/");
    expect(document.activeElement).toBe(one(".lmw-search"));
  });

  test("search counts, jumps and pins", async () => {
    const { model, one, all } = draw(fakeState(TEXTS));
    one(".lmw-search").focus();
    await userEvent.keyboard("john");
    await tick();
    expect(one(".lmw-search-count").textContent).toBe("2");
    expect(all(".lmw-match").length).toBe(4);
    await userEvent.keyboard("{Enter}");
    await tick();
    expect(model.state.token).toBe(3);
    expect(one(".lmw-search-count").textContent).toBe("1 of 2");
    await userEvent.keyboard("{Enter}{Enter}");
    expect(model.state.token).toBe(3);
    await userEvent.keyboard("{Escape}");
    expect(model.state.search).toBe("");
  });
});

describe("heads and layers", () => {
  test("chips toggle, shift shows only one, all and mean", async () => {
    const { model, button, all } = draw(fakeState(TEXTS));
    button("Head 1").click();
    expect(model.state.heads).toEqual([0, 2, 3]);
    button("Head 2").dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey: true }));
    expect(model.state.heads).toEqual([2]);
    await tick();
    expect(all(".lmw-chip[aria-pressed=true]").map((chip) => chip.textContent)).toEqual(["2"]);
    all(".lmw-heads > .lmw-button")[0].click();
    expect(model.state.heads).toEqual([]);
    all(".lmw-heads > .lmw-button")[1].click();
    expect(model.state.mean).toBe(true);
  });

  test("a layer that has not come keeps the old picture, dimmed, until it arrives", async () => {
    const { model, root, button, ink } = draw(fakeState(TEXTS, { layers: [0] }));
    const before = ink("base");
    button("Next layer").click();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(model.state.layer).toBe(1);
    expect(root.className).toContain("lmw-waiting");
    expect(root.dataset.lmwLayer).toBe("0");
    expect(ink("base")).toBe(before);
    model.push({ _attention: fakeAttention(TEXTS, { layers: [1] }) });
    await tick();
    expect(root.className).not.toContain("lmw-waiting");
    expect(root.dataset.lmwLayer).toBe("1");
    expect(ink("base")).not.toBe(before);
  });
});

describe("hosts", () => {
  test("buffers as Uint8Array and ArrayBuffer", () => {
    for (const convert of [
      (/** @type {DataView} */ v) =>
        new Uint8Array(/** @type {ArrayBuffer} */ (v.buffer), v.byteOffset, v.byteLength),
      (/** @type {DataView} */ v) => v.buffer.slice(v.byteOffset, v.byteOffset + v.byteLength),
    ]) {
      const state = fakeState(TEXTS);
      const { weights } = state._attention;
      weights.data = convert(weights.data);
      weights.scale.data = convert(weights.scale.data);
      expect(draw(state).ink("base")).toBeGreaterThan(10_000);
    }
  });

  test("a lost buffer is asked for again; tokens stand meanwhile", async () => {
    const state = fakeState(TEXTS);
    const whole = state._attention;
    state._attention = { ...whole, weights: { ...whole.weights, data: undefined } };
    const { model, root, all, ink } = draw(state);
    expect(model.saved).toEqual([{ _request: 1 }]);
    expect(all(".lmw-option").length).toBe(28);
    expect(root.dataset.lmwState).toBe("loading");
    model.push({ _attention: whole });
    await tick();
    expect(root.dataset.lmwState).toBe("ready");
    expect(ink("base")).toBeGreaterThan(10_000);
  });

  test("a shadow root; two views of one model; two models", async () => {
    const shadow = document.body
      .appendChild(document.createElement("div"))
      .attachShadow({ mode: "open" });
    shadow.appendChild(document.createElement("style")).textContent = css;
    const first = draw(fakeState(TEXTS), { into: shadow });
    const second = draw(first.model.state, { model: first.model });
    const other = draw(fakeState(TEXTS));
    first.token("query", 4).click();
    await tick();
    expect(second.token("query", 4).className).toContain("lmw-pinned");
    expect(other.one(".lmw-pinned")).toBeNull();
    expect(first.ink("base")).toBe(second.ink("base"));
  });

  test("cleanup leaves no listener and no element", () => {
    const model = fakeModel(fakeState(TEXTS));
    const { el, cleanup } = draw(model.state, { model });
    expect(model.listeners).toBeGreaterThan(10);
    cleanup();
    expect(model.listeners).toBe(0);
    expect(el.childElementCount).toBe(0);
    model.push({ layer: 3, token: 2 });
  });

  test("a dead kernel: a badge, and what needs no kernel goes on", async () => {
    const model = Object.assign(fakeModel(fakeState(TEXTS, { layers: [0, 1] })), {
      comm_live: false,
    });
    const { root, one, button } = draw(model.state, { model });
    expect(one(".lmw-badge").textContent).toBe("kernel not connected: showing the last state");
    expect(button("Edit the text").getAttribute("title")).toContain("kernel");
    button("Next layer").click();
    await tick();
    expect(root.dataset.lmwLayer).toBe("1");
  });

  test("a published page has no badge and no editing", () => {
    const model = Object.assign(fakeModel(fakeState(TEXTS)), {
      lmwStandalone: true,
      comm_live: false,
    });
    const { one, button } = draw(model.state, { model });
    expect(one(".lmw-badge").hidden).toBe(true);
    expect(button("Edit the text").hidden).toBe(true);
  });
});

describe("states", () => {
  test("empty, then an example, then a text", async () => {
    const status = {
      state: "empty",
      message: "Nothing yet.",
      remedy: "",
      example: "The cat",
      progress: null,
    };
    const { model, one } = draw(
      fakeState(TEXTS, { traits: { _tokens: {}, _attention: {}, _status: status } }),
    );
    expect(one(".lmw-message").textContent).toContain("Nothing yet.");
    one(".lmw-example").click();
    expect(model.state.text).toBe("The cat");
    model.push(fakeState(["The", " cat"]));
    await tick();
    expect(one(".lmw-message").hidden).toBe(true);
    expect(one(".lmw-column").children.length).toBe(2);
  });

  const failed = {
    state: "error",
    message: "Layer 2 keeps no attention weights.",
    remedy: "Choose another layer.",
    example: null,
    progress: null,
  };

  test("a layer that cannot be read: its reason instead of the picture, and other layers go on", async () => {
    const { model, one, root, button, ink, token, hover } = draw(fakeState(TEXTS, { layers: [1] }));
    const before = ink("base");
    button("Next layer").click();
    await new Promise((resolve) => setTimeout(resolve, 150)); // what is not here waits for rest
    expect(model.state.layer).toBe(2);
    expect(root.dataset.lmwState).toBe("loading");
    model.push({ _status: failed });
    await nextFrame();
    expect(root.dataset.lmwState).toBe("error");
    expect(one(".lmw-message").textContent).toContain("Layer 2 keeps no attention weights.");
    expect(root.className).not.toContain("lmw-waiting");
    expect([one(".lmw-picture").hidden, one(".lmw-badge").hidden]).toEqual([true, true]);
    for (const name of ["Previous layer", "Next layer"]) {
      const control = /** @type {HTMLButtonElement} */ (button(name));
      expect([control.disabled, control.checkVisibility()]).toEqual([false, true]);
    }
    button("Previous layer").click();
    expect(model.state.layer).toBe(1);
    model.push({ _status: { ...failed, state: "ready", message: "", remedy: "" } });
    await nextFrame();
    await nextFrame();
    expect(root.dataset.lmwState).toBe("ready");
    expect([one(".lmw-picture").hidden, one(".lmw-message").hidden]).toEqual([false, true]);
    expect(ink("base")).toBe(before);
    await hover(token("query", 9));
    expect(ink("overlay")).toBeGreaterThan(0);
  });

  test("a layer read after an error is drawn, though the picture was hidden", async () => {
    const { model, ink, root } = draw(fakeState(TEXTS, { traits: { layer: 2, _status: failed } }));
    model.push({
      layer: 3,
      _attention: fakeState(TEXTS, { layers: [3] })._attention,
      _status: { ...failed, state: "ready", message: "", remedy: "" },
    });
    await nextFrame();
    await nextFrame();
    expect(root.dataset.lmwLayer).toBe("3");
    expect(ink("base")).toBeGreaterThan(10_000);
  });

  test("a layer that never comes is not waited for without end", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const { model, one, root } = draw(fakeState(TEXTS, { traits: { layer: 2 } }));
      expect(root.dataset.lmwState).toBe("loading");
      vi.advanceTimersByTime(60_000);
      expect(root.dataset.lmwState).toBe("ready");
      expect(one(".lmw-badge").textContent).toBe("layer 2 is not here");
      expect(one(".lmw-progress").hidden).toBe(true);
      model.push({ layer: 3 });
      await Promise.resolve();
      expect(root.dataset.lmwState).toBe("loading");
      model.push({ _attention: fakeState(TEXTS, { layers: [3] })._attention });
      await Promise.resolve();
      expect([root.dataset.lmwState, one(".lmw-badge").hidden]).toEqual(["ready", true]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("a new text replaces everything, old pins and edges included", async () => {
    const { model, all, token, one } = draw(fakeState(TEXTS, { traits: { token: 12 } }));
    expect(token("query", 12).className).toContain("lmw-pinned");
    model.push({ ...fakeState(["a", " b", " c"]), token: null });
    await tick();
    expect(all(".lmw-option").length).toBe(6);
    expect(one(".lmw-pinned")).toBeNull();
    expect(all(".lmw-canvas").length).toBe(3);
  });

  test("rows that are not numbers are marked and told", () => {
    const { token, one } = draw(fakeState(TEXTS, { nan: [[1, 5]] }));
    expect(token("query", 5).className).toContain("lmw-broken");
    expect(one(".lmw-caption").textContent).toContain("One token marked NaN");
  });

  test("cross attention: two texts, no arcs", () => {
    const key = fakeTokens(["Als", " Maria"]);
    const { all, button, root } = draw(
      fakeState(TEXTS, {
        causal: false,
        key,
        figure: { kinds: ["encoder", "cross"] },
        traits: { kind: "cross", view: "arcs" },
      }),
    );
    expect(all("[data-side=key]").length).toBe(2);
    expect(root.dataset.lmwView).toBe("columns");
    expect(/** @type {HTMLButtonElement} */ (button("Arcs over one line")).disabled).toBe(true);
    expect(all(".lmw-kinds button").map((b) => b.textContent)).toEqual(["encoder", "cross"]);
  });
});

describe("arcs", () => {
  test("one line of tokens; the side turns what hovering shows", async () => {
    const { model, all, hover, token, ink } = draw(fakeState(TEXTS, { traits: { view: "arcs" } }));
    expect(all(".lmw-option").length).toBe(TEXTS.length);
    expect(ink("base")).toBeGreaterThan(10_000);
    await hover(token("query", 9));
    expect(token("query", 9).getAttribute("aria-label")).toContain("John attends to");
    model.push({ side: "key" });
    await tick();
    await hover(token("query", 4));
    expect(token("query", 4).getAttribute("aria-label")).toContain("went is attended to by");
    token("query", 4).click();
    await tick();
    expect([model.state.token, model.state.side]).toEqual([4, "key"]);
  });
});

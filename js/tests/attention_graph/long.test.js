import axe from "axe-core";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { fakeState, fakeTokens } from "../fake_attention.js";
import { fakeModel } from "../fake_model.js";
import { longAttention, longFocus, longState } from "../long_attention.js";
import { cleanAll, draw, nextFrame, parkPointer } from "./harness.js";

beforeAll(parkPointer);
afterEach(cleanAll);

const N = 4096;
const book = longState(N);
const tick = () => new Promise((resolve) => setTimeout(resolve, 0));
const still = async () => {
  await new Promise((resolve) => setTimeout(resolve, 450)); // a glide takes 180 ms, rest 140
  await nextFrame();
};

/** @param {object} [traits] @param {Parameters<typeof draw>[1]} [options] */
function open(traits = {}, options = {}) {
  const drawn = draw({ ...book, ...traits }, options);
  const { one, all } = drawn;
  const brush = () => one(".lmw-brush");
  return {
    ...drawn,
    brush,
    words: () => brush().getAttribute("aria-valuetext"),
    shown: (/** @type {string} */ side) =>
      all(`.lmw-option[data-side="${side}"]`).filter((row) => !row.hidden),
    scroller: one(".lmw-scroller"),
    async scroll(/** @type {number} */ top) {
      one(".lmw-scroller").scrollTop = top;
      await nextFrame();
      await nextFrame();
    },
    async zoomOut() {
      drawn.button("Zoom in").focus();
      await userEvent.keyboard("0");
      await still();
    },
  };
}

describe("a window on 4,096 tokens", () => {
  test("few rows stand for all; they follow the scrolling; nothing is synced", async () => {
    const { shown, scroll, words, token, ink, model, scroller } = open();
    expect(scroller.clientHeight).toBe(600);
    expect(shown("query").length).toBeLessThan(40);
    expect(words()).toBe("tokens 0 to 24 of 4,096");
    const before = ink("base");
    await scroll(24 * 2000);
    expect(words()).toBe("tokens 2,000 to 2,024 of 4,096");
    expect(shown("query").length).toBeLessThan(40);
    const row = token("query", 2010);
    expect(row.textContent).toBe(book._tokens.query.text[2010].trim());
    const top = row.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    expect(Math.abs(top - 240)).toBeLessThan(2);
    expect([row.getAttribute("aria-posinset"), row.getAttribute("aria-setsize")]).toEqual([
      "2011",
      "4096",
    ]);
    expect(ink("base")).not.toBe(before);
    await scroll(1e9);
    expect(words()).toBe("tokens 4,071 to 4,095 of 4,096");
    expect(model.saved).toEqual([]);
  });

  test("flags and pins hold on rows that are made later", async () => {
    const search = { search: "lighthouse", token: 1800, hide_first: true };
    const { token, all, scroll } = open({ ...search, search: " lamp" });
    await still();
    expect(token("query", 1800).className).toContain("lmw-pinned");
    await scroll(0);
    expect(token("query", 0).getAttribute("aria-disabled")).toBe("true");
    expect(all(".lmw-pinned").every((row) => row.hidden || row.dataset.token === "1800")).toBe(
      true,
    );
    const lamp = book._tokens.query.text.indexOf(" lamp");
    await scroll(24 * (lamp - 5));
    expect(token("key", lamp).className).toContain("lmw-match");
    expect(token("key", lamp + 1).className).not.toContain("lmw-match");
  });

  test("a jump to what is out of view: the pill leads there, and one leads back", async () => {
    const text = book._tokens.query.text;
    const { token, hover, one, words, all } = open({ token: 3900 });
    await still();
    expect(words()).toBe("tokens 3,888 to 3,912 of 4,096");
    await hover(token("query", 3900));
    const pill = one(".lmw-beyond-before:not([hidden])");
    expect(pill.textContent).toMatch(/^↑ .* 0\.\d+$/);
    expect(pill.getBoundingClientRect().top).toBeGreaterThanOrEqual(
      one(".lmw-headings").getBoundingClientRect().bottom,
    );
    pill.click();
    await still();
    const target = Number(pill.title.match(/[\d,]+/)?.[0].replace(",", "") ?? -1);
    expect(token("key", target).hidden).toBe(false);
    const home = all(".lmw-beyond").find((one) => !one.hidden && one.dataset.column === "query");
    expect(home?.textContent).toBe(`↓ ${text[3900].trim()}`);
    home?.click();
    await still();
    expect(words()).toBe("tokens 3,888 to 3,912 of 4,096");
  });

  test("a change of heads or figure leaves the reader where he is", async () => {
    const { model, words, scroll } = open();
    await scroll(24 * 500);
    model.push({ _figure: { ...book._figure, sent: 24 } });
    model.push({ heads: [1] });
    await tick();
    expect(words()).toBe("tokens 500 to 524 of 4,096");
  });

  test("tokens stand before the weights have come", async () => {
    const status = { ...book._status, state: "loading" };
    const { token, scroll } = open({ _attention: {}, _status: status });
    expect(token("query", 3).textContent).toBe(book._tokens.query.text[3].trim());
    await scroll(24 * 100);
    expect(token("key", 105).hidden).toBe(false);
  });

  test("two texts of different length: the shorter one rests at its end", async () => {
    const key = fakeTokens(Array.from({ length: 40 }, (_, i) => ` k${i}`));
    const texts = Array.from({ length: 400 }, (_, i) => ` q${i}`);
    const { token, one } = draw(
      fakeState(texts, { causal: false, key, keys: 40, figure: { kinds: ["cross"] } }),
    );
    one(".lmw-scroller").scrollTop = 24 * 200;
    await nextFrame();
    await nextFrame();
    expect(token("query", 210).textContent).toBe("q210");
    const { bottom } = token("key", 39).getBoundingClientRect();
    expect(Math.abs(bottom - one(".lmw-scroller").getBoundingClientRect().bottom)).toBeLessThan(3);
  });
});

describe("zoom", () => {
  test("from readable rows to the whole text and back", async () => {
    const { button, words, all, one, root, scroll, zoomOut } = open();
    await scroll(24 * 1000);
    await zoomOut();
    expect(words()).toBe("tokens 0 to 4,095 of 4,096");
    expect(all(".lmw-blocks").length).toBe(1);
    expect(one(".lmw-caption").textContent).toMatch(
      /each line bundles 41 neighbouring tokens.*strongest of [\d,]+ bundles/,
    );
    expect(/** @type {HTMLButtonElement} */ (button("Zoom out")).disabled).toBe(true);
    all(".lmw-zoom .lmw-button")[2].click();
    await still();
    expect(words()).toBe("tokens 1,000 to 1,024 of 4,096");
    expect(root.querySelector(".lmw-blocks")).toBeNull();
  });

  test("Ctrl and the wheel keep the row under the pointer; the plain wheel is the browser's", async () => {
    const { scroller, words, scroll } = open();
    await scroll(24 * 1000);
    const { left, top } = scroller.getBoundingClientRect();
    const wheel = (/** @type {object} */ more) => {
      const at = { clientX: left + 20, clientY: top + 300, bubbles: true, cancelable: true };
      const event = new WheelEvent("wheel", { ...at, deltaY: 100, ...more });
      scroller.dispatchEvent(event);
      return event.defaultPrevented;
    };
    expect(wheel({})).toBe(false);
    expect(wheel({ ctrlKey: true, deltaY: 1000 })).toBe(true);
    await nextFrame();
    const [first, last] =
      (words() ?? "").match(/[\d,]+/g)?.map((n) => Number(n.replace(",", ""))) ?? [];
    expect(last - first).toBeGreaterThan(150);
    expect(Math.abs((first + last) / 2 - 1012)).toBeLessThan(3);
  });

  test("tokens too low to read are hovered all the same, and named", async () => {
    const { one, zoomOut, token, numbers, model } = open();
    await zoomOut();
    const surface = one(".lmw-surface");
    const { left, top } = surface.getBoundingClientRect();
    const at = { clientX: left + 60, clientY: top + 450, bubbles: true, pointerType: "mouse" };
    surface.dispatchEvent(new PointerEvent("pointermove", { ...at, movementX: 1 }));
    await nextFrame();
    const row = one(".lmw-hover");
    const index = Number(row.dataset.token);
    expect(Math.abs(index - (450 / 600) * N)).toBeLessThan(8);
    expect(row.textContent).toBe(book._tokens.query.text[index].trim());
    expect(row.getAttribute("aria-label")).toContain("attends to");
    expect(numbers().length).toBeGreaterThan(0);
    surface.dispatchEvent(new MouseEvent("click", { ...at, detail: 1 }));
    await tick();
    expect(model.state.token).toBe(index);
    surface.dispatchEvent(new MouseEvent("dblclick", at));
    await still();
    expect(token("query", index).getBoundingClientRect().height).toBe(24);
    expect(model.state.token).toBe(index);
  });
});

describe("the minimap", () => {
  test("is a slider: arrows, pages, ends, plus and minus", async () => {
    const { brush, words, model } = open();
    brush().focus();
    await userEvent.keyboard("{PageDown}");
    await still();
    expect(words()).toBe("tokens 25 to 49 of 4,096");
    await userEvent.keyboard("{ArrowDown}");
    await still();
    expect(words()).toBe("tokens 27 to 51 of 4,096");
    await userEvent.keyboard("{End}");
    await still();
    expect(words()).toBe("tokens 4,071 to 4,095 of 4,096");
    expect(brush().getAttribute("aria-valuenow")).toBe("4071");
    await userEvent.keyboard("{Home}");
    await still();
    await userEvent.keyboard("-");
    await still();
    expect(words()).toBe("tokens 0 to 34 of 4,096");
    expect(model.saved).toEqual([]);
  });

  /** @param {HTMLElement} target @param {string} type @param {number} y of the page */
  const press = (target, type, y) =>
    target.dispatchEvent(
      new PointerEvent(type, {
        bubbles: true,
        pointerId: 1,
        button: 0,
        buttons: type === "pointerup" ? 0 : 1,
        clientX: target.getBoundingClientRect().left + 30,
        clientY: y,
        movementY: 1,
      }),
    );

  test("a click goes there; dragging moves the window, its ends change it", async () => {
    const { one, brush, words } = open();
    const map = one(".lmw-minimap");
    map.setPointerCapture = () => {};
    const { top } = map.getBoundingClientRect();
    const middle = () => {
      const [a, b] = (words() ?? "").match(/[\d,]+/g)?.map((n) => Number(n.replace(",", ""))) ?? [];
      return { middle: (a + b) / 2, span: b - a + 1 };
    };
    press(map, "pointerdown", top + 300);
    press(map, "pointerup", top + 300);
    await still();
    const clicked = middle();
    expect(Math.abs(clicked.middle - N / 2)).toBeLessThan(N / 12);
    press(brush(), "pointerdown", brush().getBoundingClientRect().top + 3);
    press(map, "pointermove", brush().getBoundingClientRect().top + 103);
    await nextFrame();
    expect(middle().middle - clicked.middle).toBeGreaterThan(N / 12);
    expect(Math.abs(middle().span - clicked.span)).toBeLessThanOrEqual(1); // halves of rows
    press(map, "pointerup", top + 400);
    const before = middle();
    const grip = one(".lmw-grip-end");
    const { bottom } = brush().getBoundingClientRect();
    press(grip, "pointerdown", bottom);
    press(map, "pointermove", bottom + 60);
    await nextFrame();
    expect(middle().span).toBeGreaterThan(before.span + 200);
  });

  /** Which texts of a pair the small one shows, by what is painted on it. @param {number} queries @param {number} keys */
  async function pair(queries, keys) {
    const names = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => ` w${i}`);
    const drawn = draw(
      fakeState(names(queries), {
        causal: false,
        key: fakeTokens(names(keys)),
        figure: { kinds: ["cross"] },
        traits: { kind: "cross", heads: [1] },
      }),
    );
    const canvasOf = (/** @type {string} */ name) =>
      /** @type {HTMLCanvasElement} */ (drawn.one(`.lmw-map-${name}`));
    /** Opacity (0 to 255) summed over each of fifty bands from top to bottom. */
    const bands = (/** @type {string} */ name) => {
      const canvas = canvasOf(name);
      const { width, height } = canvas;
      const data = canvas.getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
      const sums = Array(50).fill(0);
      for (let i = 3; i < data.length; i += 4)
        sums[Math.floor((50 * Math.floor(i / 4 / width)) / height)] += data[i];
      return sums;
    };
    /** The strongest opacity of each row of pixels that has ink. */
    const rows = () => {
      const canvas = canvasOf("text");
      const { width, height } = canvas;
      const data = canvas.getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
      const most = Array(height).fill(0);
      for (let i = 3; i < data.length; i += 4) {
        const y = Math.floor(i / 4 / width);
        most[y] = Math.max(most[y], data[i]);
      }
      return most.filter((alpha) => alpha > 0).sort((a, b) => a - b);
    };
    /** Whether the outline of the token asked about is there. */
    const outlined = () => {
      const canvas = canvasOf("marks");
      const data =
        canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      for (let i = 0; i < data.length; i += 4) {
        const near = [0x0b, 0x6b, 0xb8].every((c, k) => Math.abs(data[i + k] - c) < 12);
        if (near && data[i + 3] > 200) return true;
      }
      return false;
    };
    const pin = async (/** @type {"query" | "key"} */ side, /** @type {number} */ token) => {
      drawn.model.push({ side, token });
      await still();
    };
    const sum = (/** @type {number[]} */ values) => values.reduce((a, b) => a + b, 0);
    return { ...drawn, bands, rows, outlined, pin, sum };
  }

  test("of two texts with more queries: queries, never keys at the places of queries", async () => {
    const { bands, rows, outlined, pin, sum, one, model } = await pair(340, 12);
    // Every query sends 1: no line of the text stands out, not even the first twelve tokens.
    const inked = rows();
    expect(inked[inked.length >> 1]).toBeGreaterThan(0.8 * (inked.at(-1) ?? 0));
    expect(one(".lmw-caption").textContent).toContain("whole left text, darker where more of the");
    await pin("query", 5);
    expect(outlined()).toBe(true);
    await pin("query", 200);
    // An outline alone: the keys it looks at are of the other text, and would be at the top.
    expect(outlined()).toBe(true);
    expect(bands("marks")[0]).toBe(0);
    expect(bands("marks").filter((ink) => ink > 0).length).toBeLessThanOrEqual(2);
    await pin("key", 0);
    expect(outlined()).toBe(false);
    expect(bands("marks").filter((ink) => ink > 0).length).toBeGreaterThan(3);
    model.push({ token: null });
    await still();
    expect(sum(bands("marks"))).toBe(0);
  });

  test("of two texts with more keys: keys, never queries at the places of keys", async () => {
    const { bands, outlined, pin, sum, one } = await pair(12, 340);
    expect(one(".lmw-caption").textContent).toContain("whole right text, darker where more att");
    await pin("query", 3);
    expect(outlined()).toBe(false);
    expect(sum(bands("marks"))).toBeGreaterThan(0);
    await pin("key", 200);
    expect(outlined()).toBe(true);
    // Twelve queries look at it; they would be at the top.
    expect(bands("marks").filter((ink) => ink > 0).length).toBeLessThanOrEqual(2);
    expect(bands("marks")[0]).toBe(0);
  });

  test("a search marks the text that is laid out, of two of the same length too", async () => {
    const { model, bands, sum } = await pair(320, 320);
    const before = sum(bands("text"));
    model.state._tokens.query.text[310] = " lamp";
    model.push({ search: "lamp" });
    await tick();
    expect(sum(bands("text"))).toBe(before);
    model.state._tokens.key.text[310] = " lamp";
    model.push({ search: "lam" });
    await tick();
    expect(sum(bands("text"))).toBeGreaterThan(before);
  });

  test("shows where the token looks, and what was found", async () => {
    const inkOf = (/** @type {HTMLElement} */ canvas) => {
      const { width, height } = /** @type {HTMLCanvasElement} */ (canvas);
      const context = /** @type {HTMLCanvasElement} */ (canvas).getContext("2d");
      return context?.getImageData(0, 0, width, height).data.reduce((a, b) => a + b, 0) ?? 0;
    };
    const { one, hover, token, model } = open();
    const [text, marks] = [one(".lmw-map-text"), one(".lmw-map-marks")];
    expect(inkOf(text)).toBeGreaterThan(100_000);
    expect(inkOf(marks)).toBe(0);
    await hover(token("query", 20));
    expect(inkOf(marks)).toBeGreaterThan(0);
    const before = inkOf(text);
    model.push({ search: "lamp" });
    await tick();
    expect(inkOf(text)).not.toBe(before);
  });
});

describe("keyboard", () => {
  test("one tab stop a column; arrows, pages and ends move through all tokens", async () => {
    const { token, shown, words, model, scroll } = open();
    token("query", 0).focus();
    await userEvent.keyboard("{ArrowDown}{ArrowDown}");
    await nextFrame();
    expect(document.activeElement).toBe(token("query", 2));
    expect(token("query", 2).getAttribute("aria-label")).toContain("attends to");
    await userEvent.keyboard("{End}");
    await nextFrame();
    expect(/** @type {HTMLElement} */ (document.activeElement).dataset.token).toBe("4095");
    expect(words()).toBe("tokens 4,071 to 4,095 of 4,096");
    await userEvent.keyboard("{ArrowUp}{Enter}");
    await tick();
    expect([model.state.token, model.state.side]).toEqual([4094, "query"]);
    await scroll(0);
    expect(document.activeElement).toBe(token("query", 4094));
    expect(shown("query").filter((row) => row.tabIndex === 0).length).toBe(1);
    await userEvent.keyboard("{ArrowUp}");
    await nextFrame();
    expect(document.activeElement).toBe(token("query", 4093));
    expect(words()).toContain("to 4,094 of");
  });

  test("nothing for axe to find, in both sizes of text", async () => {
    for (const theme of ["light", "dark"]) {
      document.body.style.background = theme === "dark" ? "#111" : "#fff";
      const { root, zoomOut, button } = open({ token: 40 });
      button("Table of weights").click();
      for (const whole of [false, true]) {
        if (whole) await zoomOut();
        const { violations } = await axe.run(root, { rules: { region: { enabled: false } } });
        const told = violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`,
        );
        expect(told).toEqual([]);
      }
      cleanAll();
    }
    document.body.style.background = "";
  });
});

describe("what Python sends later", () => {
  test("every weight of the pinned token replaces the strongest", async () => {
    const { model, token, hover, one, all, numbers, button } = open({ token: 3900 });
    await still();
    button("Table of weights").click();
    model.push({ _focus: longFocus(N, { token: 3900 }) });
    await tick();
    expect(one(".lmw-caption").textContent).toContain("Of the pinned token all are here.");
    expect(token("query", 3900).getAttribute("aria-label")).toContain(
      `${book._tokens.query.text[5].trim()} 0.61`,
    );
    await hover(token("key", 3895));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const cell = ((20 + (3895 % 7)) / 65535).toFixed(4);
    expect(one("[role=tooltip]").textContent).toContain(`head 0${cell}`);
    await hover(null);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(all(".lmw-table tbody tr").length).toBe(50);
    one(".lmw-table-rest button").click();
    expect(all(".lmw-table tbody tr").length).toBe(100);
    const go = one(".lmw-table tbody .lmw-go");
    expect(go.textContent).toBe("5");
    go.click();
    await still();
    expect(token("key", 5).hidden).toBe(false);
    button("Table of weights").click();
    await hover(null);
    expect(numbers()).toEqual(["0.61"]);
  });

  test("the weights of another token, layer, side or head are not used", async () => {
    const { model, one } = open({ token: 3900 });
    for (const wrong of [{ token: 3901 }, { side: "key" }, { layer: 1 }, { heads: [1] }]) {
      model.push({ _focus: longFocus(N, { token: 3900, .../** @type {any} */ (wrong) }) });
      await tick();
      expect(one(".lmw-caption").textContent).not.toContain("Of the pinned token");
    }
  });

  test("who looks at a pinned key, exactly", async () => {
    const focus = longFocus(N, { token: 7, side: "key" });
    const { token } = open({ token: 7, side: "key", _focus: focus });
    await nextFrame();
    expect(token("key", 7).getAttribute("aria-label")).toContain(
      `is attended to by ${book._tokens.query.text[5].trim()} 0.61`,
    );
  });

  test("a head that was not sent: the old picture, dimmed, until it comes", async () => {
    const { model, root, button, ink } = open();
    const before = ink("base");
    button("Head 4").dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey: true }));
    await tick();
    expect(model.state.heads).toEqual([4]);
    expect(root.className).toContain("lmw-waiting");
    expect(ink("base")).toBe(before);
    model.push({ _attention: longAttention(book._tokens.query.text, { heads: [4] }) });
    await tick();
    expect(root.className).not.toContain("lmw-waiting");
    expect(ink("base")).not.toBe(before);
  });

  test("without a kernel it is said that the head is not there", () => {
    const state = { ...book, heads: [0, 4, 5] };
    const alone = Object.assign(fakeModel(state), { lmwStandalone: true, comm_live: false });
    expect(open({}, { model: alone }).one(".lmw-badge").textContent).toBe(
      "heads 4 and 5 are not in this page",
    );
    const saved = Object.assign(fakeModel({ ...state, heads: [4] }), { comm_live: false });
    const { one } = open({}, { model: saved });
    expect(one(".lmw-badge").textContent).toBe("kernel not connected: head 4 is not here");
  });
});

describe("layout", () => {
  test("no arcs, and why", () => {
    const { root, button, one } = open({ view: "arcs" });
    expect(root.dataset.lmwView).toBe("columns");
    const arcs = /** @type {HTMLButtonElement} */ (button("Arcs over one line"));
    expect(arcs.disabled).toBe(true);
    expect(arcs.title).toContain("up to 300 tokens; this one has 4,096");
    expect(one(".lmw-caption").textContent).toContain("Two columns, since other layouts");
  });

  test.each([320, 360, 600, 900, 1600])("nothing sticks out at %i px", async (width) => {
    await page.viewport(width, 800);
    const { root, hover, token } = open();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
    const before = root.getBoundingClientRect().height;
    await hover(token("query", 9));
    expect(root.getBoundingClientRect().height).toBe(before);
    await page.viewport(900, 700);
  });
});

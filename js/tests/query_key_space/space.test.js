import { afterEach, describe, expect, test } from "vitest";
import { page } from "vitest/browser";
import { camera } from "../../src/widgets/query_key_space/camera.js";
import { colouring } from "../../src/widgets/query_key_space/colours.js";
import { Space } from "../../src/widgets/query_key_space/data.js";
import { nearestPoint, pointAt } from "../../src/widgets/query_key_space/painter.js";
import queryKeySpace from "../../src/widgets/query_key_space.js";
import { cleanAll, drawWidget, faults, ink, tick } from "../query_key_harness.js";
import { spaceState } from "../query_key_scenes.js";

afterEach(cleanAll);

const TEXTS = [
  ["The", " cat", " sat", "."],
  ["A", " dog", " ran", " to", " the", " cat"],
  ["</script><img src=x>", " שלום", "\n"],
];
/** @param {Record<string, any>} state */
const draw = (state) => drawWidget(queryKeySpace, state);
const space = /** @type {Space} */ (Space.decode(spaceState(TEXTS)._space));
const sentences = spaceState(TEXTS)._tokens.sentences;

describe("numbers", () => {
  test("tokens know their sentence and their place", () => {
    expect(space.starts).toEqual([0, 4, 10, 13]);
    expect([
      space.position(5),
      space.tokenAt(1, 5),
      space.tokenAt(1, 6),
      space.tokenAt(0, null),
    ]).toEqual([1, 9, null, null]);
  });

  test("partners are those of the sentence, from both sides", () => {
    const looks = space.partners({ side: "query", token: 6 });
    expect(looks.map(({ token }) => token)).toEqual([5, 4]);
    expect(looks[0].weight).toBeCloseTo(0.8, 4);
    const looked = space.partners({ side: "key", token: 4 });
    expect(looked.map(({ token }) => token)).toEqual([4, 5, 6, 7, 8, 9]);
  });

  test("the camera keeps both axes on one scale, and zooms about the pointer", () => {
    const view = camera(() => {});
    view.fit([0, 0, 10, 2], 248, 148);
    view.reset();
    expect([view.left(0), view.left(10), view.top(0) - view.top(2)]).toEqual([24, 224, 40]);
    const before = view.left(10);
    view.zoomBy(3, before, view.top(2));
    expect(view.left(10)).toBeCloseTo(before, 6);
    expect(view.isHome).toBe(false);
    view.reset();
    expect(view.isHome).toBe(true);
  });

  test("the nearest point is found within reach only", () => {
    const view = camera(() => {});
    view.fit(space.points, 600, 400);
    view.reset();
    for (const place of [0, 7, 20]) {
      const point = pointAt(space, place);
      const [x, y] = [view.left(space.x(point)), view.top(space.y(point))];
      expect(nearestPoint(space, view, x + 0.1, y, 5)).toEqual(point);
    }
    expect(nearestPoint(space, view, -500, -500, 14)).toBeNull();
  });

  test.each(/** @type {const} */ (["kind", "position", "token", "sentence", "norm"]))(
    "every point has a colour by %s",
    (by) => {
      const { of } = colouring(by, space, sentences, "light");
      for (let place = 0; place < 2 * space.count; place++)
        expect(of(pointAt(space, place))).toMatch(/^#[0-9a-f]{6}$/);
    },
  );

  test("bytes that did not come are asked for again", () => {
    const state = spaceState(TEXTS);
    state._space.points.data = null;
    expect(draw(state).model.state._request).toBe(1);
  });
});

describe("the picture", () => {
  /** The middle of a point on the screen. @param {ReturnType<typeof draw>} view @param {number} place */
  function spot(view, place) {
    const area = view.one(".lmw-space-area").getBoundingClientRect();
    const eye = camera(() => {});
    eye.fit(space.points, area.width, area.height);
    eye.reset();
    const point = pointAt(space, place);
    return { x: area.left + eye.left(space.x(point)), y: area.top + eye.top(space.y(point)) };
  }
  /** @param {ReturnType<typeof draw>} view @param {string} type @param {{x: number, y: number}} at */
  const fire = ({ one }, type, { x, y }) =>
    one(".lmw-space-area").dispatchEvent(
      new PointerEvent(type, { clientX: x, clientY: y, bubbles: true, pointerType: "mouse" }),
    );

  test("stands at once, with its axes, its key and what it says", async () => {
    const view = draw(spaceState(TEXTS));
    await tick();
    expect(view.root.dataset.lmwReady).toBe("true");
    expect(ink(view.all(".lmw-space-canvas")[0])).toBeGreaterThan(1000);
    expect(view.one(".lmw-space-across").textContent).toContain(
      "component 1 (31 % of variance)".replace("31 %", "31\u00a0%"),
    );
    expect(view.one(".lmw-space-key").textContent).toContain("query");
    expect(view.one(".lmw-caption").textContent).toContain("36.0\u00a0MB");
  });

  test("hovering a point tells it in its sentence, with lines; nothing is synced", async () => {
    const view = draw(spaceState(TEXTS));
    await tick();
    fire(view, "pointermove", spot(view, 6));
    await tick();
    expect(view.tip()).toContain("query of ran");
    expect(view.tip()).toContain("A dog ran to the cat");
    expect(view.tip()).toContain("dog0.8000");
    expect(ink(view.all(".lmw-space-canvas")[1])).toBeGreaterThan(0);
    expect(view.model.saved).toEqual([]);
    fire(view, "pointerleave", { x: 0, y: 0 });
    await tick();
    expect(ink(view.all(".lmw-space-canvas")[1])).toBe(0);
  });

  test("a click pins, its sentence is written out and shaded; nothing under it lets go", async () => {
    const view = draw(spaceState(TEXTS));
    await tick();
    const at = spot(view, 13 + 5);
    fire(view, "pointermove", at);
    const area = view.one(".lmw-space-area");
    area.setPointerCapture = () => {};
    fire(view, "pointerdown", at);
    fire(view, "pointerup", at);
    await tick();
    expect(view.model.saved.at(-1)).toEqual({ sentence: 1, token: 1, side: "key" });
    expect(view.one(".lmw-space-facts").textContent).toMatch(/^dog is looked at by ran 80/);
    expect(view.one(".lmw-chosen").textContent).toBe("dog");
    fire(view, "pointerdown", { x: at.x, y: at.y });
    fire(view, "pointermove", { x: at.x + 60, y: at.y });
    fire(view, "pointerup", { x: at.x + 60, y: at.y });
    await tick();
    expect(view.model.state.token).toBe(1);
    expect(view.one(".lmw-space-zoom .lmw-button").hidden).toBe(false);
  });

  test("the sentence is walked by keys, and its tokens pinned", async () => {
    const view = draw(spaceState(TEXTS));
    view.one("[aria-label='Next sentence']").click();
    await tick();
    expect(view.model.saved.at(-1)).toEqual({ sentence: 1 });
    const first = view.one(".lmw-flow-text [data-token='2']");
    first.focus();
    await view.press(first, "Enter");
    expect(view.model.state.token).toBe(2);
    await view.press(first, "Enter");
    expect(view.model.state.side).toBe("key");
    await view.press(first, "Escape");
    expect(view.model.state.token).toBeNull();
  });

  test("a search counts its tokens", async () => {
    const view = draw(spaceState(TEXTS));
    view.model.push({ search: "cat" });
    await tick();
    expect(view.one(".lmw-space-found").textContent).toBe("2 tokens");
  });

  test("another head waits for Python; a page without one says what it has", async () => {
    const view = draw(spaceState(TEXTS));
    view.all(".lmw-chip")[2].click();
    await tick();
    expect(view.model.saved.at(-1)).toEqual({ heads: [2] });
    expect(view.root.classList.contains("lmw-waiting")).toBe(true);
  });

  test("the table holds the points of the sentence", async () => {
    const view = draw(spaceState(TEXTS));
    view.one("[aria-label='Table of the sentence’s points']").click();
    expect(view.all("tbody tr")).toHaveLength(4);
  });

  test("keys in the plane zoom and show all", async () => {
    const view = draw(spaceState(TEXTS));
    await tick();
    const area = view.one(".lmw-space-area");
    await view.press(area, "+");
    expect(view.one(".lmw-space-zoom .lmw-button").hidden).toBe(false);
    await view.press(area, "0");
    expect(view.one(".lmw-space-zoom .lmw-button").hidden).toBe(true);
  });

  test("everything is let go", () => {
    const view = draw(spaceState(TEXTS));
    view.cleanup();
    expect(view.model.listeners).toBe(0);
    expect(view.el.childElementCount).toBe(0);
  });
});

test.each(
  ["kind", "position", "token", "sentence"].flatMap((colour) => [
    [colour, "light"],
    [colour, "dark"],
  ]),
)("axe finds nothing: %s, %s", async (colour, theme) => {
  document.body.style.background = theme === "dark" ? "#111" : "#fff";
  const view = draw(spaceState(TEXTS, { traits: { colour, sentence: 2, token: 1, search: "c" } }));
  view.one("[aria-label='Table of the sentence’s points']").click();
  await tick();
  expect(await faults(view.root)).toEqual([]);
  expect(view.all("img, script")).toEqual([]);
});

test.each([320, 360, 600, 900, 1600])("nothing sticks out at %i px", async (width) => {
  await page.viewport(width, 800);
  draw(spaceState(TEXTS, { traits: { colour: "token" } }));
  await tick();
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
  await page.viewport(900, 700);
});

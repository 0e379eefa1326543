import { afterEach, beforeAll, expect, test } from "vitest";
import { fakeState } from "../fake_attention.js";
import { cleanAll, draw, nextFrame, parkPointer, TEXTS } from "./harness.js";

beforeAll(parkPointer);
afterEach(cleanAll);

const long = Array.from({ length: 280 }, (_, i) => ` t${i % 17}`);

test("a short text has no ruler", () => {
  const { one } = draw(fakeState(TEXTS));
  expect(one(".lmw-ruler").hidden).toBe(true);
});

test("a long text has one; a click goes there, and the edges follow", async () => {
  const { one, ink, model } = draw(fakeState(long, { top: 8 }));
  const ruler = /** @type {HTMLCanvasElement} */ (one(".lmw-ruler"));
  expect(ruler.hidden).toBe(false);
  const before = ink("base");
  const { top, height, left } = ruler.getBoundingClientRect();
  ruler.dispatchEvent(
    new PointerEvent("pointermove", { buttons: 1, clientX: left + 4, clientY: top + height / 2 }),
  );
  await nextFrame();
  await nextFrame();
  const { scrollTop, scrollHeight, clientHeight } = one(".lmw-scroller");
  expect(Math.abs(scrollTop + clientHeight / 2 - scrollHeight / 2)).toBeLessThan(30);
  expect(ink("base")).not.toBe(before);
  expect(model.saved).toEqual([]);
});

test("strong targets out of view are named at the edge, and lead there", async () => {
  const { one, hover, token } = draw(fakeState(long, { top: 8, traits: { heads: [3] } }));
  one(".lmw-scroller").scrollTop = 1200;
  await nextFrame();
  await nextFrame();
  await hover(token("query", 60));
  const beyond = one(".lmw-beyond-before");
  expect(beyond.hidden).toBe(false);
  expect(beyond.textContent).toMatch(/^↑ t0 0\.\d+$/);
  beyond.click();
  expect(one(".lmw-scroller").scrollTop).toBe(0);
});

import { afterEach, expect, test } from "vitest";
import "../../src/core/core.css";
import { h } from "../../src/core/dom.js";
import { place, tooltip } from "../../src/core/tooltip.js";

afterEach(() => document.body.replaceChildren());

const [W, H] = [document.documentElement.clientWidth, document.documentElement.clientHeight];

test("it goes to the wished side, else below, else above, always inside", () => {
  const box = { left: 300, right: 340, top: 100, bottom: 120 };
  expect(place(box, 100, 40, "right")).toEqual({ x: 348, y: 90 });
  expect(place({ ...box, left: 20, right: 60 }, 100, 40, "left").y).toBe(128);
  expect(place({ ...box, top: H - 30, bottom: H - 10 }, 100, 40, "below").y).toBe(H - 78);
  expect(place({ ...box, left: W - 10, right: W }, 100, 40, "below").x).toBe(W - 104);
});

test("showing it never changes the size of the widget", () => {
  const root = h("div", { class: "lmw-root" }, "short");
  document.body.appendChild(root);
  const before = root.getBoundingClientRect();
  const tip = tooltip(root);
  tip.show({ x: 50, y: 20 }, h("p", null, "tall".repeat(200)));
  expect(root.getBoundingClientRect()).toEqual(before);
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(W);
  expect(getComputedStyle(tip.element).display).toBe("block");
  tip.hide();
  expect(getComputedStyle(tip.element).display).toBe("none");
  tip.destroy();
  expect(root.childElementCount).toBe(0);
});

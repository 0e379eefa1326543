import axe from "axe-core";
import { afterEach, beforeAll, expect, test } from "vitest";
import { page } from "vitest/browser";
import { fakeState } from "../fake_attention.js";
import { cleanAll, draw, parkPointer, TEXTS } from "./harness.js";

beforeAll(parkPointer);
afterEach(cleanAll);

const ODD = [
  "[CLS]",
  "café",
  "\n",
  "F0 9F",
  " مرحبا",
  "</script><img src=x onerror=alert(1)>",
  "x".repeat(500),
];
const kind = /** @type {any} */ (["special", "text", "text", "bytes", "text", "text", "text"]);
const scenes = /** @type {Record<string, () => Record<string, any>>} */ ({
  columns: () => fakeState(TEXTS),
  pinned: () => fakeState(TEXTS, { traits: { token: 9 } }),
  arcs: () => fakeState(TEXTS, { traits: { view: "arcs" } }),
  odd: () => fakeState(ODD, { tokens: { kind }, traits: { hide_special: true, hide_first: true } }),
  error: () =>
    fakeState(TEXTS, {
      traits: {
        _status: {
          state: "error",
          message: "Too long.",
          remedy: "Shorten it.",
          example: null,
          progress: null,
        },
      },
    }),
  empty: () =>
    fakeState([], {
      traits: {
        _tokens: {},
        _status: {
          state: "empty",
          message: "Nothing.",
          remedy: "",
          example: "The cat",
          progress: null,
        },
      },
    }),
});

test.each(
  Object.keys(scenes).flatMap((name) => [
    [name, "light"],
    [name, "dark"],
  ]),
)("axe finds nothing: %s, %s", async (name, theme) => {
  document.body.style.background = theme === "dark" ? "#111" : "#fff";
  const { root, button } = draw(scenes[name]());
  button("More controls").click();
  button("Table of weights").click();
  await new Promise((resolve) => setTimeout(resolve, 80));
  const { violations } = await axe.run(root, { rules: { region: { enabled: false } } });
  const told = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`,
  );
  expect(told).toEqual([]);
  document.body.style.background = "";
});

test.each([320, 360, 600, 900, 1600])(
  "nothing sticks out at %i px, and nothing jumps on hover",
  async (width) => {
    await page.viewport(width, 800);
    const { root, hover, token } = draw(fakeState(TEXTS, { heads: 16, traits: { search: "to" } }));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
    const before = root.getBoundingClientRect().height;
    await hover(token("query", 9));
    expect(root.getBoundingClientRect().height).toBe(before);
    await page.viewport(900, 700);
  },
);

test("a token is text, whatever it says", () => {
  const { root, token } = draw(fakeState(ODD, { tokens: { kind } }));
  expect(token("query", 5).textContent).toBe(ODD[5]);
  expect(root.querySelectorAll("img, script").length).toBe(0);
});

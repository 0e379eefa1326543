import { afterEach, expect, test } from "vitest";
import { h } from "../../src/core/dom.js";
import { hotkeys } from "../../src/core/hotkeys.js";

afterEach(() => document.body.replaceChildren());

/** @param {HTMLElement} on @param {string} key @param {object} [more] */
function press(on, key, more = {}) {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  on.dispatchEvent(event);
  return event.defaultPrevented;
}

function setUp() {
  /** @type {string[]} */
  const heard = [];
  const [text, search, range, menu, button] = [
    h("textarea", null),
    h("input", { type: "search" }),
    h("input", { type: "range" }),
    h("select", null),
    h("button", null),
  ];
  const root = document.body.appendChild(h("section", null, text, search, range, menu, button));
  const stop = hotkeys(root, {
    "[": () => void heard.push("["),
    ArrowLeft: () => void heard.push("left"),
    0: () => false,
  });
  return { heard, stop, text, search, range, menu, button };
}

test("a key works anywhere in the widget, and nothing else hears of it", () => {
  const { heard, button, range } = setUp();
  expect([press(button, "["), press(button, "ArrowLeft"), press(range, "[")]).toEqual(
    Array(3).fill(true),
  );
  expect(heard).toEqual(["[", "left", "["]);
});

test("what is typed, chosen or slid stays in its field", () => {
  const { heard, text, search, menu, range } = setUp();
  for (const field of [text, search, menu]) expect(press(field, "[")).toBe(false);
  expect(press(range, "ArrowLeft")).toBe(false);
  expect(heard).toEqual([]);
});

test("keys with Ctrl or ⌘, arrows with Alt, other keys and keys that were not ours go on", () => {
  const { heard, button } = setUp();
  expect(press(button, "[", { ctrlKey: true })).toBe(false);
  expect(press(button, "[", { metaKey: true })).toBe(false);
  expect(press(button, "ArrowLeft", { altKey: true })).toBe(false);
  expect(press(button, "x")).toBe(false);
  expect(press(button, "0")).toBe(false);
  expect(heard).toEqual([]);
  expect(press(button, "[", { altKey: true })).toBe(true); // so some keyboards write a bracket
});

test("nothing is heard after the end", () => {
  const { heard, stop, button } = setUp();
  stop();
  expect(press(button, "[")).toBe(false);
  expect(heard).toEqual([]);
});

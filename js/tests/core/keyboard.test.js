import { afterEach, expect, test, vi } from "vitest";
import { userEvent } from "vitest/browser";
import { h } from "../../src/core/dom.js";
import { roving } from "../../src/core/keyboard.js";

afterEach(() => document.body.replaceChildren());

/** @param {Parameters<typeof roving>[2]} [on] @param {Node} [parent] */
function list(on, parent = document.body) {
  const items = ["a", "b", "c"].map((name) => h("button", { class: "item" }, name));
  const container = h("div", null, items);
  parent.appendChild(container);
  return { items, container, keys: roving(container, ".item", on) };
}

test("one tab stop, arrows and Home/End inside", async () => {
  const onMove = vi.fn();
  const { items } = list({ onMove });
  expect(items.map((item) => item.tabIndex)).toEqual([0, -1, -1]);
  items[0].focus();
  await userEvent.keyboard("{ArrowDown}{ArrowRight}{ArrowRight}");
  expect(document.activeElement).toBe(items[2]);
  expect(items.map((item) => item.tabIndex)).toEqual([-1, -1, 0]);
  await userEvent.keyboard("{Home}");
  expect(document.activeElement).toBe(items[0]);
  expect(onMove).toHaveBeenLastCalledWith(items[0]);
});

test("keys that are ours do not reach the notebook; the others do", async () => {
  const outer = vi.fn();
  document.body.addEventListener("keydown", outer);
  const { items } = list({ orientation: "vertical", onActivate: () => {} });
  items[0].focus();
  await userEvent.keyboard("{ArrowDown}{Enter}");
  expect(outer).not.toHaveBeenCalled();
  await userEvent.keyboard("{ArrowRight}x");
  expect(outer).toHaveBeenCalledTimes(2);
  document.body.removeEventListener("keydown", outer);
});

test("Shift+Enter belongs to the notebook", async () => {
  const onActivate = vi.fn();
  const { items } = list({ onActivate });
  items[0].focus();
  await userEvent.keyboard("{Shift>}{Enter}{/Shift}");
  expect(onActivate).not.toHaveBeenCalled();
  await userEvent.keyboard("{Enter}");
  expect(onActivate).toHaveBeenCalledOnce();
});

test("in a shadow root", async () => {
  const host = document.body.appendChild(document.createElement("div"));
  const { items } = list({}, host.attachShadow({ mode: "open" }));
  items[0].focus();
  await userEvent.keyboard("{ArrowDown}");
  expect(host.shadowRoot?.activeElement).toBe(items[1]);
});

test("destroyed, it does nothing", async () => {
  const { items, keys } = list();
  keys.destroy();
  items[0].focus();
  await userEvent.keyboard("{ArrowDown}");
  expect(document.activeElement).toBe(items[0]);
});

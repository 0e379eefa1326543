import { afterEach, expect, test } from "vitest";
import { keepOwnKeys } from "../../src/core/shortcuts.js";

const MARK = "data-lm-suppress-shortcuts";
/** @type {(() => void)[]} */
let undo = [];
afterEach(() => {
  for (const step of undo) step();
  undo = [];
});

/** A page in which the host looks at keys on the document first, as JupyterLab does. */
function page() {
  const root = document.createElement("div");
  root.innerHTML = "<button>token</button><textarea></textarea>";
  document.body.append(root);
  /** @type {boolean[]} */
  const hostTook = [];
  const host = (/** @type {KeyboardEvent} */ { target }) =>
    hostTook.push(!(/** @type {Element} */ (target).hasAttribute(MARK)));
  document.addEventListener("keydown", host, { capture: true });
  undo.push(
    keepOwnKeys(root),
    () => document.removeEventListener("keydown", host, { capture: true }),
    () => root.remove(),
  );
  const [button, field] = /** @type {HTMLElement[]} */ ([...root.children]);
  /** @param {HTMLElement} target @param {KeyboardEventInit} init */
  const press = (target, init) => {
    target.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, composed: true, ...init }));
    return hostTook.at(-1);
  };
  return { button, field, press };
}

test("arrow keys and letters are kept from the host", () => {
  const { button, press } = page();
  expect(press(button, { key: "ArrowLeft" })).toBe(false);
  expect(press(button, { key: "e" })).toBe(false);
});

test("saving and running the cell stay the host's", () => {
  const { button, field, press } = page();
  press(button, { key: "ArrowLeft" });
  expect(press(button, { key: "s", ctrlKey: true })).toBe(true);
  expect(press(button, { key: "Enter", shiftKey: true })).toBe(true);
  expect(press(field, { key: "Enter", shiftKey: true })).toBe(false);
});

test("keys elsewhere on the page are not touched", () => {
  const { press } = page();
  const other = document.createElement("button");
  document.body.append(other);
  undo.push(() => other.remove());
  expect(press(other, { key: "ArrowLeft" })).toBe(true);
});

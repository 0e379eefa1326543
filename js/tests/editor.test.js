import { afterEach, expect, test, vi } from "vitest";
import { textEditor } from "../src/core/editor.js";

afterEach(() => document.body.replaceChildren());

/** @param {Partial<Parameters<typeof textEditor>[0]>} options */
function open(options = {}) {
  const onSubmit = vi.fn();
  const onCancel = vi.fn();
  const editor = textEditor({ value: "The cat", label: "Text", onSubmit, onCancel, ...options });
  document.body.append(editor.element);
  return { editor, field: editor.field, onSubmit, onCancel };
}

/** @param {HTMLElement} element @param {string} key @param {KeyboardEventInit} [more] */
function press(element, key, more = {}) {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  element.dispatchEvent(event);
  return event;
}

test("Enter runs, Shift+Enter does not, Escape cancels", () => {
  const { field, onSubmit, onCancel } = open();
  field.value = "The dog";
  expect(press(field, "Enter", { shiftKey: true }).defaultPrevented).toBe(false);
  expect(onSubmit).not.toHaveBeenCalled();
  expect(press(field, "Enter").defaultPrevented).toBe(true);
  expect(onSubmit).toHaveBeenCalledWith("The dog");
  press(field, "Escape");
  expect(onCancel).toHaveBeenCalledOnce();
});

test("Enter that belongs to an input method does not run", () => {
  const { field, onSubmit } = open();
  press(field, "Enter", { isComposing: true });
  expect(onSubmit).not.toHaveBeenCalled();
});

test("keys stay inside, so that a notebook's shortcuts do not run", () => {
  const { field } = open();
  const outside = vi.fn();
  document.body.addEventListener("keydown", outside);
  press(field, "a");
  document.body.removeEventListener("keydown", outside);
  expect(outside).not.toHaveBeenCalled();
});

test("the field is as high as its text", () => {
  const { editor, field } = open({ value: "one" });
  editor.focus();
  const low = field.offsetHeight;
  field.value = "one\ntwo\nthree";
  field.dispatchEvent(new Event("input"));
  expect(field.offsetHeight).toBeGreaterThan(2 * low);
  expect(document.activeElement).toBe(field);
});

test("with requireChange the same text cannot be run again", () => {
  const { editor, field, onSubmit } = open({ requireChange: true, onCancel: undefined });
  const [run, ...others] = editor.element.querySelectorAll("button");
  expect(run.disabled).toBe(true);
  expect(others).toEqual([]);
  press(field, "Enter");
  expect(onSubmit).not.toHaveBeenCalled();
  field.value = "The dog";
  field.dispatchEvent(new Event("input"));
  run.click();
  expect(onSubmit).toHaveBeenCalledWith("The dog");
});

// In-place text editing: a field of the size of the text it replaces.
// Enter runs, Shift+Enter starts a new line, Escape cancels.

import { div, h, span } from "./dom.js";
import "./editor.css";

const KEYS = "Enter runs · Shift+Enter new line";

/**
 * @typedef {object} TextEditor
 * @property {HTMLElement} element what to put in the place of the text
 * @property {HTMLTextAreaElement} field
 * @property {() => void} focus focus the field with the caret at the end
 * @property {() => void} grow make the field as high as its text; needed once it is in the page
 */

/**
 * @param {object} options
 * @param {string} options.value the text to start from
 * @param {string} options.label accessible name of the field
 * @param {(text: string) => void} options.onSubmit called with the new text
 * @param {() => void} [options.onCancel] without it there is nothing to go back to
 * @param {boolean} [options.requireChange] whether running the same text again would do nothing
 * @returns {TextEditor}
 */
export function textEditor({ value, label, onSubmit, onCancel, requireChange = false }) {
  const field = /** @type {HTMLTextAreaElement} */ (
    h("textarea", {
      class: "lmw-editor-field",
      "aria-label": label,
      rows: "1",
      spellcheck: "false",
      dir: "auto",
      placeholder: "Write a text…",
    })
  );
  field.value = value;

  const run = () => {
    if (!button.disabled) onSubmit(field.value);
  };
  const cancel = () => onCancel?.();
  const button = h(
    "button",
    { class: "lmw-button lmw-button-main", onclick: run, disabled: requireChange },
    "Run",
  );
  field.addEventListener("input", () => {
    grow(field);
    button.disabled = requireChange && field.value === value;
  });
  field.addEventListener("keydown", (event) => {
    const action = editorAction(event);
    event.stopPropagation(); // a notebook's own shortcuts stay out of the field
    if (!action) return;
    event.preventDefault();
    if (action === "run") run();
    else cancel();
  });

  const element = h(
    "div",
    { class: "lmw-editor", "data-lm-suppress-shortcuts": "true" },
    field,
    div(
      "lmw-editor-bar",
      button,
      onCancel && h("button", { class: "lmw-button", onclick: cancel }, "Cancel"),
      span("lmw-editor-hint", KEYS + (onCancel ? " · Esc cancels" : "")),
    ),
  );
  return {
    element,
    field,
    grow: () => grow(field),
    focus() {
      grow(field);
      field.focus();
      field.setSelectionRange(field.value.length, field.value.length);
    },
  };
}

/**
 * What a key press asks for. While an input method composes, Enter belongs to it.
 *
 * @param {KeyboardEvent} event
 * @returns {"run" | "cancel" | null}
 */
export function editorAction(event) {
  if (event.isComposing || event.keyCode === 229) return null;
  if (event.key === "Enter" && !event.shiftKey) return "run";
  if (event.key === "Escape") return "cancel";
  return null;
}

/** @param {HTMLTextAreaElement} field */
function grow(field) {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

/**
 * When the text is a field to write in: on wish, in the place of the text; and by itself under an
 * error or in an empty widget, where the message stands in the place of the picture.
 */

import { textEditor } from "../core/editor.js";

/**
 * @param {object} options
 * @param {HTMLElement} options.text the element the field stands in for
 * @param {HTMLElement} options.slot where it stands while there is no picture
 * @param {() => string} options.getText
 * @param {(text: string) => void} options.onSubmit
 * @param {() => void} options.onChange it opened or closed
 * @param {() => void} options.onLeave the reader is done with it
 */
export function editing({ text, slot, getText, onSubmit, onChange, onLeave }) {
  /** @type {ReturnType<typeof textEditor> | null} */
  let editor = null;
  let troubled = false;

  /** @param {number} height of what it replaces, in pixels */
  function create(height) {
    editor = textEditor({
      value: getText(),
      label: "Text for the model",
      onSubmit: submit,
      onCancel: troubled ? undefined : cancel,
      requireChange: troubled,
    });
    editor.field.style.minHeight = `${height}px`;
    return editor;
  }

  /** @param {string} value */
  function submit(value) {
    if (!troubled) close();
    if (value !== getText()) onSubmit(value);
    onChange();
    if (!troubled) onLeave();
  }

  function cancel() {
    close();
    onChange();
    onLeave();
  }

  function close() {
    editor?.element.remove();
    editor = null;
  }

  return {
    /** True when the field stands in the place of the text. */
    get open() {
      return editor !== null && !troubled;
    },
    /** Open on wish. */
    start() {
      if (!editor) {
        text.before(create(text.offsetHeight).element);
        onChange();
      }
      editor?.focus();
    },
    /**
     * Follow the state: a field by itself while a message stands in the place of the picture.
     * @param {boolean} trouble
     * @param {boolean} editable
     */
    follow(trouble, editable) {
      if (trouble === troubled) return;
      close();
      troubled = trouble;
      if (!trouble || !editable) return;
      const opened = create(0);
      slot.append(opened.element);
      opened.grow();
    },
  };
}

/**
 * When the text is a field to write in: on wish, in the place of the text; and by itself under an
 * error or in an empty widget, where the message stands in the place of the picture.
 */

import { isCommand, take } from "../core/dom.js";
import { textEditor } from "../core/editor.js";

/** The field is as high as what it stands in for, up to so many pixels; it grows as it is filled. */
const HIGHEST = 240;
/** Where a letter is a letter. */
const WRITING = "input, textarea, select, .lmw-method-list";

/**
 * @param {object} options
 * @param {HTMLElement} options.root where the key "e" opens it
 * @param {HTMLElement} options.text the element the field stands in for; a double click opens it
 * @param {HTMLElement} options.slot where it stands while there is no picture
 * @param {() => {text: string, editable: boolean} | null} options.now
 * @param {() => void} options.onOpen it is about to open
 * @param {(text: string) => void} options.onSubmit
 * @param {() => void} options.onChange it opened or closed
 * @param {() => void} options.onLeave the reader is done with it
 */
export function editing({ root, text, slot, now, onOpen, onSubmit, onChange, onLeave }) {
  /** @type {ReturnType<typeof textEditor> | null} */
  let editor = null;
  let troubled = false;
  const written = () => now()?.text ?? "";

  text.addEventListener("dblclick", start);
  root.addEventListener("keydown", (event) => {
    const writing = event.target instanceof Element && event.target.closest(WRITING) !== null;
    if (event.key !== "e" || writing || isCommand(event)) return;
    take(event);
    start();
  });

  /** @param {number} height of what it replaces, in pixels */
  function create(height) {
    editor = textEditor({
      value: written(),
      label: "Text for the model",
      onSubmit: submit,
      onCancel: troubled ? undefined : cancel,
      requireChange: troubled,
    });
    editor.field.style.minHeight = `${Math.min(height, HIGHEST)}px`;
    return editor;
  }

  /** Open on wish. */
  function start() {
    if (!now()?.editable) return;
    onOpen();
    if (!editor) {
      text.before(create(text.offsetHeight).element);
      onChange();
    }
    editor?.focus();
  }

  /** @param {string} value */
  function submit(value) {
    if (!troubled) close();
    if (value !== written()) onSubmit(value);
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
    start,
    /** True when the field stands in the place of the text. */
    get open() {
      return editor !== null && !troubled;
    },
    /**
     * Follow the state: a field by itself while a message stands in the place of the picture.
     * @param {boolean} trouble
     * @param {boolean} editable
     */
    follow(trouble, editable) {
      const wanted = trouble && editable;
      if (trouble === troubled && wanted === (troubled && editor !== null)) return;
      close();
      troubled = trouble;
      if (!wanted) return;
      const opened = create(0);
      slot.append(opened.element);
      opened.grow();
    },
  };
}

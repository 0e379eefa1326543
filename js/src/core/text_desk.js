/** Where the text is edited: a row over the picture that opens and closes. */

import { h, replace } from "./dom.js";
import { textEditor } from "./editor.js";

/** @param {{text: () => string, onSubmit: (text: string) => void}} options */
export function textDesk({ text, onSubmit }) {
  const element = h("div", { class: "lmw-desk", hidden: true });
  const close = () => {
    element.hidden = true;
    replace(element);
  };
  return {
    element,
    close,
    toggle() {
      if (!element.hidden) return close();
      const editor = textEditor({
        value: text(),
        label: "Text the model reads",
        onSubmit(value) {
          close();
          onSubmit(value);
        },
        onCancel: close,
      });
      element.hidden = false;
      replace(element, editor.element);
      editor.focus();
    },
  };
}

/** The icons on the right of the header: edit, more, table, copy, help. */

import { copyToClipboard } from "./clipboard.js";
import { iconButton } from "./controls.js";
import { aria, replace } from "./dom.js";
import { icon } from "./icons.js";
import { keyList, popover } from "./popover.js";

/** @typedef {import("./shell.js").Shell} Shell */

/** How long the icon says whether copying worked, in ms. */
const SAID = 1200;

/**
 * @param {Shell} frame
 * @param {{label: string, text: () => string | null}} options text: null when there is nothing to copy
 */
export function copyButton(frame, { label, text }) {
  const button = iconButton({
    icon: "copy",
    label,
    onClick: async () => {
      const copied = text();
      const done = copied !== null && (await copyToClipboard(copied, frame.root));
      const why = copied === null ? "Nothing is selected." : "The browser did not allow copying.";
      frame.say(done ? "Copied." : why);
      replace(button, icon(done ? "check" : "close"));
      setTimeout(() => replace(button, icon("copy")), SAID);
    },
  });
  return button;
}

/**
 * @param {Shell} frame
 * @param {{edit?: string, onEdit: () => void, more?: ReturnType<typeof import("./shell.js").foldedRow>,
 *   table: string, pressed?: boolean, onTable: () => boolean, copy?: string,
 *   copyText: () => string | null, keys: [keys: string, what: string][]}} options edit, table, copy: names of buttons;
 *   onTable: whether it is open now
 */
export function actionButtons(
  frame,
  {
    edit: name = "Edit the text",
    onEdit,
    more: row,
    table: tableName,
    pressed,
    onTable,
    copy = "Copy the numbers as text",
    copyText,
    keys,
  },
) {
  const edit = iconButton({ icon: "edit", label: name, onClick: onEdit });
  const more = iconButton({
    icon: "more",
    label: "More controls",
    onClick() {
      row?.toggle(row.element.hidden);
      aria(more, "expanded", !row?.element.hidden);
    },
  });
  aria(more, "expanded", "false");
  const table = iconButton({
    icon: "table",
    label: tableName,
    pressed,
    onClick: () => aria(table, "pressed", onTable()),
  });
  const help = iconButton({ icon: "help", label: "Keys and mouse", onClick: () => {} });
  frame.actions.append(
    edit,
    ...(row ? [more] : []),
    table,
    copyButton(frame, { label: copy, text: copyText }),
    help,
  );
  popover(frame.root, help, keyList(keys), "Keys and mouse");
  return {
    /** @param {{shown: boolean, why: string | null}} state why editing is not possible now */
    setEdit({ shown, why }) {
      edit.hidden = !shown;
      edit.disabled = why !== null;
      edit.title = why ?? name;
    },
    /** Rare controls that need a kernel are gone without one. @param {boolean} shown */
    setMore(shown) {
      more.hidden = !shown;
      if (!shown) row?.toggle(false);
    },
  };
}

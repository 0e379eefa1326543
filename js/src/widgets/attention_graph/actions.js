/** The icons on the right of the header. */

import { copyToClipboard } from "../../core/clipboard.js";
import { iconButton } from "../../core/controls.js";
import { replace } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { keyList, popover } from "../../core/popover.js";

/** @typedef {import("../../core/shell.js").Shell} Shell */

/** @type {[string, string][]} */
const KEYS = [
  ["hover", "a token: its edges and weights"],
  ["click", "keep it; hover the other side for one pair"],
  ["↑ ↓", "move through the tokens"],
  ["Enter", "keep the token, or let it go"],
  ["Esc", "let it go"],
  ["[ ]", "layer before, layer after"],
  ["← →", "a text the model wrote: step by step"],
  ["click", "a turn’s name: one row for the turn"],
  ["/", "find a token"],
  ["shift-click", "a head: only this one"],
  ["+ −", "long text: fewer or more tokens in view; also ctrl-wheel"],
  ["0", "long text: all of it, and back"],
  ["double-click", "long text: a token, large"],
];

/**
 * @param {Shell} frame
 * @param {{onEdit: () => void, onMore: () => void, onDetails: () => void, copyText: () => string}} on
 */
export function actionButtons(frame, { onEdit, onMore, onDetails, copyText }) {
  const edit = iconButton({ icon: "edit", label: "Edit the text", onClick: onEdit });
  const more = iconButton({ icon: "more", label: "More controls", onClick: onMore });
  const table = iconButton({ icon: "table", label: "Table of weights", onClick: onDetails });
  const copy = iconButton({
    icon: "copy",
    label: "Copy the numbers as text",
    onClick: async () => {
      const done = await copyToClipboard(copyText(), frame.root);
      replace(copy, icon(done ? "check" : "close"));
      frame.say(done ? "Copied." : "The browser did not allow copying.");
      setTimeout(() => replace(copy, icon("copy")), 1200);
    },
  });
  const help = iconButton({ icon: "help", label: "Keys and mouse", onClick: () => {} });
  frame.actions.append(edit, more, table, copy, help);
  popover(frame.root, help, keyList(KEYS), "Keys and mouse");
  more.setAttribute("aria-expanded", "false");
  return {
    /** @param {{shown: boolean, why: string | null}} state why editing is not possible now */
    setEdit({ shown, why }) {
      edit.hidden = !shown;
      edit.disabled = why !== null;
      edit.title = why ?? "Edit the text";
    },
    /** @param {boolean} open */
    setMore: (open) => more.setAttribute("aria-expanded", String(open)),
    /** @param {boolean} open */
    setDetails: (open) => table.setAttribute("aria-pressed", String(open)),
  };
}

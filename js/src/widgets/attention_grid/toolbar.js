/** All controls of a grid in their places; what they show follows the state. */

import { kindControl } from "../../attention/controls.js";
import { wholeText } from "../../attention/text.js";
import { copyToClipboard } from "../../core/clipboard.js";
import { iconButton } from "../../core/controls.js";
import { h, replace } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { keyList, popover } from "../../core/popover.js";
import { foldedRow } from "../../core/shell.js";
import { textDesk } from "../../core/text_desk.js";
import { legend } from "../../heat/legend.js";
import { typeCounts } from "./arrange.js";
import { moreControls, orderControls, rangeFilter, typeFilter } from "./controls.js";

/** @typedef {import("./types").State} State */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("../../core/types").Theme} Theme */

/** @type {[string, string][]} */
const KEYS = [
  ["hover", "a head: what it is, and the weight under the pointer"],
  ["hover", "a token: where it is in every head"],
  ["click", "a head: large at the side, and in linked widgets"],
  ["← ↑ ↓ →", "move over the heads"],
  ["Enter", "choose the head"],
  ["[ ]", "the same head, one layer before or after"],
  ["Esc", "let token and head go"],
];

/**
 * @param {import("../../core/shell.js").Shell} frame
 * @param {Store} store
 * @param {{onTable: () => void, copyText: () => string}} on
 */
export function toolbar(frame, store, { onTable, copyText }) {
  const set = (/** @type {Partial<State>} */ values) => store.set(values);
  const kinds = h("div", { class: "lmw-kinds" });
  let kindsShown = "";
  const order = orderControls(set);
  const range = rangeFilter(set);
  const types = typeFilter(set);
  const more = moreControls(set);
  const colours = legend();
  const desk = textDesk({
    text: () => wholeText(store.state.text, store.texts?.query ?? null),
    onSubmit: (text) => set({ text }),
  });
  const row = h(
    "div",
    { class: "lmw-row" },
    order.flat,
    range.element,
    colours.element,
    types.element,
  );
  frame.controls.append(kinds, ...order.elements);
  frame.figure.before(row);
  const folded = foldedRow(frame, { label: "More controls" });
  folded.add(...more.elements);
  frame.figure.before(desk.element);

  const edit = iconButton({ icon: "edit", label: "Edit the text", onClick: desk.toggle });
  const unfold = iconButton({
    icon: "more",
    label: "More controls",
    onClick() {
      folded.toggle(folded.element.hidden);
      unfold.setAttribute("aria-expanded", String(!folded.element.hidden));
    },
  });
  unfold.setAttribute("aria-expanded", "false");
  const table = iconButton({ icon: "table", label: "Table of heads", onClick: onTable });
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
  frame.actions.append(edit, unfold, table, copy, help);
  popover(frame.root, help, keyList(KEYS), "Keys and mouse");

  return {
    /** @param {Theme} theme @param {{side: number, end: number | null}} look end: of the colours, null when each head has its own */
    update(theme, { side, end }) {
      const { state, figure, statistics, types: found, texts } = store;
      const name =
        figure.title && figure.title !== "Attention" ? `${figure.title}, all heads` : "All heads";
      replace(frame.title, h("strong", null, name), figure.model ? ` · ${figure.model}` : "");
      order.update(state, statistics?.names ?? [], found.labels !== null);
      range.update(state, statistics?.of(state.statistic) ?? null);
      types.update(state, found, typeCounts(found.labels), { possible: figure.labels, side });
      more.update(state);
      const unit = end === null ? "√ weight ÷ the head’s largest" : "√ weight";
      colours.set({ theme, signed: figure.signed, high: end ?? 1, unit });
      row.hidden = !texts;
      kinds.hidden = figure.kinds.length < 2;
      if (!kinds.hidden && kindsShown !== figure.kinds.join() + state.kind) {
        kindsShown = figure.kinds.join() + state.kind;
        replace(kinds, kindControl(figure.kinds, state.kind, set).element);
      }
    },
    /** @param {{shown: boolean, why: string | null}} state why editing is not possible now */
    setEdit({ shown, why }) {
      edit.hidden = !shown;
      edit.disabled = why !== null;
      edit.title = why ?? "Edit the text";
    },
    /** @param {boolean} open */
    setTable: (open) => table.setAttribute("aria-pressed", String(open)),
  };
}

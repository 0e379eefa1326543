/** All controls of a grid in their places; what they show follows the state. */

import { kindControl, showTitle } from "../../attention/controls.js";
import { wholeText } from "../../attention/text.js";
import { actionButtons } from "../../core/actions.js";
import { div } from "../../core/dom.js";
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
 * @param {{onTable: () => boolean, copyText: () => string}} on
 */
export function toolbar(frame, store, { onTable, copyText }) {
  const set = (/** @type {Partial<State>} */ values) => store.set(values);
  const kinds = kindControl(set);
  const order = orderControls(set);
  const range = rangeFilter(set);
  const types = typeFilter(set);
  const more = moreControls(set);
  const colours = legend();
  const desk = textDesk({
    text: () => wholeText(store.state.text, store.texts?.query ?? null),
    onSubmit: (text) => set({ text }),
  });
  const row = div("lmw-row", order.flat, range.element, colours.element, types.element);
  frame.controls.append(kinds.element, ...order.elements);
  frame.figure.before(row);
  const folded = foldedRow(frame, { label: "More controls" });
  folded.add(...more.elements);
  frame.figure.before(desk.element);

  const actions = actionButtons(frame, {
    onEdit: desk.toggle,
    more: folded,
    table: "Table of heads",
    onTable,
    copyText,
    keys: KEYS,
  });

  return {
    /** @param {Theme} theme @param {{side: number, end: number | null}} look end: of the colours, null when each head has its own */
    update(theme, { side, end }) {
      const { state, figure, statistics, types: found, texts } = store;
      const name =
        figure.title && figure.title !== "Attention" ? `${figure.title}, all heads` : "All heads";
      showTitle(frame.title, name, figure);
      order.update(state, statistics?.names ?? [], found.labels !== null);
      range.update(state, statistics?.of(state.statistic) ?? null);
      types.update(state, found, typeCounts(found.labels), { possible: figure.labels, side });
      more.update(state);
      const unit = end === null ? "√ weight ÷ the head’s largest" : "√ weight";
      colours.set({ theme, signed: figure.signed, high: end ?? 1, unit });
      row.hidden = !texts;
      kinds.set(state.kind, figure);
    },
    setEdit: actions.setEdit,
  };
}

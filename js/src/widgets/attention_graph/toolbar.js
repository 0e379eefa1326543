/** All controls of a graph in their places; what they show follows the state. */

import { headControl, kindControl, layerControl, showTitle } from "../../attention/controls.js";
import { wholeText } from "../../attention/text.js";
import { actionButtons } from "../../core/actions.js";
import { segmented } from "../../core/controls.js";
import { div } from "../../core/dom.js";
import { foldedRow } from "../../core/shell.js";
import { textDesk } from "../../core/text_desk.js";
import { viewControl } from "./controls.js";
import { isPair, whyNoArcs, whyNoRenormalising, whyOnlyShort } from "./derive.js";
import { moreControls, pairControl, searchControl } from "./more.js";

/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("../../core/types").Theme} Theme */

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
 * @param {import("../../core/shell.js").Shell} frame
 * @param {Store} store
 * @param {{onPreview: (head: number | null) => void, onJump: (step: 1 | -1) => void,
 *   onTable: () => boolean, onLeave: () => void, copyText: () => string}} on
 */
export function toolbar(frame, store, { onPreview, onJump, onTable, onLeave, copyText }) {
  const set = (/** @type {Partial<State>} */ values) => store.set(values);
  const layers = layerControl({
    onLayer: (layer) => set({ layer }),
    isHere: (layer) => Boolean(store.data?.has(layer)),
  });
  const heads = headControl({ onChange: set, onPreview });
  const layouts = viewControl({ onChange: set });
  const direction = segmented({
    label: "What hovering shows",
    options: [
      { value: "query", label: "looks at" },
      { value: "key", label: "looked at by" },
    ],
    value: "query",
    onChange: (side) => set({ side: /** @type {State["side"]} */ (side) }),
  });
  const kinds = kindControl(set);
  const search = searchControl({ onSearch: (text) => set({ search: text }), onJump, onLeave });
  const more = moreControls(set);
  const desk = textDesk({
    text: () => wholeText(store.state.text, store.tokens?.query ?? null),
    onSubmit: (text) => set({ text }),
  });
  const pair = pairControl({ onChange: set });
  const row = div(
    "lmw-row",
    kinds.element,
    heads.element,
    direction.element,
    pair.element,
    search.element,
  );
  frame.controls.append(layers.element, layouts.element);
  frame.figure.before(row);
  const folded = foldedRow(frame, { label: "More controls" });
  folded.add(...more.elements);
  frame.figure.before(desk.element);
  const actions = actionButtons(frame, {
    onEdit: desk.toggle,
    more: folded,
    table: "Table of weights",
    onTable,
    copyText,
    keys: KEYS,
  });

  return {
    search,
    setEdit: actions.setEdit,
    stepLayer: layers.step,
    /**
     * @param {Theme} theme
     * @param {{layout: string, hasSpecial: boolean, turns: string[], whyNoTurns: string | null}} picture
     */
    update(theme, { layout, ...picture }) {
      const { state, figure, tokens } = store;
      const name = figure.title || "Attention";
      showTitle(frame.title, name, figure);
      layers.set(state, figure);
      heads.set(state, figure, theme);
      layouts.set(layout === "long" ? "columns" : /** @type {State["view"]} */ (layout));
      layouts.disable("arcs", whyNoArcs(tokens));
      layouts.disable("lines", whyOnlyShort("Two lines are", tokens));
      direction.element.hidden = layout !== "arcs";
      direction.set(state.side);
      more.set(state, { ...picture, whyNoRenormalising: whyNoRenormalising(state, figure) });
      pair.element.hidden = !tokens || !isPair(tokens);
      pair.set(state.pair);
      row.hidden = !tokens;
      layouts.element.hidden = !tokens;
      kinds.set(state.kind, figure);
    },
    destroy() {
      layers.destroy();
      heads.destroy();
    },
  };
}

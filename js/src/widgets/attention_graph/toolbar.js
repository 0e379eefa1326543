/** All controls of a graph in their places; what they show follows the state. */

import { headControl, kindControl, layerControl } from "../../attention/controls.js";
import { wholeText } from "../../attention/text.js";
import { segmented } from "../../core/controls.js";
import { h, replace } from "../../core/dom.js";
import { foldedRow } from "../../core/shell.js";
import { textDesk } from "../../core/text_desk.js";
import { actionButtons } from "./actions.js";
import { viewControl } from "./controls.js";
import { isPair, whyNoArcs, whyNoRenormalising, whyOnlyShort } from "./derive.js";
import { moreControls, pairControl, searchControl } from "./more.js";

/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("../../core/types").Theme} Theme */

/**
 * @param {import("../../core/shell.js").Shell} frame
 * @param {Store} store
 * @param {{onPreview: (head: number | null) => void, onJump: (step: 1 | -1) => void,
 *   onDetails: () => void, onLeave: () => void, copyText: () => string}} on
 */
export function toolbar(frame, store, { onPreview, onJump, onDetails, onLeave, copyText }) {
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
  const kinds = h("div", { class: "lmw-kinds" });
  let kindsShown = "";
  const search = searchControl({ onSearch: (text) => set({ search: text }), onJump, onLeave });
  const more = moreControls(set);
  const desk = textDesk({
    text: () => wholeText(store.state.text, store.tokens?.query ?? null),
    onSubmit: (text) => set({ text }),
  });
  const pair = pairControl({ onChange: set });
  const row = h(
    "div",
    { class: "lmw-row" },
    kinds,
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
    onMore() {
      folded.toggle(folded.element.hidden);
      actions.setMore(!folded.element.hidden);
    },
    onDetails,
    copyText,
  });

  return {
    search,
    actions,
    stepLayer: layers.step,
    /**
     * @param {Theme} theme
     * @param {{layout: string, hasSpecial: boolean, turns: string[], whyNoTurns: string | null}} picture
     */
    update(theme, { layout, ...picture }) {
      const { state, figure, tokens } = store;
      const name = figure.title || "Attention";
      replace(frame.title, h("strong", null, name), figure.model ? ` · ${figure.model}` : "");
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
      kinds.hidden = figure.kinds.length < 2;
      if (!kinds.hidden && kindsShown !== figure.kinds.join() + state.kind) {
        kindsShown = figure.kinds.join() + state.kind;
        replace(kinds, kindControl(figure.kinds, state.kind, set).element);
      }
    },
    destroy() {
      layers.destroy();
      heads.destroy();
    },
  };
}

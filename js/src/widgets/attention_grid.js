/** AttentionGrid: every head of every layer at once. The Python half is lmwidget/widgets/attention_grid.py. */

import "./attention_grid.css";
import { createGrid } from "./attention_grid/grid.js";
import { createStore, requestMissing } from "./attention_grid/store.js";

/** @typedef {import("../core/types").RenderContext} RenderContext */

export default () => ({
  /** @param {{model: RenderContext["model"]}} context */
  initialize({ model }) {
    requestMissing(model);
  },
  /** @param {RenderContext} context */
  render({ model, el }) {
    const store = createStore(model);
    const destroy = createGrid(el, store);
    return () => {
      store.destroy();
      destroy();
    };
  },
});

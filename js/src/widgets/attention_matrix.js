/** AttentionMatrix: every weight as a cell. The Python half is lmwidget/widgets/attention_matrix.py. */

import "./attention_matrix.css";
import { createMatrix } from "./attention_matrix/matrix.js";
import { createStore, requestMissing } from "./attention_matrix/store.js";

/** @typedef {import("../core/types").RenderContext} RenderContext */

export default () => ({
  /** @param {{model: RenderContext["model"]}} context */
  initialize({ model }) {
    requestMissing(model);
  },
  /** @param {RenderContext} context */
  render({ model, el }) {
    const store = createStore(model);
    const destroy = createMatrix(el, store);
    return () => {
      store.destroy();
      destroy();
    };
  },
});

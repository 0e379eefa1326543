/** QueryKeyView: why one token attends to another. The Python half is lmwidget/widgets/query_key_view.py. */

import "./query_key_view.css";
import { createStore, requestMissing } from "./query_key_view/store.js";
import { createView } from "./query_key_view/view.js";

/** @typedef {import("../core/types").RenderContext} RenderContext */

export default () => ({
  /** @param {{model: RenderContext["model"]}} context */
  initialize({ model }) {
    requestMissing(model);
  },
  /** @param {RenderContext} context */
  render({ model, el }) {
    const store = createStore(model);
    const destroy = createView(el, store);
    return () => {
      store.destroy();
      destroy();
    };
  },
});

/** QueryKeySpace: queries and keys of one head over many sentences. The Python half is lmwidget/widgets/query_key_space.py. */

import "./query_key_space.css";
import { createStore, requestMissing } from "./query_key_space/store.js";
import { createView } from "./query_key_space/view.js";

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

/** AttentionGraph: which token looks at which. The Python half is lmwidget/widgets/attention_graph.py. */

import "./attention_graph.css";
import { createGraph } from "./attention_graph/graph.js";
import { createStore, requestMissing } from "./attention_graph/store.js";

/** @typedef {import("../core/types").RenderContext} RenderContext */

export default () => ({
  /** @param {{model: RenderContext["model"]}} context */
  initialize({ model }) {
    requestMissing(model);
  },
  /** @param {RenderContext} context */
  render({ model, el }) {
    const store = createStore(model);
    const destroy = createGraph(el, store);
    return () => {
      store.destroy();
      destroy();
    };
  },
});

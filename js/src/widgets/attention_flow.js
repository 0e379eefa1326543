/** AttentionFlow: how tokens mix from layer to layer. The Python half is lmwidget/widgets/attention_flow.py. */

import "./attention_flow.css";
import { createFlow } from "./attention_flow/flow.js";
import { createStore, requestMissing } from "./attention_flow/store.js";

/** @typedef {import("../core/types").RenderContext} RenderContext */

export default () => ({
  /** @param {{model: RenderContext["model"]}} context */
  initialize({ model }) {
    requestMissing(model);
  },
  /** @param {RenderContext} context */
  render({ model, el }) {
    const store = createStore(model);
    const destroy = createFlow(el, store);
    return () => {
      store.destroy();
      destroy();
    };
  },
});

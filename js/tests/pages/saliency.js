/** Every state of the widgets of attribution on made-up data, by name: opened by saliency.mjs. */

import { pageModel } from "../../src/host.js";
import compare from "../../src/widgets/saliency_compare.js";
import matrix from "../../src/widgets/saliency_matrix.js";
import text from "../../src/widgets/saliency_text.js";
import { SCENES as COMPARED } from "../saliency_compare_scenes.js";
import { SCENES as GRIDS } from "../saliency_matrix_scenes.js";
import { SCENES as TEXTS } from "../saliency_text_scenes.js";

/** @type {Record<string, [() => any, Record<string, () => Record<string, any>>]>} */
const WIDGETS = { text: [text, TEXTS], matrix: [matrix, GRIDS], compare: [compare, COMPARED] };

const wanted = new URLSearchParams(location.search);
const theme = wanted.get("theme") ?? "light";
document.body.style.cssText = `margin:16px;background:${theme === "dark" ? "#161618" : "#fff"}`;
const [widget, scenes] = WIDGETS[wanted.get("widget") ?? "text"];
/** @type {Record<string, any>} */
const state = { ...scenes[String(wanted.get("state"))](), theme };
const model = pageModel(state);
model.lmwStandalone = Boolean(state.lmwStandalone);
model.comm_live = true;
const handlers = widget();
const el = document.body.appendChild(document.createElement("div"));
const start = performance.now();
handlers.initialize({ model });
handlers.render({ model, el });
requestAnimationFrame(() => {
  const channel = new MessageChannel(); // behind the painting of this frame
  channel.port1.onmessage = () => {
    Object.assign(globalThis, { drawn: performance.now() - start });
  };
  channel.port2.postMessage(null);
});
Object.assign(globalThis, { model });

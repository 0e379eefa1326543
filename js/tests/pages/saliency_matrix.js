/** Every state of SaliencyMatrix on made-up data, by name: opened by saliency_matrix.mjs to be looked at. */

import { pageModel } from "../../src/host.js";
import saliencyMatrix from "../../src/widgets/saliency_matrix.js";
import { SCENES } from "../saliency_matrix_scenes.js";

const wanted = new URLSearchParams(location.search);
const theme = wanted.get("theme") ?? "light";
document.body.style.cssText = `margin:16px;background:${theme === "dark" ? "#161618" : "#fff"}`;
const name = /** @type {keyof typeof SCENES} */ (wanted.get("state") ?? "translation");
/** @type {Record<string, any>} */
const state = { ...SCENES[name](), theme };
const model = pageModel(state);
model.lmwStandalone = Boolean(state.lmwStandalone);
model.comm_live = true;
const handlers = saliencyMatrix();
const el = document.body.appendChild(document.createElement("div"));
const start = performance.now();
handlers.initialize({ model });
handlers.render({ model, el });
requestAnimationFrame(() =>
  requestAnimationFrame(() => {
    Object.assign(globalThis, { drawn: performance.now() - start });
  }),
);
Object.assign(globalThis, { model });

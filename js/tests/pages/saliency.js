/** Every state of SaliencyText on made-up data, by name: opened by saliency.mjs to be looked at. */

import { pageModel } from "../../src/host.js";
import saliencyText from "../../src/widgets/saliency_text.js";
import { SCENES } from "../saliency_text_scenes.js";

const wanted = new URLSearchParams(location.search);
const theme = wanted.get("theme") ?? "light";
document.body.style.cssText = `margin:16px;background:${theme === "dark" ? "#161618" : "#fff"}`;
/** @type {Record<string, any>} */
const state = { ...SCENES[wanted.get("state") ?? "short"](), theme };
const model = pageModel(state);
model.lmwStandalone = Boolean(state.lmwStandalone);
model.comm_live = true;
const handlers = saliencyText();
const el = document.body.appendChild(document.createElement("div"));
handlers.initialize({ model });
handlers.render({ model, el });
Object.assign(globalThis, { model });

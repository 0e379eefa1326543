/** What the graph shows beside one model's attention: opened by graph_scenes.mjs to be looked at. */

import { mount } from "../../src/host.js";
import attentionGraph from "../../src/widgets/attention_graph.js";
import { graphScenes } from "../graph_scenes.js";

const wanted = new URLSearchParams(location.search);
const theme = wanted.get("theme") ?? "light";
document.body.style.cssText = `margin:16px;background:${theme === "dark" ? "#111" : "#fff"}`;
const element = document.body.appendChild(document.createElement("div"));
mount({
  widget: attentionGraph,
  state: graphScenes[wanted.get("state") ?? "pair"](),
  element,
}).then(({ model }) => Object.assign(globalThis, { model }));

/** States of QueryKeyView and QueryKeySpace on made-up data, by name: opened by query_key.mjs. */

import { mount } from "../../src/host.js";
import queryKeySpace from "../../src/widgets/query_key_space.js";
import queryKeyView from "../../src/widgets/query_key_view.js";
import { fakePart, spaceState, viewState } from "../query_key_scenes.js";

const TEXTS = "When| Mary| and| John| went| to| the| store|,| John| gave| a| drink".split("|");
const WORDS = "the| old| king| said| to| his| people| that| a| storm| was| coming".split("|");
const many = (/** @type {number} */ sentences, /** @type {number} */ length) =>
  Array.from({ length: sentences }, (_, s) =>
    Array.from({ length }, (__, i) => ` ${WORDS[(i * 7 + s) % WORDS.length].trim()}`),
  );

/** @type {Record<string, () => [widget: any, state: Record<string, any>]>} */
const states = {
  view: () => [queryKeyView, viewState(TEXTS, { parts: [fakePart(13, { channels: 64 })] })],
  sink: () => [
    queryKeyView,
    viewState(TEXTS, { parts: [fakePart(13, { channels: 24, sink: 8 })] }),
  ],
  wide: () => [queryKeyView, viewState(TEXTS, { parts: [fakePart(13, { channels: 256 })] })],
  space: () => [queryKeySpace, spaceState(many(30, 12), { traits: { token: 4 } })],
  tokens: () => [queryKeySpace, spaceState(many(30, 12), { traits: { colour: "token" } })],
  full: () => [queryKeySpace, spaceState(many(400, 25), { traits: { colour: "sentence" } })],
};

const wanted = new URLSearchParams(location.search);
const dark = wanted.get("theme") === "dark";
document.body.style.cssText = `margin:16px;background:${dark ? "#111" : "#fff"}`;
const [widget, state] = states[wanted.get("state") ?? "view"]();
const element = document.body.appendChild(document.createElement("div"));
mount({ widget, state, element });

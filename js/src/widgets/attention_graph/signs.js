/** What the two signs of a difference look like, and where their colour is full. */

import { h, replace, span } from "../../core/dom.js";

/** @typedef {import("../../attention/ink.js").Ink} Ink */

export function signLegend() {
  const element = h("div", { class: "lmw-signs", hidden: true });
  const sign = (
    /** @type {string} */ colour,
    /** @type {string} */ name,
    /** @type {string} */ line,
  ) =>
    span(
      "lmw-signs-one",
      h("i", { class: `lmw-signs-line lmw-signs-${line}`, style: { "border-color": colour } }),
      name,
    );
  return {
    element,
    /** @param {Ink | null} ink */
    set(ink) {
      element.hidden = !ink?.signed || ink.most === 0;
      if (!ink || element.hidden) return;
      const [more, less] = ink.words;
      replace(
        element,
        sign(ink.colour(0, 1), `${more}, up to ${ink.short(ink.most)}`, "solid"),
        sign(ink.colour(0, -1), `${less}, down to ${ink.short(-ink.most)}`, "dashed"),
      );
    },
  };
}

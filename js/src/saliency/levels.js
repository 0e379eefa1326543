/** The choice of what gets a score: tokens, words, sentences, turns. */

import { h, replace } from "../core/dom.js";

/**
 * What gets a score.
 * @param {(name: string) => void} onLevel
 * @param {string} [more] what else the reader should know
 */
export function levelMenu(onLevel, more = "") {
  const element = h("select", {
    class: "lmw-field lmw-level",
    "aria-label": "Level",
    title: `What gets a score: coarser units sum their tokens${more}`,
    onchange: () => onLevel(element.value),
  });
  let drawn = "";
  return {
    element,
    /** @param {string[]} names @param {string} shown */
    draw(names, shown) {
      const offered = names.includes(shown) ? names : [shown, ...names];
      element.hidden = offered.length < 2;
      if (drawn !== offered.join()) {
        drawn = offered.join();
        replace(
          element,
          offered.map((name) => h("option", { value: name }, `by ${name}`)),
        );
      }
      element.value = shown;
    },
  };
}

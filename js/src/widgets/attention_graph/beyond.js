/** Strong targets outside the view, named at its edge: "↑ Mary 0.62". */

import { h } from "../../core/dom.js";
import { number } from "../../core/format.js";
import { tokenName } from "../../core/tokens.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").View} View */
/** @typedef {import("./types").Side} Side */
/** @typedef {import("./types").Target} Target */

const WORTH_SAYING = 0.05;

/**
 * @param {View} view
 * @param {{query: Tokens, key: Tokens}} tokens
 */
export function beyond(view, tokens) {
  const make = (/** @type {"before" | "after"} */ end) => {
    const button = h("button", {
      type: "button",
      class: `lmw-beyond lmw-beyond-${end}`,
      tabindex: "-1",
      hidden: true,
    });
    view.element.appendChild(button);
    return button;
  };
  const ends = { before: make("before"), after: make("after") };
  /** @type {Side} */
  let side = "key";
  /** @type {{before: Target | null, after: Target | null}} */
  let found = { before: null, after: null };
  for (const end of /** @type {const} */ (["before", "after"])) {
    ends[end].addEventListener("click", (event) => {
      event.stopPropagation();
      const target = found[end];
      if (target) view.scrollTo(side, target.index);
    });
  }

  return {
    /** @param {Side} other @param {Target[]} targets strongest first */
    show(other, targets) {
      side = other;
      const [first, last] = view.range(other);
      const strong = targets.filter((target) => target.weight >= WORTH_SAYING);
      found = {
        before: strong.find((target) => target.index < first) ?? null,
        after: strong.find((target) => target.index >= last) ?? null,
      };
      for (const end of /** @type {const} */ (["before", "after"])) {
        const target = found[end];
        ends[end].hidden = !target;
        ends[end].dataset.column = other;
        if (!target) continue;
        const arrow = end === "before" ? "↑" : "↓";
        ends[end].textContent =
          `${arrow} ${tokenName(tokens[other], target.index, 16)} ${number(target.weight, 2)}`;
      }
    },
    hide() {
      for (const button of Object.values(ends)) button.hidden = true;
    },
  };
}

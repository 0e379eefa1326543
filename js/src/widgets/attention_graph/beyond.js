/** What matters outside the view, named at its edge: "↑ Mary 0.62", and the way back to the token asked about. */

import { h } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { tokenName } from "../../core/tokens.js";
import { otherSide } from "./isolate.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("../../attention/ink.js").Ink} Ink */
/** @typedef {import("./types").View} View */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Target} Target */

const WORTH_SAYING = 0.05;
const ENDS = /** @type {const} */ (["before", "after"]);
const ARROWS = { before: "↑", after: "↓" };

/**
 * @param {View} view
 * @param {{query: Tokens, key: Tokens}} tokens
 */
export function beyond(view, tokens) {
  const pill = () => {
    /** @type {Place | null} */
    let goal = null;
    const element = h("button", { tabindex: "-1", hidden: true });
    element.addEventListener("click", (event) => {
      event.stopPropagation();
      if (goal) view.scrollTo(goal.side, goal.index);
    });
    (view.edge ?? view.element).appendChild(element);
    return {
      /** @param {Place} place @param {"before" | "after"} end @param {string} said */
      show(place, end, said) {
        goal = place;
        element.textContent =
          `${ARROWS[end]} ${tokenName(tokens[place.side], place.index, 16)} ${said}`.trimEnd();
        element.title = `Go to token ${count(place.index)}`;
        element.className = `lmw-beyond lmw-beyond-${end}`;
        element.dataset.column = place.side;
        element.hidden = false;
      },
      hide() {
        element.hidden = true;
      },
    };
  };
  const targetPills = { before: pill(), after: pill() };
  const home = pill();

  /** @param {Place} place @returns {"before" | "after" | null} */
  function endOf(place) {
    const [first, last] = view.range(place.side);
    if (place.index < first) return "before";
    return place.index >= last ? "after" : null;
  }

  return {
    /** @param {Place} place the token asked about @param {Target[]} targets strongest first @param {Ink} ink */
    show(place, targets, ink) {
      const side = otherSide(place.side);
      for (const end of ENDS) {
        const strong = targets.find(
          ({ index, weight }) => ink.size(weight) >= WORTH_SAYING && endOf({ side, index }) === end,
        );
        if (strong)
          targetPills[end].show({ side, index: strong.index }, end, ink.short(strong.weight));
        else targetPills[end].hide();
      }
      const end = endOf(place);
      if (end) home.show(place, end, "");
      else home.hide();
    },
    hide() {
      for (const one of [targetPills.before, targetPills.after, home]) one.hide();
    },
  };
}

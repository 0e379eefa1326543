/** Strong sources out of view are named at the edge, and one click brings them in. */

import { h, replace } from "../../core/dom.js";
import { tokenName } from "../../core/tokens.js";
import { shareText } from "./labels.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./geometry.js").Geometry} Geometry */

/** Of the selected output. */
const WORTH_NAMING = 0.05;

/** @param {HTMLElement} stage @param {(token: number) => void} onGo */
export function beyond(stage, onGo) {
  const make = (/** @type {string} */ name) => {
    const at = { token: 0 };
    const element = h("button", {
      class: `lmw-flow-beyond lmw-flow-${name}`,
      tabindex: "-1",
      hidden: true,
      onclick: () => onGo(at.token),
    });
    stage.appendChild(element);
    return { element, at };
  };
  const [above, below] = [make("above"), make("below")];

  /**
   * The strongest source on one side of the window, if it is worth it; −1: none.
   * @param {Geometry} place
   * @param {Float64Array} shares
   * @param {(y: number) => boolean} isOut
   */
  function strongest(place, shares, isOut) {
    let best = -1;
    for (let i = 0; i < shares.length; i++) {
      const share = Math.abs(shares[i]);
      if (share < WORTH_NAMING || (best >= 0 && share <= Math.abs(shares[best]))) continue;
      if (isOut(place.y(i))) best = i;
    }
    return best;
  }

  /** @param {ReturnType<typeof make>} side @param {string} arrow @param {Tokens} tokens @param {Float64Array} shares @param {number} token */
  function name({ element, at }, arrow, tokens, shares, token) {
    element.hidden = token < 0;
    if (token < 0) return;
    at.token = token;
    const what = h("bdi", null, tokenName(tokens, token, 24));
    replace(element, `${arrow} `, what, ` ${shareText(Math.abs(shares[token]))}`);
  }

  return {
    /** @param {Tokens} tokens @param {Geometry} place @param {Float64Array} shares */
    show(tokens, place, shares) {
      const { height } = place.frame;
      name(
        above,
        "↑",
        tokens,
        shares,
        strongest(place, shares, (y) => y < 0),
      );
      name(
        below,
        "↓",
        tokens,
        shares,
        strongest(place, shares, (y) => y > height),
      );
    },
  };
}

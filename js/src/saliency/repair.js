/** Under an error: the way back to the last picture, and the target again, to be mended. */

import { h } from "../core/dom.js";
import { wantedEntry } from "./predictions.js";

/** @typedef {import("./types").Wanted} Wanted */
/**
 * What is read of the state of any widget of attribution.
 * @typedef {{status: import("./types").SaliencyStatus, busy: boolean,
 *   refused: import("./types").Refused | null, figure: {readout: string}}} Mendable
 */
/**
 * What the reader may ask; where every token is its own target, there is only a foil.
 * @typedef {{setTarget?: (target: Wanted) => void, setFoil: (foil: Wanted) => void, back: () => void}} Mending
 */

/**
 * @param {HTMLElement} figure where messages stand
 * @param {Mending} actions
 */
export function repair(figure, actions) {
  const entry = wantedEntry({ onTarget: actions.setTarget, onFoil: actions.setFoil });
  const back = h(
    "button",
    { class: "lmw-button lmw-back", onclick: actions.back },
    "Back to the last picture",
  );
  const element = h("div", { class: "lmw-repair", hidden: true }, entry.element, back);
  figure.append(element);
  let before = false;

  return {
    field: entry.field,
    back,
    /** Whether the text itself is to be mended: without a word of Python, it is. @param {Mendable} state */
    needsText({ status: { state, about = ["text"], back: known } }) {
      return state === "empty" || about.includes("text") || !known;
    },
    /** @param {Mendable} state */
    draw({ status, busy, refused, figure: { readout } }) {
      const error = status.state === "error" && !busy;
      element.hidden = !error || !(status.back || refused);
      back.hidden = !status.back;
      entry.draw({ interactive: error && refused !== null, readout });
      if (error && !before && refused) entry.fill(refused);
      before = error;
    },
  };
}

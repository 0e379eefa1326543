/** Under an error: the way back to the last picture, and the target again, to be mended. */

import { h } from "../core/dom.js";
import { wantedEntry } from "./predictions.js";

/** @typedef {import("./types").Wanted} Wanted */
/**
 * What is read of the state of any widget of attribution.
 * @typedef {{status: import("./types").SaliencyStatus, busy: boolean, refused: Wanted,
 *   figure: {readout: string}}} Mendable
 */

/**
 * @param {HTMLElement} figure where messages stand
 * @param {{setTarget: (target: Wanted) => void, setFoil: (foil: Wanted) => void, back: () => void}} actions
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

  /** What the error is about, as Python says it; without a word, the text. @param {Mendable} state */
  const about = ({ status }) => status.about ?? ["text"];
  const wanted = (/** @type {Mendable} */ state) =>
    about(state).some((name) => name === "target" || name === "foil");

  return {
    /** Whether the text itself is to be mended. @param {Mendable} state */
    needsText(state) {
      if (state.status.state === "empty") return true;
      return about(state).includes("text") || !state.status.back;
    },
    /** @param {Mendable} state */
    draw(state) {
      const error = state.status.state === "error" && !state.busy;
      element.hidden = !error || !(state.status.back || wanted(state));
      back.hidden = !state.status.back;
      entry.draw({ interactive: error && wanted(state), readout: state.figure.readout });
      if (error && !before && wanted(state) && typeof state.refused === "string") {
        entry.fill(state.refused);
      }
      before = error;
    },
  };
}

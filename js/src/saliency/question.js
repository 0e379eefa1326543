/** The question over a figure, its target and foil marked as the scale marks them. */

import { h } from "../core/dom.js";
import { question } from "./words.js";

/** @param {import("./types").Described} figure */
export function questionNodes(figure) {
  return question(figure).map(({ text, part }) =>
    part === "words"
      ? text
      : h("span", { class: `lmw-asked lmw-asked-${part}`, dir: "auto" }, text),
  );
}

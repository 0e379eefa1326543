/** Which methods are compared: a box to tick for each, by group. */

import { h, replace, span } from "../../core/dom.js";

/** @typedef {import("./types").MethodInfo} MethodInfo */

/** @param {(names: string[]) => void} onMethods */
export function methodBoxes(onMethods) {
  const element = h("div", { class: "lmw-method-boxes", role: "group", "aria-label": "Methods" });
  /** @type {HTMLInputElement[]} */
  let boxes = [];
  let drawn = "";

  function changed() {
    const names = boxes.filter(({ checked }) => checked).map(({ value }) => value);
    if (names.length > 0) onMethods(names);
  }

  return {
    element,
    /** @param {MethodInfo[]} known @param {string[]} chosen */
    draw(known, chosen) {
      const key = known.map(({ name }) => name).join();
      if (key !== drawn) {
        drawn = key;
        boxes = [];
        const groups = [...new Set(known.map(({ group }) => group ?? ""))];
        replace(
          element,
          groups.map((group) =>
            h(
              "fieldset",
              null,
              h("legend", { class: "lmw-label" }, group),
              known.filter((one) => one.group === group).map(box),
            ),
          ),
        );
      }
      for (const one of boxes) one.checked = chosen.includes(one.value);
    },
  };

  /** @param {MethodInfo} method */
  function box({ name, label, summary, slow }) {
    const input = h("input", { type: "checkbox", value: name, onchange: changed });
    boxes.push(input);
    const element = h(
      "label",
      { class: "lmw-method-box" },
      input,
      label,
      slow ? span("lmw-muted", "slow") : null,
    );
    element.title = summary;
    return element;
  }
}

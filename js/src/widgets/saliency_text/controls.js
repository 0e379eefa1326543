/** The header: what this is, the method switch, the actions; and the help that folds away. */

import { copyButton } from "../../core/actions.js";
import { iconButton, segmented } from "../../core/controls.js";
import { aria, div, h, replace } from "../../core/dom.js";
import { keyList, popover } from "../../core/popover.js";

/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").MethodInfo} MethodInfo */
/** @typedef {import("../../core/shell.js").Shell} Shell */

/** More methods than this stand in a menu rather than in a row. */
const ROW = 4;

/**
 * @param {Shell} frame
 * @param {object} on
 * @param {(name: string) => void} on.onMethod
 * @param {() => void} on.onEdit
 * @param {(open: boolean) => void} on.onTable
 * @param {() => string} on.textToCopy
 */
export function header(frame, { onMethod, onEdit, onTable, textToCopy }) {
  const edit = iconButton({ icon: "edit", label: "Edit the text", keys: "e", onClick: onEdit });
  const table = iconButton({
    icon: "table",
    label: "Show as table",
    pressed: false,
    onClick: () => onTable(table.getAttribute("aria-pressed") !== "true"),
  });
  const copy = copyButton(frame, { label: "Copy the values as text", text: textToCopy });
  const help = iconButton({ icon: "help", label: "What this shows", onClick: () => {} });
  const about = div("lmw-help");
  frame.actions.append(edit, table, copy, help);
  popover(frame.root, help, about, "What this shows");
  let drawn = "";
  /** @type {((name: string) => void)[]} */
  let setters = [];

  /** @param {Figure} figure @param {boolean} live */
  function drawMethods({ methods, method }, live) {
    const key = JSON.stringify([methods, live, live ? "" : method]);
    if (key === drawn) return;
    drawn = key;
    setters = [];
    const known = methods.find(({ name }) => name === method);
    if (!live || methods.length < 2) {
      replace(frame.controls, h("span", { title: known?.summary }, known?.label ?? method));
      return;
    }
    const menu = methodMenu(methods, onMethod);
    setters.push(menu.set);
    const several = methods.length <= ROW ? methodRow(methods, onMethod) : null;
    if (several) setters.push(several.set);
    frame.controls.classList.toggle("lmw-methods-row", several !== null);
    replace(frame.controls, several?.element, menu.element);
  }

  return {
    /**
     * @param {Figure} figure
     * @param {{ method: string, live: boolean, editable: boolean, table: boolean, drawable: boolean }} now
     */
    draw(figure, now) {
      replace(frame.title, h("strong", null, "Saliency"), figure.model ? ` · ${figure.model}` : "");
      frame.title.title = figure.model;
      drawMethods(figure, now.live);
      for (const set of setters) set(now.method);
      edit.hidden = !now.editable;
      aria(table, "pressed", now.table);
      table.disabled = !now.drawable;
      copy.disabled = !now.drawable;
      replace(about, helpText(figure, now));
    },
  };
}

/** @param {MethodInfo} method */
function labelOf({ label, slow }) {
  return slow ? `${label} (slow)` : label;
}

/** @param {MethodInfo[]} methods @param {(name: string) => void} onMethod */
function methodRow(methods, onMethod) {
  return segmented({
    label: "Method",
    options: methods.map((method) => ({
      value: method.name,
      label: labelOf(method),
      title: method.summary,
    })),
    value: methods[0].name,
    onChange: onMethod,
  });
}

/** @param {MethodInfo[]} methods @param {(name: string) => void} onMethod */
function methodMenu(methods, onMethod) {
  const options = methods.map((method) =>
    h("option", { value: method.name, title: method.summary }, labelOf(method)),
  );
  const element = h(
    "select",
    {
      class: "lmw-field lmw-method-menu",
      "aria-label": "Method",
      onchange: () => onMethod(element.value),
    },
    options,
  );
  return {
    element,
    set(/** @type {string} */ name) {
      element.value = name;
      element.title = methods.find((method) => method.name === name)?.summary ?? "";
    },
  };
}

/**
 * @param {Figure} figure
 * @param {{ live: boolean, editable: boolean }} now
 */
function helpText({ methods, method, check }, { live, editable }) {
  const known = methods.find(({ name }) => name === method);
  /** @type {[string, string][]} */
  const keys = [
    ["hover", "a token: its value and rank"],
    ["click", "keep it; linked widgets follow"],
    ["← → ↑ ↓", "walk through the tokens"],
    ["Enter", "keep the token, or let it go"],
    ["Esc", "let it go"],
  ];
  if (live)
    keys.push(["click", "a prediction: explain it"], ["shift-click", "a prediction: compare"]);
  if (editable) keys.push(["e", "edit the text"]);
  return [
    known?.summary ? h("p", null, h("strong", null, `${known.label}. `), known.summary) : null,
    check ? h("p", null, check.explanation) : null,
    keyList(keys),
  ];
}

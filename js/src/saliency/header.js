/** The header of one map: what this is, the method, the level, the actions; and what folds away. */

import { copyButton } from "../core/actions.js";
import { iconButton } from "../core/controls.js";
import { aria, div, h, replace } from "../core/dom.js";
import { keyList, popover } from "../core/popover.js";
import { foldedRow } from "../core/shell.js";
import { levelMenu } from "./levels.js";
import { methodMenu } from "./methods.js";
import { settingsFields } from "./settings.js";

/** @typedef {import("./types").MethodInfo} MethodInfo */
/** @typedef {import("./types").SettingInfo} SettingInfo */
/** @typedef {Record<string, number | string | boolean | null>} Settings */
/**
 * @typedef {object} Asking
 * @property {(name: string) => void} setMethod
 * @property {(name: string) => void} setLevel
 * @property {(settings: Settings) => void} setSettings
 */
/**
 * @typedef {object} Headed what is read of a state
 * @property {{model: string, method: string, methods: MethodInfo[], settings: Settings}} figure
 * @property {string} method
 * @property {Settings} settings
 * @property {{name: string}[]} levels
 * @property {boolean} live
 * @property {boolean} editable
 */

/**
 * @param {import("../core/shell.js").Shell} frame
 * @param {Asking} actions
 * @param {object} options
 * @param {HTMLElement[]} [options.often] more controls that matter
 * @param {HTMLElement[]} options.rare more controls that fold away
 * @param {string} [options.aboutLevels] what else the reader should know of them
 * @param {string} options.copy what the button that copies is called
 * @param {() => string} options.textToCopy
 * @param {() => void} options.onEdit
 * @param {(open: boolean) => void} options.onTable
 */
export function mapHeader(frame, actions, options) {
  const { often = [], rare, aboutLevels, copy: called, textToCopy, onEdit, onTable } = options;
  const methods = methodMenu(frame.root, actions.setMethod);
  const levels = levelMenu(actions.setLevel, aboutLevels);
  frame.controls.append(methods.element, levels.element, ...often);
  const folded = foldedRow(frame, { label: "More controls" });
  const settings = settingsFields(actions.setSettings);
  folded.add(...rare, settings.element);

  const edit = iconButton({ icon: "edit", label: "Edit the text", keys: "e", onClick: onEdit });
  const more = iconButton({
    icon: "more",
    label: "More controls",
    onClick() {
      folded.toggle(folded.element.hidden);
      aria(more, "expanded", !folded.element.hidden);
    },
  });
  aria(more, "expanded", "false");
  const table = iconButton({
    icon: "table",
    label: "Show as table",
    pressed: false,
    onClick: () => onTable(table.getAttribute("aria-pressed") !== "true"),
  });
  const copy = copyButton(frame, { label: called, text: textToCopy });
  const help = iconButton({ icon: "help", label: "What this shows", onClick: () => {} });
  const about = div("lmw-help");
  frame.actions.append(edit, more, table, copy, help);
  popover(frame.root, help, about, "What this shows");

  return {
    /**
     * @param {Headed} state
     * @param {object} now
     * @param {string} now.level that is shown
     * @param {boolean} now.table whether the table is open
     * @param {boolean} now.drawn whether there are numbers to tell
     * @param {boolean} now.folds whether there is anything to fold away
     * @param {{before?: (HTMLElement | null)[], after?: (HTMLElement | null)[], keys: [string, string][]}} now.help
     *   what it says before and after the method, and the keys
     */
    draw(state, { level, table: tabled, drawn, folds, help: told }) {
      const { figure, live, method, editable } = state;
      replace(frame.title, h("strong", null, "Saliency"), figure.model ? ` · ${figure.model}` : "");
      frame.title.title = figure.model;
      methods.draw(figure.methods, method, live);
      levels.draw(
        state.levels.map(({ name }) => name),
        level,
      );
      const known = figure.methods.find(({ name }) => name === method);
      const used = figure.method === method ? figure.settings : {};
      settings.draw((live && known?.settings) || [], state.settings, used);
      more.hidden = !folds;
      if (!folds) folded.toggle(false);
      edit.hidden = !editable;
      aria(table, "pressed", tabled);
      table.disabled = copy.disabled = !drawn;
      const keys = editable
        ? [...told.keys, /** @type {[string, string]} */ (["e", "edit the text"])]
        : told.keys;
      replace(
        about,
        ...(told.before ?? []),
        known?.summary ? h("p", null, h("strong", null, `${known.label}. `), known.summary) : null,
        ...(told.after ?? []),
        keyList(keys),
      );
    },
    destroy: () => methods.destroy(),
  };
}

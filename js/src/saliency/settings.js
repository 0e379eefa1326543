/** Fields for the settings of a method, made from what Python says about them; empty is automatic. */

import { aria, focused, h, replace, span } from "../core/dom.js";

/** @typedef {import("./types").SettingInfo} SettingInfo */
/** @typedef {number | string | boolean | null} Value */

/**
 * What a field holds as a setting; null for the method's own choice, undefined for no number.
 * @param {SettingInfo["kind"]} kind
 * @param {string} text
 * @returns {Value | undefined}
 */
export function settingOf(kind, text) {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (kind === "str") return text;
  const value = Number(trimmed);
  if (!Number.isFinite(value)) return undefined;
  return kind === "int" ? Math.round(value) : value;
}

/** @param {string} name */
const labelOf = (name) => name.replaceAll("_", " ");

/** @param {(settings: Record<string, Value>) => void} onChange */
export function settingsFields(onChange) {
  const element = h("div", { class: "lmw-settings", role: "group", "aria-label": "Settings" });
  /** @type {Record<string, Value>} */
  let given = {};
  let drawn = "";

  /** @param {string} name @param {Value} value */
  function change(name, value) {
    const { [name]: _, ...rest } = given;
    onChange(value === null ? rest : { ...rest, [name]: value });
  }

  /** @param {SettingInfo} setting @param {Value | undefined} used */
  function field({ name, kind, default: standard }, used) {
    const label = span("lmw-label", labelOf(name));
    if (kind === "bool") {
      const box = h("input", {
        type: "checkbox",
        name,
        onchange: () => change(name, box.checked === standard ? null : box.checked),
      });
      box.checked = Boolean(given[name] ?? used ?? standard);
      return h("label", { class: "lmw-check" }, box, label);
    }
    const input = h("input", {
      class: "lmw-field lmw-setting",
      name,
      inputmode: kind === "str" ? "text" : "decimal",
      placeholder: String(used ?? standard ?? "auto"),
      onchange: () => {
        const value = settingOf(kind, input.value);
        aria(input, "invalid", value === undefined);
        input.title = value === undefined ? `“${input.value}” is no number.` : "";
        if (value === undefined) input.value = asGiven();
        else change(name, value);
      },
    });
    const asGiven = () => (given[name] === undefined ? "" : String(given[name]));
    input.value = asGiven();
    input.addEventListener("keydown", (event) => event.stopPropagation());
    return h("label", { class: "lmw-setting-row" }, label, input);
  }

  return {
    element,
    /**
     * @param {SettingInfo[]} settings
     * @param {Record<string, Value>} now what was asked for
     * @param {Record<string, Value>} used what was computed with
     */
    draw(settings, now, used) {
      given = now;
      const key = JSON.stringify([settings, now, used]);
      if (key === drawn) return;
      drawn = key;
      element.hidden = settings.length === 0;
      const held = element.contains(focused(element)) ? focused(element) : null;
      const name = held?.getAttribute("name");
      replace(
        element,
        settings.map((setting) => field(setting, used[setting.name])),
      );
      if (name)
        /** @type {HTMLElement | null} */ (element.querySelector(`[name="${name}"]`))?.focus();
    },
  };
}

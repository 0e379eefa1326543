/** Small controls with one look; every one has a name for screen readers. */

import { aria, h, replace, span } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("./icons.js").IconName} IconName */

/**
 * @param {{icon: IconName, label: string, onClick: (event: MouseEvent) => void, pressed?: boolean, keys?: string}} options
 */
export function iconButton({ icon: name, label, onClick, pressed, keys }) {
  return h(
    "button",
    {
      class: "lmw-button lmw-icon-button",
      title: keys ? `${label} (${keys})` : label,
      "aria-label": label,
      "aria-pressed": pressed === undefined ? null : String(pressed),
      onclick: onClick,
    },
    icon(name),
  );
}

/**
 * @param {{label: string, onClick: (event: MouseEvent) => void, title?: string, pressed?: boolean}} options
 */
export function textButton({ label, onClick, title, pressed }) {
  return h(
    "button",
    {
      class: "lmw-button",
      title,
      "aria-pressed": pressed === undefined ? null : String(pressed),
      onclick: onClick,
    },
    label,
  );
}

/**
 * @param {{label: string, checked: boolean, onChange: (checked: boolean) => void, title?: string}} options
 * @returns {{element: HTMLElement, set: (checked: boolean) => void}}
 */
export function checkbox({ label, checked, onChange, title }) {
  const input = h("input", { type: "checkbox", onchange: () => onChange(input.checked) });
  input.checked = checked;
  const element = h("label", { class: "lmw-check", title }, input, h("span", null, label));
  return {
    element,
    set(value) {
      input.checked = value;
    },
  };
}

/**
 * A range with its value beside it. `onInput` runs while it moves.
 * @param {{label: string, min: number, max: number, step: number, value: number,
 *   format: (value: number) => string, onInput: (value: number) => void, title?: string}} options
 * @returns {{element: HTMLElement, input: HTMLInputElement, set: (value: number, max?: number) => void}}
 */
export function slider({ label, min, max, step, value, format, onInput, title }) {
  const input = h("input", { type: "range", min, max, step, "aria-label": label });
  const output = span("lmw-value");
  const show = (/** @type {number} */ v) => {
    output.textContent = format(v);
    aria(input, "valuetext", format(v));
    const span = Number(input.max) - min || 1;
    input.style.setProperty("--lmw-filled", `${((v - min) / span) * 100}%`);
  };
  input.value = String(value);
  input.addEventListener("input", () => {
    show(Number(input.value));
    onInput(Number(input.value));
  });
  show(value);
  const element = h(
    "label",
    { class: "lmw-slider", title },
    span("lmw-label", label),
    input,
    output,
  );
  return {
    element,
    input,
    set(v, most) {
      if (most !== undefined) input.max = String(most);
      input.value = String(v);
      show(v);
    },
  };
}

/**
 * A row of buttons of which one is on.
 * @template {string} Value
 * @param {{label: string, options: {value: Value, label: string, icon?: IconName, title?: string}[],
 *   value: Value, onChange: (value: Value) => void}} settings
 * @returns {{element: HTMLElement, set: (value: Value) => void, disable: (value: Value, why: string | null) => void}}
 */
export function segmented({ label, options, value, onChange }) {
  /** @type {Map<Value, HTMLButtonElement>} */
  const buttons = new Map();
  const element = h("div", { class: "lmw-segmented", role: "group", "aria-label": label });
  for (const option of options) {
    const button = h("button", {
      class: "lmw-button",
      title: option.title ?? option.label,
      "aria-label": option.icon ? option.label : null,
      onclick: () => onChange(option.value),
    });
    replace(button, option.icon ? icon(option.icon) : option.label);
    buttons.set(option.value, button);
    element.appendChild(button);
  }
  const set = (/** @type {Value} */ current) => {
    for (const [key, button] of buttons) aria(button, "pressed", key === current);
  };
  set(value);
  return {
    element,
    set,
    disable(key, why) {
      const button = buttons.get(key);
      if (!button) return;
      button.disabled = why !== null;
      const option = options.find((item) => item.value === key);
      button.title = why ?? option?.title ?? option?.label ?? "";
    },
  };
}

/** The menu of methods: in groups, each with what it does, and a mark on the slow ones. */

import { aria, div, h, replace, span } from "../core/dom.js";
import { roving } from "../core/keyboard.js";
import { popover } from "../core/popover.js";

/** @typedef {import("./types").MethodInfo} MethodInfo */

/**
 * Methods by group, in the order they come.
 * @param {MethodInfo[]} methods
 * @returns {[string, MethodInfo[]][]}
 */
export function grouped(methods) {
  /** @type {Map<string, MethodInfo[]>} */
  const groups = new Map();
  for (const method of methods) {
    const name = method.group ?? "";
    groups.set(name, [...(groups.get(name) ?? []), method]);
  }
  return [...groups];
}

/**
 * @param {HTMLElement} root of the widget
 * @param {(name: string) => void} onMethod
 */
export function methodMenu(root, onMethod) {
  const name = h("span", { class: "lmw-method-name" });
  const button = h(
    "button",
    { class: "lmw-button lmw-field lmw-method", "aria-haspopup": "listbox" },
    name,
    h("span", { class: "lmw-caret", "aria-hidden": "true" }, "▾"),
  );
  const list = h("div", { class: "lmw-method-list", role: "listbox", "aria-label": "Method" });
  const panel = popover(root, button, list, "Methods");
  panel.classList.add("lmw-method-panel");
  const plain = h("span", { class: "lmw-method-plain", hidden: true });
  const element = div("lmw-methods", button, plain);
  const keys = roving(list, "[data-method]", {
    orientation: "vertical",
    onActivate: (item) => choose(String(item.dataset.method)),
    onEscape: close,
  });
  list.addEventListener("click", (event) => {
    const item = event.target instanceof Element ? event.target.closest("[data-method]") : null;
    if (item instanceof HTMLElement) choose(String(item.dataset.method));
  });
  panel.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState === "open") here()?.focus();
  });
  let drawn = "";

  /** @returns {HTMLElement | null} */
  const here = () =>
    list.querySelector("[aria-selected='true']") ?? list.querySelector("[data-method]");

  /** @param {string} method */
  function choose(method) {
    close();
    onMethod(method);
  }

  function close() {
    if (typeof panel.hidePopover === "function") panel.hidePopover();
    else panel.classList.remove("lmw-open");
    button.focus();
  }

  /** @param {MethodInfo} method */
  function option({ name: key, label, summary, slow }) {
    return h(
      "div",
      { class: "lmw-method-option", role: "option", tabindex: "-1", "data-method": key },
      div("lmw-method-label", label, slow ? span("lmw-slow", "slow") : null),
      div("lmw-method-summary", summary),
    );
  }

  return {
    element,
    /**
     * @param {MethodInfo[]} methods
     * @param {string} method the one switched on
     * @param {boolean} live whether another can be chosen
     */
    draw(methods, method, live) {
      const known = methods.find((one) => one.name === method);
      const label = known?.label ?? method;
      const open = live && methods.length > 1;
      button.hidden = !open;
      plain.hidden = open;
      plain.textContent = label;
      plain.title = known?.summary ?? "";
      name.textContent = label;
      button.title = known?.summary ?? "";
      aria(button, "label", `Method: ${label}`);
      const key = open ? methods.map((one) => one.name).join() : "";
      if (key !== drawn) {
        drawn = key;
        replace(
          list,
          open ? grouped(methods).map(([group, members]) => section(group, members)) : [],
        );
      }
      for (const item of list.querySelectorAll("[data-method]")) {
        aria(item, "selected", item.getAttribute("data-method") === method);
      }
      keys.refresh();
      keys.select(here());
    },
    destroy: () => keys.destroy(),
  };

  /** @param {string} group @param {MethodInfo[]} members */
  function section(group, members) {
    return h(
      "div",
      { class: "lmw-method-group", role: "group", "aria-label": group || "Methods" },
      group ? h("div", { class: "lmw-method-heading", "aria-hidden": "true" }, group) : null,
      members.map(option),
    );
  }
}

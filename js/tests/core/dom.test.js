import { expect, test, vi } from "vitest";
import { append, h, replace } from "../../src/core/dom.js";

test("strings become text nodes, whatever they look like", () => {
  const element = h("p", null, "<b>x</b>", 3, null, false, ["a", h("i", null, "b")]);
  expect(element.textContent).toBe("<b>x</b>3ab");
  expect(element.querySelectorAll("b").length).toBe(0);
});

test("attributes, styles, data and handlers", () => {
  const click = vi.fn();
  const element = h("button", {
    class: "x",
    disabled: false,
    hidden: true,
    "aria-label": "name",
    style: { "--lmw-a": "1px" },
    dataset: { token: "4" },
    onclick: click,
  });
  element.click();
  expect(click).toHaveBeenCalledOnce();
  expect(element.disabled).toBe(false);
  expect(element.hidden).toBe(true);
  expect(element.dataset.token).toBe("4");
  expect(element.style.getPropertyValue("--lmw-a")).toBe("1px");
});

test("replace empties first", () => {
  const element = h("div", null, "old");
  append(element, ["er"]);
  replace(element, "new");
  expect(element.textContent).toBe("new");
});

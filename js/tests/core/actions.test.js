import { afterEach, expect, test, vi } from "vitest";
import { actionButtons } from "../../src/core/actions.js";
import { foldedRow, shell } from "../../src/core/shell.js";

afterEach(() => {
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

/** @param {Partial<Parameters<typeof actionButtons>[1]>} [more] */
function setUp(more = {}) {
  const frame = shell(document.body, { name: "Test" });
  let open = false;
  const onTable = () => {
    open = !open;
    return open;
  };
  const actions = actionButtons(frame, {
    onEdit() {},
    table: "Table of weights",
    onTable,
    copyText: () => "1\t2",
    keys: [["Esc", "let go"]],
    ...more,
  });
  const button = (/** @type {string} */ name) =>
    /** @type {HTMLButtonElement} */ (frame.actions.querySelector(`[aria-label="${name}"]`));
  return { frame, actions, button };
}

test("the table's button says whether it is open", () => {
  const { button } = setUp({ pressed: false });
  const table = button("Table of weights");
  expect(table.getAttribute("aria-pressed")).toBe("false");
  table.click();
  expect(table.getAttribute("aria-pressed")).toBe("true");
});

test("controls fold out only where there are any", () => {
  expect(setUp().button("More controls")).toBe(null);
  document.body.replaceChildren();
  const frame = shell(document.body, { name: "Other" });
  const more = foldedRow(frame, { label: "More controls" });
  const { button } = setUp({ more });
  button("More controls").click();
  expect(more.element.hidden).toBe(false);
  expect(button("More controls").getAttribute("aria-expanded")).toBe("true");
});

test("copying says that it worked, or why not", async () => {
  const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
  const said = (/** @type {import("../../src/core/shell.js").Shell} */ frame) =>
    vi.waitFor(() => {
      const text = frame.root.querySelector("[aria-live]")?.textContent;
      expect(text).not.toBe("");
      return text;
    });
  const one = setUp();
  one.button("Copy the numbers as text").click();
  expect(await said(one.frame)).toBe("Copied.");
  expect(write).toHaveBeenCalledWith("1\t2");
  document.body.replaceChildren();
  const other = setUp({ copyText: () => null });
  other.button("Copy the numbers as text").click();
  expect(await said(other.frame)).toBe("Nothing is selected.");
});

test("why the text cannot be edited is on its button", () => {
  const { actions, button } = setUp();
  const edit = button("Edit the text");
  actions.setEdit({ shown: true, why: "Editing needs a running kernel" });
  expect([edit.disabled, edit.title]).toEqual([true, "Editing needs a running kernel"]);
  actions.setEdit({ shown: false, why: null });
  expect([edit.disabled, edit.hidden, edit.title]).toEqual([false, true, "Edit the text"]);
});

import { afterEach, expect, test, vi } from "vitest";
import "../../src/core/core.css";
import { foldedRow, shell } from "../../src/core/shell.js";

afterEach(() => document.body.replaceChildren());

const READY = /** @type {const} */ ({
  state: "ready",
  message: "",
  remedy: "",
  example: null,
  progress: null,
});
const later = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
const frame = () =>
  shell(document.body.appendChild(document.createElement("div")), { name: "Test widget" });

test("an error stands in the place of the picture, with what to do, as text", () => {
  const { root, picture, setStatus } = frame();
  setStatus({ ...READY, state: "error", message: "<b>Too long.</b>", remedy: "Shorten it." });
  expect(picture.hidden).toBe(true);
  expect(root.querySelector("[role=alert]")?.textContent).toBe("<b>Too long.</b>");
  expect(root.textContent).toContain("Shorten it.");
  setStatus(READY);
  expect(picture.hidden).toBe(false);
});

test("an empty widget offers an example to click", () => {
  const { root, setStatus } = frame();
  const onExample = vi.fn();
  setStatus(
    { ...READY, state: "empty", message: "Nothing yet.", example: "The cat" },
    { onExample },
  );
  /** @type {HTMLElement} */ (root.querySelector(".lmw-example")).click();
  expect(onExample).toHaveBeenCalledWith("The cat");
});

test("loading shows after 300 ms only, with time left and stop, and moves nothing", async () => {
  const { root, figure, picture, setStatus } = frame();
  picture.style.height = "100px";
  const before = figure.getBoundingClientRect().height;
  const onStop = vi.fn();
  const progress = { done: 12, total: 50, seconds_left: 8 };
  setStatus({ ...READY, state: "loading", progress }, { onStop });
  const line = /** @type {HTMLElement} */ (root.querySelector(".lmw-progress"));
  expect(line.hidden).toBe(true);
  await later(350);
  expect(line.hidden).toBe(false);
  expect(line.textContent).toContain("12 of 50");
  expect(figure.getBoundingClientRect().height).toBe(before);
  /** @type {HTMLElement} */ (root.querySelector(".lmw-stop")).click();
  expect(onStop).toHaveBeenCalledOnce();
  setStatus(READY);
  expect(line.hidden).toBe(true);
});

test("a quick answer never shows the line", async () => {
  const { root, setStatus } = frame();
  setStatus({ ...READY, state: "loading" });
  setStatus(READY);
  await later(350);
  expect(/** @type {HTMLElement} */ (root.querySelector(".lmw-progress")).hidden).toBe(true);
});

test("badge, folded row, and no trace after destroy", () => {
  const made = frame();
  made.badge("kernel not connected");
  expect(made.root.querySelector(".lmw-badge")?.textContent).toBe("kernel not connected");
  const row = foldedRow(made, { label: "More" });
  row.add("x");
  expect(row.element.hidden).toBe(true);
  row.toggle(true);
  expect(row.element.hidden).toBe(false);
  made.destroy();
  expect(document.querySelector(".lmw-root")).toBeNull();
});

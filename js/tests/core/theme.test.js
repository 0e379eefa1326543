import { afterEach, expect, test } from "vitest";
import { detectTheme, watchTheme } from "../../src/core/theme.js";

const later = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {Element | ShadowRoot} [parent] */
function root(parent = document.body) {
  return parent.appendChild(document.createElement("div"));
}

afterEach(() => {
  document.body.className = "";
  document.body.removeAttribute("style");
  delete document.body.dataset.jpThemeLight;
  delete document.body.dataset.vscodeThemeKind;
  document.body.replaceChildren();
});

test("VS Code's class wins over the light JupyterLab values it loads and its white panel", () => {
  document.body.className = "vscode-dark";
  document.body.dataset.jpThemeLight = "true";
  document.body.style.background = "white";
  expect(detectTheme(root())).toBe("dark");
  document.body.className = "vscode-light";
  expect(detectTheme(root())).toBe("light");
});

test("VS Code's high contrast themes", () => {
  document.body.className = "vscode-high-contrast";
  expect(detectTheme(root())).toBe("dark");
  document.body.className = "vscode-high-contrast vscode-high-contrast-light";
  expect(detectTheme(root())).toBe("light");
});

test("JupyterLab says it on the body", () => {
  document.body.dataset.jpThemeLight = "false";
  expect(detectTheme(root())).toBe("dark");
  document.body.dataset.jpThemeLight = "true";
  expect(detectTheme(root())).toBe("light");
});

test("a plain page: the colour really behind the element", () => {
  document.body.style.background = "#15161a";
  expect(detectTheme(root())).toBe("dark");
  const paper = root();
  paper.style.background = "rgb(250, 250, 250)";
  expect(detectTheme(root(paper))).toBe("light");
});

test("a shadow root: the colour behind its host", () => {
  document.body.style.background = "#101010";
  const shadow = root().attachShadow({ mode: "open" });
  expect(detectTheme(root(shadow))).toBe("dark");
});

test("it follows the host while it changes, until stopped", async () => {
  document.body.dataset.jpThemeLight = "true";
  const element = root();
  /** @type {string[]} */
  const seen = [];
  const stop = watchTheme(element, "auto", (theme) => seen.push(theme));
  document.body.dataset.jpThemeLight = "false";
  await later(20);
  expect(seen).toEqual(["light", "dark"]);
  expect(element.dataset.lmwTheme).toBe("dark");
  stop();
  document.body.dataset.jpThemeLight = "true";
  await later(350);
  expect(seen).toEqual(["light", "dark"]);
});

test("a fixed theme does not care about the host", () => {
  document.body.dataset.jpThemeLight = "true";
  const element = root();
  watchTheme(element, "dark");
  expect(element.dataset.lmwTheme).toBe("dark");
  expect(element.dataset.lmwFixed).toBe("true");
});

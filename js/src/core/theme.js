/**
 * Which theme the reader is looking at. Notebook hosts each say it in their own way, and VS Code
 * loads JupyterLab's variables with light values whatever its theme, so the order matters:
 * VS Code's body class, JupyterLab's body attribute, the colour really painted behind the
 * element, the system's preference.
 */

import { luminance, parseColour } from "./colour.js";

/** @typedef {import("./types").Theme} Theme */
/** @typedef {import("./types").ThemePreference} ThemePreference */

/** The parent in the flattened tree: out of a shadow root to its host. @param {Element} element */
function parentOf(element) {
  const parent = element.parentNode;
  return parent instanceof ShadowRoot ? parent.host : element.parentElement;
}

/**
 * The first opaque background behind an element, or null.
 * @param {Element} element
 * @returns {[number, number, number] | null}
 */
export function backgroundBehind(element) {
  /** @type {Element | null} */
  let node = parentOf(element);
  while (node) {
    const colour = parseColour(getComputedStyle(node).backgroundColor);
    if (colour && colour[3] > 0.5) return [colour[0], colour[1], colour[2]];
    node = parentOf(node);
  }
  return null;
}

/** @returns {"vscode" | "jupyter" | "page"} */
export function hostKind() {
  const body = document.body;
  if (/\bvscode-(dark|light|high-contrast)/.test(body.className) || body.dataset.vscodeThemeKind) {
    return "vscode";
  }
  return body.dataset.jpThemeLight ? "jupyter" : "page";
}

/**
 * @param {Element} element
 * @returns {Theme}
 */
export function detectTheme(element) {
  const body = document.body;
  const code = `${body.className} ${body.dataset.vscodeThemeKind ?? ""}`;
  if (hostKind() === "vscode") {
    return /vscode-(light|high-contrast-light)\b/.test(code) ? "light" : "dark";
  }
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false" ? "dark" : "light";
  const behind = backgroundBehind(element);
  if (behind) return luminance(behind) < 0.2 ? "dark" : "light";
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/**
 * Keep `data-lmw-theme` on the root true while host or system change.
 * @param {HTMLElement} root
 * @param {ThemePreference} preference
 * @param {(theme: Theme) => void} [onChange] called at once and then on every change
 * @returns {() => void} stop
 */
export function watchTheme(root, preference, onChange = () => {}) {
  const fixed = preference === "light" || preference === "dark" ? preference : null;
  /** @type {Theme | null} */
  let current = null;
  const update = () => {
    const theme = fixed ?? detectTheme(root);
    root.dataset.lmwHost = hostKind();
    root.dataset.lmwFixed = fixed ? "true" : "false";
    if (theme === current) return;
    current = theme;
    root.dataset.lmwTheme = theme;
    onChange(theme);
  };
  update();
  if (fixed) return () => {};
  // Hosts fade their background: look again when that has ended.
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let later;
  const changed = () => {
    update();
    clearTimeout(later);
    later = setTimeout(update, 300);
  };
  const observer = new MutationObserver(changed);
  const options = { attributes: true, attributeFilter: undefined };
  observer.observe(document.body, options);
  observer.observe(document.documentElement, options);
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", changed);
  const frame = requestAnimationFrame(update); // the root may not have been in the page yet
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(later);
    observer.disconnect();
    media.removeEventListener("change", changed);
  };
}

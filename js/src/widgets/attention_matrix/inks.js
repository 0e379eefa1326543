/** The theme's colours, as the canvas needs them. */

/** @typedef {import("./labels.js").Inks} Inks */

/** Until the theme is known. @type {Inks} */
export const INKS = {
  ink: "#000",
  muted: "#555",
  line: "#ccc",
  paper: "#fff",
  accent: "#06c",
  wash: "#eee",
};

/** @param {HTMLElement} element @returns {Inks} */
export function inksOf(element) {
  const computed = getComputedStyle(element);
  const of = (/** @type {string} */ name) => computed.getPropertyValue(`--lmw-${name}`).trim();
  return {
    ink: of("ink"),
    muted: of("muted"),
    line: of("faint"),
    paper: of("paper"),
    accent: of("accent"),
    wash: of("wash"),
  };
}

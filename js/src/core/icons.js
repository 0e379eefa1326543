/** Line icons, drawn on a 16 px grid in the colour of the text. */
import { aria } from "./dom.js";

const PATHS = {
  table: "M2.5 3.5h11v9h-11zM2.5 6.5h11M2.5 9.5h11M6.5 6.5v6",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  check: "M3 8.5l3.2 3.2L13 4.8",
  help: "M6 6.2c0-1.2.9-2 2-2s2 .8 2 1.9c0 1.5-2 1.6-2 3M8 11.6v.3M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8",
  edit: "M10.8 2.8l2.4 2.4-7.6 7.6-3 .6.6-3zM9.2 4.4l2.4 2.4",
  more: "M3 5h3M10 5h3M3 11h6M13 11h0M8 3.2v3.6M11 9.2v3.6",
  previous: "M10 3.5L5.5 8l4.5 4.5",
  next: "M6 3.5L10.5 8 6 12.5",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  search: "M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4M10.2 10.2l3.2 3.2",
  columns:
    "M3 3.5h2.5M3 8h2.5M3 12.5h2.5M10.5 3.5H13M10.5 8H13M10.5 12.5H13M6.5 3.5c2 0 1.5 9 3.5 9",
  arcs: "M2.5 12.5h11M4 10.5C4 4 12 4 12 10.5M4 10.5c0-2.8 4-2.8 4 0",
  lines: "M2.5 3.5h11M2.5 12.5h11M5 5.5c0 2.5 5 2 5 5M9 5.5c0 2-5 2.5-5 5",
  play: "M5 3.5v9l7-4.5z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  close: "M4 4l8 8M12 4l-8 8",
  stop: "M4.5 4.5h7v7h-7z",
  unlink: "M3 3l10 10M5 8a3 3 0 0 1 1-2.2M11 8a3 3 0 0 1-1 2.2",
};

/** @typedef {keyof typeof PATHS} IconName */

/**
 * @param {IconName} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "lmw-icon");
  aria(svg, "hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.appendChild(path);
  return svg;
}

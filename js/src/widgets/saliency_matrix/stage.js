/** The matrix: cells and labels in a box that scrolls by itself, pointed at and walked through. */

import { fitCanvas } from "../../core/canvas.js";
import { aria, div, h, isCommand, take } from "../../core/dom.js";
import { frames } from "../../core/frames.js";
import { axes, labelWidths } from "./axes.js";
import { step } from "./keys.js";
import { columnAt, edge, layoutOf, rowAt } from "./layout.js";
import { overview } from "./overview.js";
import { inksOf, paintCells, paintSpot, paintStrongest } from "./paint.js";

/** @typedef {import("./types").Grid} Grid */
/** @typedef {import("./types").Layout} Layout */
/** @typedef {import("./types").Spot} Spot */
/** @typedef {import("./types").Theme} Theme */

/** The box is this high at most; more rows scroll. */
const TALLEST = 540;
/** Room for a scroll bar. */
const BAR = 14;

/**
 * @typedef {object} Scene
 * @property {Grid} grid
 * @property {Theme} theme
 * @property {Float32Array} limits end of the scale of each row
 * @property {number[] | null} strongest column of each row that is outlined
 * @property {(row: number, column: number) => string} number
 */

/**
 * @param {object} on
 * @param {(spot: Spot | null, by?: "keyboard") => void} on.onHover
 * @param {(spot: Spot) => void} on.onChoose
 * @param {() => void} on.onRelease
 */
export function stage({ onHover, onChoose, onRelease }) {
  const base = h("canvas", { class: "lmw-matrix-canvas", width: "1", height: "1" });
  const overlay = h("canvas", { class: "lmw-matrix-canvas", width: "1", height: "1" });
  const labels = axes();
  const plot = h("div", { class: "lmw-matrix-plot", role: "application", tabindex: "0" });
  const frame = div("lmw-matrix-window", base, overlay, labels.element, plot);
  const sizer = div("lmw-matrix-sizer", frame);
  const box = div("lmw-matrix-box", sizer);
  const map = overview((x, y) => {
    box.scrollLeft = x;
    box.scrollTop = y;
  });
  const element = div("lmw-matrix-stage", box, map.element);
  const jobs = frames();

  /** @type {Scene | null} */
  let scene = null;
  /** @type {Layout | null} */
  let layout = null;
  let inks = inksOf(box);
  /** @type {{row: number, column: number} | null} */
  let widths = null;
  /** @type {{hovered: Spot | null, pinned: Spot | null, heard: Spot | null}} */
  let lit = { hovered: null, pinned: null, heard: null };
  /** Where the keyboard is. @type {Spot} */
  let place = { row: 0, column: 0 };
  let width = 0;

  const observer = new ResizeObserver(() => {
    if (Math.floor(element.clientWidth) === width) return;
    measure();
  });
  observer.observe(element);

  function measure() {
    width = Math.floor(element.clientWidth);
    if (!scene || width === 0) return;
    const { grid } = scene;
    widths ??= labelWidths(grid);
    layout = layoutOf({
      available: width,
      columns: grid.columns,
      input: grid.input,
      rows: grid.rows.length,
      rowLabel: widths.row,
      columnLabel: widths.column,
    });
    const wide = layout.width > width;
    const tall = Math.min(layout.tall, TALLEST);
    const style = { width: `${layout.width}px`, height: `${layout.tall}px` };
    Object.assign(sizer.style, style);
    box.style.height = `${tall + (wide ? BAR : 0)}px`;
    frame.style.width = `${box.clientWidth}px`;
    frame.style.height = `${Math.min(layout.tall, box.clientHeight)}px`;
    for (const canvas of [base, overlay]) {
      canvas.style.left = `${layout.left}px`;
      canvas.style.top = `${layout.top}px`;
    }
    labels.draw(grid, layout);
    jobs.next(paint);
  }

  /** What of the cells is seen, from the first one. */
  function view() {
    const { left, top } = /** @type {Layout} */ (layout);
    return {
      x: box.scrollLeft,
      y: box.scrollTop,
      width: Math.max(1, frame.clientWidth - left),
      height: Math.max(1, frame.clientHeight - top),
    };
  }

  function paint() {
    if (!scene || !layout) return;
    const seen = view();
    const context = fitCanvas(base, seen.width, seen.height);
    const { grid, theme, limits, strongest, number } = scene;
    paintCells(context, grid, layout, seen, { theme, limits, inks });
    if (strongest) paintStrongest(context, strongest, number, layout, seen, inks);
    labels.scroll(seen.x, seen.y, seen.width);
    map.draw(scene, layout, seen);
    paintLit();
  }

  function paintLit() {
    if (!scene || !layout) return;
    const seen = view();
    const context = fitCanvas(overlay, seen.width, seen.height);
    const { hovered, pinned, heard } = lit;
    const { rows } = scene.grid;
    const here = layout;
    const mark = (/** @type {Spot} */ spot, /** @type {boolean} */ strong) => {
      const until = rows[spot.row ?? 0]?.until ?? 0;
      paintSpot(context, spot, here, seen, { inks, pinned: strong, until });
    };
    if (pinned) mark(pinned, true);
    if (heard && !hovered) mark(heard, false);
    if (hovered && !(pinned && equal(hovered, pinned))) mark(hovered, false);
    const spots = [
      { ...(pinned ?? NOWHERE), name: "lmw-pinned" },
      { ...(heard ?? NOWHERE), name: "lmw-lit" },
      { ...(hovered ?? NOWHERE), name: "lmw-lit" },
    ];
    labels.light(spots, seen.x, seen.width);
  }

  /** @param {MouseEvent} event @returns {Spot | null} */
  function spotAt(event) {
    if (!scene || !layout) return null;
    const { left, top } = frame.getBoundingClientRect();
    const x = event.clientX - left - layout.left;
    const y = event.clientY - top - layout.top;
    const column = x < 0 ? null : columnAt(layout, x + box.scrollLeft);
    const row = y < 0 ? null : rowAt(layout, y + box.scrollTop);
    if (x >= 0 && column === null) return null;
    if (row === null) return y < 0 && column !== null ? { row: null, column } : null;
    if (column !== null && column >= scene.grid.rows[row].until) return null;
    return { row, column };
  }

  plot.addEventListener("pointermove", (event) => onHover(spotAt(event)));
  plot.addEventListener("pointerleave", () => onHover(null));
  plot.addEventListener("click", (event) => {
    const spot = spotAt(event);
    if (!spot) return onRelease();
    if (spot.row !== null) place = spot;
    onChoose(spot);
  });
  plot.addEventListener("focus", () => {
    if (plot.matches(":focus-visible")) go(place);
  });
  plot.addEventListener("blur", () => onHover(null));
  plot.addEventListener("keydown", (event) => {
    if (isCommand(event) || event.shiftKey || !scene) return;
    if (event.key === "Enter" || event.key === " ") onChoose(place);
    else if (event.key === "Escape") onRelease();
    else {
      const next = step(scene.grid, place, event.key);
      if (!next) return;
      go(next);
    }
    take(event);
  });
  box.addEventListener(
    "scroll",
    () => {
      if (!plot.matches(":focus-visible")) onHover(null);
      jobs.next(paint);
    },
    { passive: true },
  );

  /** @param {Spot} spot */
  function go(spot) {
    place = spot;
    reveal(spot);
    onHover(spot, "keyboard");
  }

  /** @param {Spot} spot */
  function reveal({ row, column }) {
    if (!layout) return;
    const seen = view();
    if (column !== null) {
      const left = edge(layout, column);
      if (left < seen.x) box.scrollLeft = left - 8;
      else if (left + layout.cell > seen.x + seen.width)
        box.scrollLeft = left + layout.cell - seen.width + 8;
    }
    if (row === null) return;
    const top = row * layout.height;
    if (top < seen.y) box.scrollTop = top;
    else if (top + layout.height > seen.y + seen.height)
      box.scrollTop = top + layout.height - seen.height;
  }

  return {
    element,
    plot,
    reveal,
    /** @param {Scene | null} next @param {string} name for screen readers */
    draw(next, name) {
      element.hidden = next === null;
      if (next && scene?.grid !== next.grid) {
        widths = null;
        if (!scene || scene.grid.units.tokens !== next.grid.units.tokens) {
          box.scrollLeft = box.scrollTop = 0;
        }
        const row = Math.min(place.row ?? 0, next.grid.rows.length - 1);
        const end = next.grid.rows[row].until - 1;
        place = { row, column: place.column === null ? null : Math.min(place.column, end) };
      }
      if (next && next.theme !== scene?.theme) inks = inksOf(box);
      const laid = layout !== null && scene?.grid === next?.grid;
      scene = next;
      aria(plot, "label", name);
      if (laid) jobs.next(paint);
      else if (scene) measure();
    },
    /** @param {Partial<typeof lit>} next */
    light(next) {
      lit = { ...lit, ...next };
      jobs.next(paintLit);
    },
    /** Where a spot is on the screen. @param {Spot} spot */
    boxOf({ row, column }) {
      const { left: x, top: y } = frame.getBoundingClientRect();
      const { left, top, cell, height } = /** @type {Layout} */ (layout);
      const x0 =
        column === null
          ? x
          : x + left + edge(/** @type {Layout} */ (layout), column) - box.scrollLeft;
      const y0 = row === null ? y + top - 20 : y + top + row * height - box.scrollTop;
      return {
        left: x0,
        right: x0 + (column === null ? left : cell),
        top: y0,
        bottom: y0 + (row === null ? 20 : height),
      };
    },
    destroy() {
      jobs.cancel();
      observer.disconnect();
    },
  };
}

const NOWHERE = { row: null, column: null };

/** @param {Spot} a @param {Spot} b */
export function equal(a, b) {
  return a.row === b.row && a.column === b.column;
}

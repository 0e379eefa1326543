/** The stage: cells, labels and crosshair on two canvases, kept true to what is in view. */

import { fitCanvas } from "../../core/canvas.js";
import { div, h, reducedMotion } from "../../core/dom.js";
import { clamp } from "../../core/format.js";
import { frames } from "../../core/frames.js";
import { look as makeLook } from "../../heat/paint.js";
import { INKS, inksOf } from "./inks.js";
import { labels } from "./labels.js";
import { drawBroken, drawCross, drawNumbers } from "./marks.js";
import { roomFor } from "./room.js";
import { surface } from "./surface.js";
import { between, centred, revealed, sameView, whole, within, zoomed } from "./viewport.js";

/** @typedef {import("./types").Matrix} Matrix */
/** @typedef {import("./types").View} View */
/** @typedef {import("./types").Room} Room */
/** @typedef {import("./types").Spot} Spot */
/** @typedef {import("./types").Reading} Reading */
/** @typedef {import("./tiles.js").TileCache} TileCache */
/** @typedef {import("./labels.js").Inks} Inks */
/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("../../heat/paint.js").Scale} Scale */

const GLIDE = 160;
/** Cells that have room for their number. */
const NUMBERS = 34;

/**
 * @param {TileCache} tiles
 * @param {{onView: () => void, onPaint: () => void}} on
 */
export function createPicture(tiles, { onView, onPaint }) {
  const base = h("canvas", { class: "lmw-canvas lmw-canvas-base", width: "1", height: "1" });
  const overlay = h("canvas", { class: "lmw-canvas lmw-canvas-overlay", width: "1", height: "1" });
  const paper = div("lmw-unseen");
  const plot = h("div", { class: "lmw-plot", role: "application", tabindex: "0" });
  const element = div(
    "lmw-stage",
    h("div", { class: "lmw-canvases", "aria-hidden": "true" }, paper, base, overlay),
    plot,
  );
  const jobs = frames();

  /** @type {import("./surface.js").Surface | null} */
  let cells = null;
  /** @type {{query: import("./labels.js").Labels, key: import("./labels.js").Labels} | null} */
  let names = null;
  /** @type {import("../../heat/paint.js").Look | null} */
  let look = null;
  /** @type {Room} */
  let room = { left: 0, top: 0, width: 1, height: 1, rows: 1, columns: 1, turned: true };
  let size = { width: 0, height: 0 };
  /** @type {View} */
  let view = { x: 0, y: 0, sx: 1, sy: 1 };
  /** @type {Inks} */
  let inks = INKS;
  /** @type {{theme: Theme, scale: Scale}} */
  let style = { theme: "light", scale: "head" };
  /** @type {{hovered: Spot | null, pinned: Spot | null, heard: Spot | null}} */
  let lit = { hovered: null, pinned: null, heard: null };
  let animation = 0;

  // Size ----------------------------------------------------------------------------------------

  function measure() {
    const available = Math.floor(element.clientWidth);
    if (!cells) return;
    if (available === 0) {
      size.width = 0; // hidden: measured anew when it is seen
      return;
    }
    const { matrix } = cells;
    const found = roomFor(matrix, available);
    const same = found.room.rows === room.rows && found.room.columns === room.columns;
    const old = room;
    room = found.room;
    size = { width: available, height: room.top + room.height + 4 };
    names = { query: labels(matrix.query, found.side), key: labels(matrix.key, found.above) };
    const wasWhole = sameView(view, whole(old));
    view = same && !wasWhole ? within(view, room) : whole(room);
    element.style.height = `${size.height}px`;
    for (const box of [plot, paper]) {
      const [left, top] = box === paper ? [room.left, room.top] : [0, 0];
      const [width, height] =
        box === paper ? [room.width, room.height] : [room.left + room.width, size.height - 4];
      Object.assign(box.style, {
        left: `${left}px`,
        top: `${top}px`,
        width: `${width}px`,
        height: `${height}px`,
      });
    }
    jobs.next(paintBase);
    jobs.next(paintOverlay);
    moved();
  }
  const observer = new ResizeObserver(() => {
    if (Math.floor(element.clientWidth) !== size.width) measure();
  });
  observer.observe(element);

  // Painting ------------------------------------------------------------------------------------

  function paintBase() {
    if (!cells || !look || !names) return;
    const context = fitCanvas(base, size.width, size.height);
    const late = cells.draw(context, view, room, look);
    drawBroken(context, cells.matrix, view, room, inks);
    if (Math.min(view.sx, view.sy) >= NUMBERS) drawNumbers(context, cells, look, view, room);
    context.strokeStyle = inks.line;
    context.lineWidth = 1;
    context.strokeRect(room.left - 0.5, room.top - 0.5, room.width + 1, room.height + 1);
    names.query.draw(context, view, room, inks);
    names.key.draw(context, view, room, inks);
    corner(context);
    if (late) jobs.next(paintBase);
    else onPaint();
  }

  /** What the two sides are. @param {CanvasRenderingContext2D} context */
  function corner(context) {
    context.font = '11px system-ui, "Segoe UI", "Noto Sans", sans-serif';
    context.fillStyle = inks.muted;
    context.textBaseline = "alphabetic";
    context.textAlign = "right";
    if (room.left < 60) return;
    const y = room.top - (room.turned ? 22 : 12);
    context.fillText("key →", room.left - 8, y);
    context.fillText("query ↓", room.left - 8, y + (room.turned ? 15 : 12) - 2);
  }

  function paintOverlay() {
    if (!cells || !names) return;
    const context = fitCanvas(overlay, size.width, size.height);
    const { hovered, pinned, heard } = lit;
    if (pinned) cross(context, pinned, true);
    if (heard && !hovered) cross(context, heard, false);
    const same = JSON.stringify(hovered) === JSON.stringify(pinned);
    if (hovered && !same) cross(context, hovered, false);
  }

  /** @param {CanvasRenderingContext2D} context @param {Spot} spot @param {boolean} strong */
  function cross(context, spot, strong) {
    if (!names) return;
    drawCross(context, spot, view, room, inks, strong);
    if (spot.rows) names.query.light(context, spot.rows, view, room, inks, strong);
    if (spot.columns) names.key.light(context, spot.columns, view, room, inks, strong);
  }

  // Moving --------------------------------------------------------------------------------------

  function moved() {
    if (!cells) return;
    const here = cells;
    const at = view;
    tiles.moved(() => (cells === here ? here.lacking(view, room) : null));
    plot.style.touchAction = sameView(at, whole(room)) ? "pan-x pan-y" : "none";
    onView();
  }

  /** @param {View} next */
  function place(next) {
    if (sameView(next, view)) return false;
    view = next;
    jobs.next(paintBase);
    jobs.next(paintOverlay);
    moved();
    return true;
  }

  /** At once. @param {View} next @returns {boolean} whether anything moved */
  function jump(next) {
    cancelAnimationFrame(animation);
    return place(next);
  }

  /** Smoothly, unless the reader wants no motion. @param {View} to */
  function glide(to) {
    cancelAnimationFrame(animation);
    if (reducedMotion()) return place(to);
    const [from, start] = [view, performance.now()];
    const step = () => {
      const t = Math.min(1, (performance.now() - start) / GLIDE);
      place(t < 1 ? within(between(from, to, 1 - (1 - t) ** 3), room) : to);
      if (t < 1) animation = requestAnimationFrame(step);
    };
    animation = requestAnimationFrame(step);
    return true;
  }

  function relook() {
    if (!cells) return;
    const { signed, rowLargest } = cells.matrix;
    look = makeLook({ ...style, signed, rowLargest });
    jobs.next(paintBase);
  }

  return {
    element,
    plot,
    /** @param {Matrix | null} matrix */
    show(matrix) {
      tiles.use(matrix);
      const empty = matrix === null || matrix.rows === 0 || matrix.columns === 0;
      cells = empty ? null : surface(/** @type {Matrix} */ (matrix), tiles);
      element.hidden = empty;
      if (!cells) return;
      relook();
      measure();
    },
    /** @param {Theme} theme @param {Scale} scale */
    restyle(theme, scale) {
      style = { theme, scale };
      inks = inksOf(element);
      relook();
      jobs.next(paintOverlay);
    },
    /** Tiles have come. */
    refresh() {
      jobs.next(paintBase);
      moved();
    },
    /** @param {Partial<typeof lit>} next */
    light(next) {
      lit = { ...lit, ...next };
      jobs.next(paintOverlay);
    },
    /** What is under a point of the stage. @param {number} px @param {number} py @returns {Spot | null} */
    spotAt(px, py) {
      if (!cells || !names) return null;
      const [x, y] = [px - room.left, py - room.top];
      if (x >= room.width || y >= room.height || (x < 0 && y < 0)) return null;
      const [row, column] = [names.query.at(y, view), names.key.at(x, view)];
      const { rows, columns } = cells.read(row, column, view);
      return { rows: y < 0 ? null : rows, columns: x < 0 ? null : columns };
    },
    /** @param {number} row @param {number} column */
    read: (row, column) => cells?.read(row, column, view) ?? null,
    /** Where a spot is on the screen. @param {Spot} spot */
    boxOf({ rows, columns }) {
      const { left, top } = element.getBoundingClientRect();
      const span = (
        /** @type {[number, number] | null} */ range,
        /** @type {number} */ first,
        /** @type {number} */ one,
        /** @type {number} */ start,
      ) =>
        range
          ? [start + (range[0] - first) * one, start + (range[1] - first) * one]
          : [start, start];
      const [x0, x1] = span(columns, view.x, view.sx, left + room.left);
      const [y0, y1] = span(rows, view.y, view.sy, top + room.top);
      return { left: x0, right: x1, top: y0, bottom: y1 };
    },
    /** @param {number} factor @param {{x: number, y: number} | null} at point of the stage; null: the middle */
    zoom(factor, at) {
      const [px, py] = at ? [at.x - room.left, at.y - room.top] : [room.width / 2, room.height / 2];
      const next = zoomed(view, factor, clamp(px, 0, room.width), clamp(py, 0, room.height), room);
      return at ? jump(next) : glide(next);
    },
    /** @param {number} dx @param {number} dy */
    pan: (dx, dy) => jump(panBy(dx, dy)),
    whole: () => glide(whole(room)),
    /** @param {number} row @param {number} column */
    approach: (row, column) => glide(centred(view, row, column, room)),
    /** @param {number | null} row @param {number | null} column */
    reveal: (row, column) => jump(revealed(view, row, column, room)),
    get isWhole() {
      return sameView(view, whole(room));
    },
    get canZoomIn() {
      return !sameView(zoomed(view, 1.01, room.width / 2, room.height / 2, room), view);
    },
    get look() {
      return look;
    },
    /** Blocks that are drawn now, in weights, and whether the exact ones are missing. */
    get blocks() {
      if (!cells) return { rows: 1, columns: 1, missing: false };
      const { down, across } = cells.levels(view);
      const lacks = cells.lacking(view, room);
      const missing = (lacks?.missing.length ?? 0) > 0;
      const { level } = cells.matrix;
      return {
        rows: 2 ** (missing ? level : down),
        columns: 2 ** (missing ? level : across),
        missing,
      };
    },
    /** First and last cell in view. */
    get seen() {
      const end = (/** @type {number} */ value, /** @type {number} */ all) =>
        Math.min(all, Math.ceil(value - 1e-6));
      return {
        rows: [Math.floor(view.y + 1e-6), end(view.y + room.height / view.sy, room.rows)],
        columns: [Math.floor(view.x + 1e-6), end(view.x + room.width / view.sx, room.columns)],
      };
    },
    destroy() {
      cancelAnimationFrame(animation);
      jobs.cancel();
      observer.disconnect();
    },
  };

  /** @param {number} dx @param {number} dy */
  function panBy(dx, dy) {
    return within({ ...view, x: view.x - dx / view.sx, y: view.y - dy / view.sy }, room);
  }
}

/** @typedef {ReturnType<typeof createPicture>} Picture */

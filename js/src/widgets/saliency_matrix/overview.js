/** The whole matrix in a strip, when it is larger than its box: a pixel for many columns. */

import { fitCanvas } from "../../core/canvas.js";
import { parseColour } from "../../core/colour.js";
import { h } from "../../core/dom.js";
import { clamp } from "../../core/format.js";
import { edge } from "./layout.js";
import { fillAt, STEPS } from "./paint.js";

/** @typedef {import("./types").Layout} Layout */
/** @typedef {import("./types").Grid} Grid */
/** @typedef {import("./types").Theme} Theme */
/** @typedef {import("./stage.js").Scene} Scene */

const LOWEST = 12;
const TALLEST = 56;
/** Pixels of a row where there is room. */
const ROW = 4;

/** @param {(x: number, y: number) => void} onScroll where the picture is to begin, in pixels of its cells */
export function overview(onScroll) {
  const canvas = h("canvas", { class: "lmw-matrix-map-cells", width: "1", height: "1" });
  const lens = h("div", { class: "lmw-matrix-lens" });
  const element = h(
    "div",
    {
      class: "lmw-matrix-map",
      "aria-hidden": "true",
      title: "The whole matrix; the frame is what stands above",
      hidden: true,
    },
    canvas,
    lens,
  );
  /** @type {{scene: Scene, width: number} | null} */
  let drawn = null;
  let scale = { x: 1, y: 1 };
  let seen = { width: 0, height: 0 };

  /** @param {PointerEvent} event */
  function follow(event) {
    if (event.buttons !== 1) return;
    const { left, top } = element.getBoundingClientRect();
    onScroll(
      (event.clientX - left) / scale.x - seen.width / 2,
      (event.clientY - top) / scale.y - seen.height / 2,
    );
  }
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    follow(event);
  });
  element.addEventListener("pointermove", follow);

  return {
    element,
    /**
     * @param {Scene} scene
     * @param {Layout} layout
     * @param {{x: number, y: number, width: number, height: number}} view
     */
    draw(scene, layout, view) {
      const wide = edge(layout, layout.columns - 1) + layout.cell;
      const tall = layout.rows * layout.height;
      element.hidden = wide <= view.width + 1 && tall <= view.height + 2;
      if (element.hidden) return;
      element.style.marginInlineStart = `${layout.left}px`;
      const width = Math.max(1, element.clientWidth);
      const height = clamp(layout.rows * ROW, LOWEST, TALLEST);
      element.style.height = `${height}px`;
      scale = { x: width / wide, y: height / tall };
      seen = view;
      if (drawn?.scene !== scene || drawn.width !== width) {
        drawn = { scene, width };
        paint(fitCanvas(canvas, width, height), scene, layout, { width, height, across: scale.x });
      }
      const [w, t] = [
        Math.min(width, view.width * scale.x),
        Math.min(height, view.height * scale.y),
      ];
      Object.assign(lens.style, {
        width: `${Math.max(6, w) + 4}px`,
        height: `${t + 4}px`,
        left: `${clamp(view.x * scale.x, 0, Math.max(0, width - Math.max(6, w))) - 2}px`,
        top: `${clamp(view.y * scale.y, 0, height - t) - 2}px`,
      });
    },
  };
}

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Layout} layout @param {{width: number, height: number, across: number}} size */
function paint(context, { grid, limits, theme }, layout, { width, height, across }) {
  const rows = Math.min(grid.rows.length, height);
  const shares = pooled(grid, limits, layout, { width: Math.ceil(width), rows, across });
  const small = document.createElement("canvas");
  small.width = Math.ceil(width);
  small.height = rows;
  const pen = /** @type {CanvasRenderingContext2D} */ (small.getContext("2d"));
  const image = pen.createImageData(small.width, rows);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = palette(grid.signed, theme);
  for (let i = 0; i < pixels.length; i++) {
    if (!Number.isNaN(shares[i])) pixels[i] = colours[Math.round(shares[i] * STEPS) + STEPS];
  }
  pen.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, width, height);
}

/**
 * The strongest cell in each pixel, −1…1; NaN where nothing had been written.
 * @param {Grid} grid
 * @param {ArrayLike<number>} limits
 * @param {Layout} layout
 * @param {{width: number, rows: number, across: number}} size
 */
export function pooled(grid, limits, layout, { width, rows, across }) {
  const most = new Float32Array(width * rows).fill(Number.NaN);
  const pixelOf = Int32Array.from({ length: grid.columns + 1 }, (_, column) =>
    Math.min(width, Math.floor((edge(layout, column - 1) + layout.cell) * across)),
  );
  grid.rows.forEach(({ scores, until }, row) => {
    const line = Math.floor((row * rows) / grid.rows.length) * width;
    for (let column = 0; column < until; column++) {
      const t = limits[row] > 0 ? clamp(scores[column] / limits[row], -1, 1) : 0;
      const from = Math.floor(edge(layout, column) * across);
      const to = Math.max(from + 1, pixelOf[column + 1]);
      for (let at = line + from; at < line + Math.min(width, to); at++) {
        if (!(Math.abs(t) <= Math.abs(most[at]))) most[at] = Number.isNaN(t) ? most[at] : t;
      }
    }
  });
  return most;
}

/** @param {boolean} signed @param {Theme} theme */
function palette(signed, theme) {
  return Uint32Array.from({ length: 2 * STEPS + 1 }, (_, i) => {
    const [r, g, b] = /** @type {number[]} */ (
      parseColour(fillAt((i - STEPS) / STEPS, signed, theme))
    );
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
}

/** From the plane to the screen and back: both axes have one scale, for distances mean something. */

import { clamp } from "../../core/format.js";

const MARGIN = 24;
const CLOSEST = 200;

/** @param {() => void} onMove */
export function camera(onMove) {
  let size = { width: 1, height: 1 };
  /** What fills the picture: the middle, and pixels for one unit. */
  let home = { x: 0, y: 0, scale: 1 };
  let zoom = 1;
  let middle = { x: 0, y: 0 };

  const scale = () => home.scale * zoom;

  return {
    /** @param {ArrayLike<number>} points x, y, x, y … @param {number} width @param {number} height */
    fit(points, width, height) {
      size = { width, height };
      let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
      for (let i = 0; i < points.length; i += 2) {
        left = Math.min(left, points[i]);
        right = Math.max(right, points[i]);
        low = Math.min(low, points[i + 1]);
        high = Math.max(high, points[i + 1]);
      }
      home = {
        x: (left + right) / 2 || 0,
        y: (low + high) / 2 || 0,
        scale: Math.min(
          (width - 2 * MARGIN) / (right - left || 1),
          (height - 2 * MARGIN) / (high - low || 1),
        ),
      };
    },
    reset() {
      zoom = 1;
      middle = { x: home.x, y: home.y };
      onMove();
    },
    /** Whether all of it is in view as at first. */
    get isHome() {
      return zoom === 1 && middle.x === home.x && middle.y === home.y;
    },
    /** @param {number} x */
    left: (x) => size.width / 2 + (x - middle.x) * scale(),
    /** @param {number} y */
    top: (y) => size.height / 2 - (y - middle.y) * scale(),
    /** @param {number} factor @param {number} [left] what stays in place @param {number} [top] */
    zoomBy(factor, left = size.width / 2, top = size.height / 2) {
      const before = scale();
      zoom = clamp(zoom * factor, 0.5, CLOSEST);
      const [dx, dy] = [left - size.width / 2, top - size.height / 2];
      middle = {
        x: middle.x + dx / before - dx / scale(),
        y: middle.y - dy / before + dy / scale(),
      };
      onMove();
    },
    /** @param {number} dx pixels @param {number} dy */
    panBy(dx, dy) {
      middle = { x: middle.x - dx / scale(), y: middle.y + dy / scale() };
      onMove();
    },
  };
}

/** @typedef {ReturnType<typeof camera>} Camera */

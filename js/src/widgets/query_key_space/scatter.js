/** The plane: points on one canvas, what is looked at on another; pan, zoom, hover, click. */

import { fitCanvas } from "../../core/canvas.js";
import { paper } from "../../core/colour.js";
import { iconButton, textButton } from "../../core/controls.js";
import { div, h, isCommand, take } from "../../core/dom.js";
import { camera } from "./camera.js";
import { drawPoints, nearestPoint, radiusFor, trace } from "./painter.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("./types").Point} Point */
/** @typedef {import("./types").Partner} Partner */
/** @typedef {import("./data.js").Space} Space */

const REACH = 14;
/** Less far is a click. */
const STILL = 4;

/** @typedef {{point: Point, partners: Partner[]}} Star what is looked at, and what it is tied to */

/**
 * @typedef {object} Scene
 * @property {Space} space
 * @property {Theme} theme
 * @property {(point: Point) => string} colourOf
 * @property {((point: Point) => boolean) | null} lit
 * @property {(point: Point) => string} nameOf
 */

/**
 * @param {{onHover: (point: Point | null, at: {x: number, y: number} | null) => void,
 *   onPick: (point: Point | null) => void}} on
 */
export function scatter({ onHover, onPick }) {
  const base = h("canvas", { class: "lmw-space-canvas" });
  const overlay = h("canvas", { class: "lmw-space-canvas" });
  const area = h(
    "div",
    {
      class: "lmw-space-area",
      tabindex: "0",
      role: "group",
      "aria-roledescription": "scatter plot",
      "aria-label": "Points of queries and keys: arrow keys move, plus and minus zoom, 0 shows all",
    },
    base,
    overlay,
  );
  const whole = textButton({
    label: "show all",
    title: "Show all (0)",
    onClick: () => view.reset(),
  });
  const zooms = div(
    "lmw-space-zoom",
    whole,
    iconButton({
      icon: "minus",
      label: "Zoom out",
      keys: "−",
      onClick: () => view.zoomBy(1 / 1.5),
    }),
    iconButton({ icon: "plus", label: "Zoom in", keys: "+", onClick: () => view.zoomBy(1.5) }),
  );
  const across = div("lmw-space-axis lmw-space-across");
  const up = div("lmw-space-axis lmw-space-up");
  const element = div("lmw-space", area, zooms, across, up);

  /** @type {Scene | null} */
  let scene = null;
  /** @type {Star | null} */
  let star = null;
  let [width, height] = [0, 0];
  let frame = 0;
  const view = camera(() => schedule());

  const schedule = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  };

  function draw() {
    whole.hidden = view.isHome;
    if (!scene || width === 0) return;
    const context = fitCanvas(base, width, height);
    const size = { width, height };
    drawPoints(context, scene.space, view, { ...scene, size });
    drawStar();
  }

  /** The point that is looked at, lines to its partners, and their names. */
  function drawStar() {
    const context = fitCanvas(overlay, width, height);
    if (!scene || !star) return;
    const { space, theme, colourOf, nameOf } = scene;
    const { point, partners } = star;
    const other = point.side === "query" ? "key" : "query";
    const { ink, fill } = paper(theme);
    const place = (/** @type {Point} */ one) => [view.left(space.x(one)), view.top(space.y(one))];
    const [x, y] = place(point);
    const radius = radiusFor(space.count) + 1.5;
    const ends = partners.map(({ token, weight }) => ({
      one: /** @type {Point} */ ({ side: other, token }),
      weight,
    }));
    context.lineWidth = 1.5;
    context.strokeStyle = ink;
    for (const { one, weight } of ends.reverse()) {
      const [left, top] = place(one);
      context.globalAlpha = 0.15 + 0.85 * weight;
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(left, top);
      context.stroke();
    }
    context.globalAlpha = 1;
    for (const one of [...ends.map((end) => end.one), point]) {
      const [left, top] = place(one);
      context.beginPath();
      trace(context, one.side, left, top, one === point ? radius + 1.5 : radius);
      context.fillStyle = colourOf(one);
      context.fill();
      context.stroke();
    }
    context.font = "600 12px system-ui, sans-serif";
    context.lineJoin = "round";
    /** @type {number[][]} */
    const taken = [];
    for (const one of [point, ...ends.map((end) => end.one).reverse()]) {
      const [left, top] = place(one);
      const text = nameOf(one);
      const wide = context.measureText(text).width;
      const at = left + 10 + wide > width ? left - 10 - wide : left + 10;
      if (taken.some(([a, b, c]) => Math.abs(b - top) < 13 && at < c && at + wide > a)) continue;
      taken.push([at, top, at + wide]);
      context.strokeStyle = fill;
      context.lineWidth = 4;
      context.strokeText(text, at, top + 4);
      context.fillStyle = ink;
      context.fillText(text, at, top + 4);
    }
  }

  // Pointer -------------------------------------------------------------------------------------

  /** @type {{x: number, y: number, moved: boolean} | null} */
  let grip = null;
  const spot = (/** @type {MouseEvent} */ event) => {
    const box = area.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    grip = { x: event.clientX, y: event.clientY, moved: false };
    area.setPointerCapture(event.pointerId);
  });
  area.addEventListener("pointermove", (event) => {
    if (grip) {
      const [dx, dy] = [event.clientX - grip.x, event.clientY - grip.y];
      if (!grip.moved && Math.hypot(dx, dy) < STILL) return;
      grip = { x: event.clientX, y: event.clientY, moved: true };
      area.classList.add("lmw-grabbing");
      onHover(null, null);
      return view.panBy(dx, dy);
    }
    if (!scene || event.pointerType === "touch") return;
    const { x, y } = spot(event);
    const point = nearestPoint(scene.space, view, x, y, REACH);
    onHover(point, { x: event.clientX, y: event.clientY });
  });
  area.addEventListener("pointerup", (event) => {
    const clicked = grip && !grip.moved;
    grip = null;
    area.classList.remove("lmw-grabbing");
    if (!clicked || !scene) return;
    const { x, y } = spot(event);
    onPick(nearestPoint(scene.space, view, x, y, event.pointerType === "touch" ? 22 : REACH));
  });
  area.addEventListener("pointercancel", () => {
    grip = null;
  });
  area.addEventListener("pointerleave", () => onHover(null, null));
  area.addEventListener(
    "wheel",
    (event) => {
      // Without Ctrl the page scrolls on, unless the reader works in the picture.
      if (!event.ctrlKey && !event.metaKey && !area.matches(":focus")) return;
      event.preventDefault();
      const { x, y } = spot(event);
      view.zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), x, y);
    },
    { passive: false },
  );
  area.addEventListener("dblclick", (event) => view.zoomBy(2, spot(event).x, spot(event).y));
  area.addEventListener("keydown", (event) => {
    if (isCommand(event)) return;
    const acts = /** @type {Record<string, () => void>} */ ({
      "+": () => view.zoomBy(1.5),
      "=": () => view.zoomBy(1.5),
      "-": () => view.zoomBy(1 / 1.5),
      0: () => view.reset(),
      ArrowLeft: () => view.panBy(40, 0),
      ArrowRight: () => view.panBy(-40, 0),
      ArrowUp: () => view.panBy(0, 40),
      ArrowDown: () => view.panBy(0, -40),
    });
    if (!acts[event.key]) return;
    acts[event.key]();
    take(event);
  });
  function measure() {
    width = area.clientWidth;
    height = area.clientHeight;
    if (!scene) return;
    view.fit(scene.space.points, width, height);
    view.reset();
  }
  const observer = new ResizeObserver(() => {
    if (area.clientWidth !== width) measure();
  });
  observer.observe(area);

  return {
    element,
    /** @param {Scene} next @param {string[]} axes their names */
    show(next, axes) {
      const fresh = scene?.space !== next.space;
      scene = next;
      across.textContent = `${axes[0]} →`;
      up.textContent = `${axes[1]} →`;
      if (fresh) measure();
      schedule();
    },
    /** What is looked at, with lines to its partners. @param {Star | null} next */
    star(next) {
      star = next;
      if (scene && width > 0) drawStar();
    },
    destroy() {
      cancelAnimationFrame(frame);
      observer.disconnect();
    },
  };
}

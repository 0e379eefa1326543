/** Points on a canvas: circles are queries, triangles are keys; those of one colour in one stroke. */

/** @typedef {import("./types").Point} Point */
/** @typedef {import("./data.js").Space} Space */
/** @typedef {import("./camera.js").Camera} Camera */

const WHISPER = 0.13;

/** How large points are: fewer are larger. @param {number} tokens */
export const radiusFor = (tokens) => (tokens < 1500 ? 3.5 : tokens < 4000 ? 2.6 : 1.9);

/** @param {CanvasRenderingContext2D} context @param {Point["side"]} side @param {number} x @param {number} y @param {number} r */
export function trace(context, side, x, y, r) {
  if (side === "query") {
    context.moveTo(x + r, y);
    context.arc(x, y, r, 0, 7);
    return;
  }
  const w = r * 1.15;
  context.moveTo(x, y - w);
  context.lineTo(x + w, y + w * 0.85);
  context.lineTo(x - w, y + w * 0.85);
  context.closePath();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Space} space
 * @param {Camera} camera
 * @param {{colourOf: (point: Point) => string, lit: ((point: Point) => boolean) | null,
 *   size: {width: number, height: number}}} how lit: the others fall to a whisper
 */
export function drawPoints(context, space, camera, { colourOf, lit, size }) {
  const radius = radiusFor(space.count);
  /** @type {Map<string, number[]>} */
  const groups = new Map();
  for (let place = 0; place < 2 * space.count; place++) {
    const point = pointAt(space, place);
    const [x, y] = [camera.left(space.x(point)), camera.top(space.y(point))];
    if (x < -9 || y < -9 || x > size.width + 9 || y > size.height + 9) continue;
    const name = `${!lit || lit(point) ? "b" : "a"}${point.side}${colourOf(point)}`;
    const group = groups.get(name);
    if (group) group.push(x, y);
    else groups.set(name, [x, y]);
  }
  for (const [name, places] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const side = name[1] === "q" ? "query" : "key";
    context.globalAlpha = name[0] === "b" ? 0.82 : WHISPER;
    context.fillStyle = name.slice(1 + side.length);
    context.beginPath();
    for (let i = 0; i < places.length; i += 2)
      trace(context, side, places[i], places[i + 1], radius);
    context.fill();
  }
  context.globalAlpha = 1;
}

/** Queries first, then keys. @param {Space} space @param {number} place @returns {Point} */
export function pointAt(space, place) {
  return place < space.count
    ? { side: "query", token: place }
    : { side: "key", token: place - space.count };
}

/**
 * The point under the pointer, or null.
 * @param {Space} space
 * @param {Camera} camera
 * @param {number} x
 * @param {number} y
 * @param {number} within pixels
 */
export function nearestPoint(space, camera, x, y, within) {
  let best = within * within;
  let found = -1;
  for (let place = 0; place < 2 * space.count; place++) {
    const dx = camera.left(space.points[2 * place]) - x;
    const dy = camera.top(space.points[2 * place + 1]) - y;
    const distance = dx * dx + dy * dy;
    if (distance < best) [best, found] = [distance, place];
  }
  return found < 0 ? null : pointAt(space, found);
}

/** Ink: edges on the base layer, one token's edges and the shading of its targets on the overlay. */

import { EXPONENT } from "../../attention/ink.js";
import { FAINTEST, strokeLinks } from "../../attention/links.js";
import { fitCanvas } from "../../core/canvas.js";
import { reducedMotion } from "../../core/dom.js";
import { edgesInView } from "./edges.js";
import { bundlesInView } from "./long/bundles.js";

/** @typedef {import("../../attention/ink.js").Ink} Ink */
/** @typedef {import("./types").EdgeSet} EdgeSet */
/** @typedef {import("./types").View} View */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Target} Target */
/** @typedef {import("./types").Line} Line */

/** Edges drawn when nothing is isolated: more is no longer read, only felt. */
const BUDGET = { starting: 500, ending: 0 };
const ISOLATED_BUDGET = 200;
/** More lines come in the frames that follow, so many each. */
const AT_ONCE = 600;
const A_FRAME = 150;
/** Shorter bars would look like dirt. */
const WORTH_A_BAR = 0.1;

/**
 * @param {View} view
 * @param {EdgeSet} set
 * @param {{width: number, height: number}} size
 * @param {Ink} ink
 * @param {number | null} only one head, or all
 * @param {boolean} moving the next frame is near
 * @returns {import("./edges.js").Seen} what is to be drawn, of how much
 */
export function paintBase(view, set, size, ink, only, moving) {
  const context = fitCanvas(view.base, size.width, size.height);
  const seen = inView(view, set, only, moving);
  strokeLinks(context, view.trace, seen.lines.slice(0, AT_ONCE).reverse(), ink, 0);
  return seen;
}

/** @param {View} view @param {EdgeSet} set @param {number | null} only @param {boolean} moving */
function inView(view, set, only, moving) {
  const query = view.range("query");
  if (!view.window) return edgesInView(set, { query, key: null }, only, BUDGET);
  const ranges = { query, key: view.range("key") };
  const budget = view.window.budget(moving);
  const size = view.window.bundle();
  return size > 1
    ? bundlesInView(set, ranges, only, size, budget.starting)
    : edgesInView(set, ranges, only, budget);
}

/**
 * The next of many lines, under those that are drawn.
 * @param {View} view
 * @param {Ink} ink
 * @param {Line[]} lines strongest first
 * @param {number} from how many are drawn
 * @returns {number} how many are drawn now
 */
export function paintUnder(view, ink, lines, from) {
  const context = /** @type {CanvasRenderingContext2D} */ (view.base.getContext("2d"));
  const start = Math.max(AT_ONCE, from);
  context.globalCompositeOperation = "destination-over";
  strokeLinks(context, view.trace, lines.slice(start, start + A_FRAME), ink, 0);
  context.globalCompositeOperation = "source-over";
  return start + A_FRAME;
}

/**
 * Keep the present edges for a moment and let them fade while the new ones arrive.
 * @param {View} view
 */
export function crossFade(view) {
  const { base, ghost } = view;
  if (reducedMotion() || base.width === 0 || typeof ghost.animate !== "function") return;
  ghost.width = base.width;
  ghost.height = base.height;
  ghost.style.width = base.style.width;
  ghost.style.height = base.style.height;
  ghost.getContext("2d")?.drawImage(base, 0, 0);
  const timing = { duration: 150, easing: "ease-out" };
  ghost.animate([{ opacity: 1 }, { opacity: 0 }], timing);
  base.animate([{ opacity: 0 }, { opacity: 1 }], timing);
}

/**
 * @param {View} view
 * @param {{width: number, height: number}} size
 * @param {Ink} ink
 * @param {Place} place
 * @param {Target[]} targets
 */
export function paintIsolated(view, size, ink, place, targets) {
  const context = fitCanvas(view.overlay, size.width, size.height);
  const other = place.side === "query" ? "key" : "query";
  for (const target of targets) {
    const share = ink.size(target.weight);
    const box = share >= 0.01 ? view.box(other, target.index) : null;
    if (!box) continue;
    context.fillStyle = ink.colour(target.head, target.weight);
    context.globalAlpha = 0.04 + 0.34 * share ** EXPONENT;
    context.beginPath();
    context.roundRect(box.x, box.y, box.width, box.height, 4);
    context.fill();
    if (share < WORTH_A_BAR) continue;
    context.globalAlpha = 0.9;
    context.fillRect(box.x + 3, box.y + box.height - 2, (box.width - 6) * share, 2);
  }
  context.globalAlpha = 1;
  // Lines of several heads between two tokens coincide: the strongest is the one to be seen.
  /** @type {Line[]} */
  const lines = [];
  for (const { index, head, weight } of targets) {
    if (ink.size(weight) < FAINTEST || lines.length === ISOLATED_BUDGET) break;
    const [query, key] = place.side === "query" ? [place.index, index] : [index, place.index];
    if (view.sees(query, key)) lines.push({ query, key, head, weight });
  }
  strokeLinks(context, view.trace, lines.reverse(), ink, 0.4);
}

/** @param {View} view */
export function clearOverlay(view) {
  view.overlay.getContext("2d")?.clearRect(0, 0, view.overlay.width, view.overlay.height);
}

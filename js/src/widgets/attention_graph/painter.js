/** Ink: edges on the base layer, one token's edges and the shading of its targets on the overlay. */

import { fitCanvas } from "../../core/canvas.js";
import { headColour, neutral } from "../../core/colour.js";
import { reducedMotion } from "../../core/dom.js";
import { edgesInView, MEAN } from "./edges.js";
import { bundlesInView } from "./long/bundles.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("./types").EdgeSet} EdgeSet */
/** @typedef {import("./types").View} View */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Target} Target */
/** @typedef {import("./types").Line} Line */

/** Opacity of an edge is its weight to this power; the caption says so. */
export const EXPONENT = 0.75;
/** Edges drawn when nothing is isolated: more is no longer read, only felt. */
const BUDGET = { starting: 500, ending: 0 };
const ISOLATED_BUDGET = 200;
/** More lines come in the frames that follow, so many each. */
const AT_ONCE = 600;
const A_FRAME = 150;
const LEVELS = 24;
/** Weaker edges are one pixel wide: drawn without a graphics card, that costs a fifth. */
const HAIRLINE = 0.35;
/** Below this an edge would have less than half a step of opacity. */
const FAINTEST = (0.5 / LEVELS) ** (1 / EXPONENT);
/** Shorter bars would look like dirt. */
const WORTH_A_BAR = 0.1;

/** @param {number} head @param {Theme} theme */
export function inkOf(head, theme) {
  return head === MEAN ? neutral(theme) : headColour(head, theme);
}

/**
 * The last lies on top. Lines of one colour and opacity share a path.
 * @param {CanvasRenderingContext2D} context
 * @param {View} view
 * @param {Line[]} lines
 * @param {Theme} theme
 * @param {number} boost added to the width
 */
function strokeLines(context, view, lines, theme, boost) {
  let group = -1;
  context.lineCap = "round";
  for (let i = 0; i < lines.length; i++) {
    const { query, key, head, weight } = lines[i];
    const strength = Math.min(1, weight) ** EXPONENT;
    const level = Math.max(1, Math.round(strength * LEVELS));
    const next = head * (LEVELS + 1) + level;
    if (next !== group) {
      if (group >= 0) context.stroke();
      group = next;
      context.beginPath();
      context.strokeStyle = inkOf(head, theme);
      context.globalAlpha = Math.min(1, level / LEVELS);
      context.lineWidth = strength < HAIRLINE ? 1 : 1 + boost + strength;
    }
    view.trace(context, query, key);
  }
  if (group >= 0) context.stroke();
  context.globalAlpha = 1;
}

/**
 * @param {View} view
 * @param {EdgeSet} set
 * @param {{width: number, height: number}} size
 * @param {Theme} theme
 * @param {number | null} only one head, or all
 * @param {boolean} moving the next frame is near
 * @returns {import("./edges.js").Seen} what is to be drawn, of how much
 */
export function paintBase(view, set, size, theme, only, moving) {
  const context = fitCanvas(view.base, size.width, size.height);
  const seen = inView(view, set, only, moving);
  strokeLines(context, view, seen.lines.slice(0, AT_ONCE).reverse(), theme, 0);
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
 * @param {Theme} theme
 * @param {Line[]} lines strongest first
 * @param {number} from how many are drawn
 * @returns {number} how many are drawn now
 */
export function paintUnder(view, theme, lines, from) {
  const context = /** @type {CanvasRenderingContext2D} */ (view.base.getContext("2d"));
  const start = Math.max(AT_ONCE, from);
  context.globalCompositeOperation = "destination-over";
  strokeLines(context, view, lines.slice(start, start + A_FRAME), theme, 0);
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
 * @param {Theme} theme
 * @param {Place} place
 * @param {Target[]} targets
 */
export function paintIsolated(view, size, theme, place, targets) {
  const context = fitCanvas(view.overlay, size.width, size.height);
  const other = place.side === "query" ? "key" : "query";
  for (const target of targets) {
    const box = target.weight >= 0.01 ? view.box(other, target.index) : null;
    if (!box) continue;
    context.fillStyle = inkOf(target.head, theme);
    context.globalAlpha = 0.04 + 0.34 * Math.min(1, target.weight) ** EXPONENT;
    context.beginPath();
    context.roundRect(box.x, box.y, box.width, box.height, 4);
    context.fill();
    if (target.weight < WORTH_A_BAR) continue;
    context.globalAlpha = 0.9;
    context.fillRect(
      box.x + 3,
      box.y + box.height - 2,
      (box.width - 6) * Math.min(1, target.weight),
      2,
    );
  }
  context.globalAlpha = 1;
  // Lines of several heads between two tokens coincide: the strongest is the one to be seen.
  /** @type {Line[]} */
  const lines = [];
  for (const { index, head, weight } of targets) {
    if (weight < FAINTEST || lines.length === ISOLATED_BUDGET) break;
    const [query, key] = place.side === "query" ? [place.index, index] : [index, place.index];
    if (view.sees(query, key)) lines.push({ query, key, head, weight });
  }
  strokeLines(context, view, lines.reverse(), theme, 0.4);
}

/** @param {View} view */
export function clearOverlay(view) {
  view.overlay.getContext("2d")?.clearRect(0, 0, view.overlay.width, view.overlay.height);
}

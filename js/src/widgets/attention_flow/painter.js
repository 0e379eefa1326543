/** Ink: the steps of every layer as a whisper, and over them what passes to the selected node. */

import { fitCanvas } from "../../core/canvas.js";
import { neutral, paper } from "../../core/colour.js";
import { clamp } from "../../core/format.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("./types").Edge} Edge */
/** @typedef {import("./types").Trace} Trace */
/** @typedef {import("./types").Node} Node */
/** @typedef {import("./geometry.js").Geometry} Geometry */

/** Opacity of an edge is its share to this power; the caption says so. */
export const EXPONENT = 0.4;
/** The same when nothing is selected, and all steps are drawn. */
export const STEP_EXPONENT = 0.75;
/** Edges of all layers that are drawn when nothing is selected. */
export const BUDGET = 1500;
const WHISPER = 0.1;
const LEVELS = 24;
const ACCENT = { light: "#0b6bb8", dark: "#6cb8f5" };
const DOT = 1.25;

/** Width of an edge. @param {number} share */
const widthOf = (share) => 0.75 + 3.25 * share;
/** Area of a node follows what it carries. @param {number} share @param {number} most */
const radiusOf = (share, most) => DOT + (most - DOT) * Math.sqrt(Math.min(1, Math.abs(share)));
/** Nodes of neighbouring layers do not touch. @param {Geometry} place */
const mostRadius = (place) => clamp(0.36 * place.step, 2.5, 6);

/**
 * Lines of nearly one strength share a path. The strongest lies on top.
 * @param {CanvasRenderingContext2D} context
 * @param {Geometry} place
 * @param {Edge[]} edges weakest first
 * @param {{colour: string, strength?: number, exponent?: number, fine?: boolean}} ink strength:
 *   factor of the opacity; fine: all of one width
 */
function stroke(context, place, edges, ink) {
  const { colour, strength = 1, exponent = EXPONENT, fine = false } = ink;
  context.strokeStyle = colour;
  context.lineCap = "round";
  let group = -1;
  for (const edge of edges) {
    if (!place.sees(edge) || place.isFolded(edge)) continue;
    const level = Math.max(1, Math.round(Math.min(1, edge.share) ** exponent * LEVELS));
    if (level !== group) {
      if (group >= 0) context.stroke();
      group = level;
      context.beginPath();
      context.globalAlpha = (level / LEVELS) * strength;
      context.lineWidth = fine ? 1 : widthOf((level / LEVELS) ** (1 / exponent));
    }
    place.curve(context, edge);
  }
  if (group >= 0) context.stroke();
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} r */
function disc(context, x, y, r) {
  context.moveTo(x + r, y);
  context.arc(x, y, r, 0, 2 * Math.PI);
}

/**
 * Every node as a dot, and the strongest steps.
 * @param {HTMLCanvasElement} canvas
 * @param {Geometry} place
 * @param {Edge[]} edges weakest first
 * @param {Theme} theme
 * @param {boolean} alone nothing is selected: the steps are the picture
 */
export function paintSteps(canvas, place, edges, theme, alone) {
  const context = fitCanvas(canvas, place.frame.width, place.frame.height);
  const ink = alone ? { exponent: STEP_EXPONENT } : { strength: WHISPER, fine: true };
  stroke(context, place, edges, { colour: neutral(theme), ...ink });
  context.fillStyle = neutral(theme);
  context.globalAlpha = alone ? 0.6 : 0.28;
  context.beginPath();
  for (const row of place.layout.rows) {
    if (row.gap) continue;
    const y = place.y(row.from);
    if (y < -8 || y > place.frame.height + 8) continue;
    for (let level = 0; level < place.levels; level++) disc(context, place.x(level), y, DOT);
  }
  context.fill();
  context.globalAlpha = 1;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Geometry} place
 * @param {{trace: Trace | null, edges: Edge[], node: Node | null, pinned: Node | null}} shown
 *   edges: those of the trace that pass the filters, weakest first; node: whose they are
 * @param {Theme} theme
 */
export function paintTrace(canvas, place, { trace, edges, node, pinned }, theme) {
  const context = fitCanvas(canvas, place.frame.width, place.frame.height);
  const colour = ACCENT[theme];
  stroke(context, place, edges, { colour });
  if (trace) paintNodes(context, place, trace, colour, theme);
  if (node) ring(context, place, node, colour, theme, true);
  if (pinned && (pinned.level !== node?.level || pinned.token !== node?.token))
    ring(context, place, pinned, colour, theme, false);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Geometry} place
 * @param {Trace} trace
 * @param {string} colour
 * @param {Theme} theme
 */
function paintNodes(context, place, trace, colour, theme) {
  context.lineWidth = 1;
  context.strokeStyle = paper(theme).fill;
  context.fillStyle = colour;
  const most = mostRadius(place);
  trace.levels.forEach((shares, level) => {
    for (const row of place.layout.rows) {
      const y = place.y(row.from);
      if (y < -8 || y > place.frame.height + 8) continue;
      let share = 0;
      for (let token = row.from; token < row.to; token++) share += Math.abs(shares[token]);
      if (share < 0.002) continue;
      context.globalAlpha = row.gap ? 0.35 : 1;
      context.beginPath();
      disc(context, place.x(level), y, radiusOf(share, most));
      context.fill();
      context.stroke();
    }
  });
  context.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Geometry} place
 * @param {Node} node
 * @param {string} colour
 * @param {Theme} theme
 * @param {boolean} full
 */
function ring(context, place, node, colour, theme, full) {
  const [x, y] = [place.x(node.level), place.y(node.token)];
  context.beginPath();
  disc(context, x, y, 6);
  context.fillStyle = full ? colour : paper(theme).fill;
  context.fill();
  context.lineWidth = 2;
  context.strokeStyle = full ? paper(theme).ink : colour;
  context.stroke();
}

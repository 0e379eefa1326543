/** From tokens and levels to pixels, and back. */

import { clamp } from "../../core/format.js";
import { rowAt } from "./rows.js";

/** @typedef {import("./types").Layout} Layout */
/** @typedef {import("./types").Frame} Frame */
/** @typedef {import("./types").Node} Node */
/** @typedef {import("./types").Edge} Edge */

/** How near a node the pointer has to be, and how near an edge. */
const NODE_REACH = 11;
const EDGE_REACH = 4;
/** How far a curve runs level before it bends, as a part of its width. */
const BEND = 0.45;

/**
 * @param {Frame} frame
 * @param {Layout} layout
 * @param {number} levels how many there are
 */
export function geometry(frame, layout, levels) {
  const step = (frame.to - frame.from) / Math.max(1, levels - 1);
  const x = (/** @type {number} */ level) => frame.from + level * step;
  /** On the canvas, which stands still while rows scroll. @param {number} token */
  const y = (token) => layout.y[token] - frame.scroll;

  /** Height of an edge's curve at a part of its way. @param {Edge} edge @param {number} part */
  function heightAt({ query, key }, part) {
    const [y0, y1] = [y(key), y(query)];
    let [low, high] = [0, 1];
    for (let i = 0; i < 12; i++) {
      const t = (low + high) / 2;
      const at = 3 * BEND * t * (1 - t) ** 2 + 3 * (1 - BEND) * t * t * (1 - t) + t ** 3;
      if (at < part) low = t;
      else high = t;
    }
    const t = (low + high) / 2;
    return y0 + (y1 - y0) * t * t * (3 - 2 * t);
  }

  return {
    frame,
    layout,
    levels,
    step,
    x,
    y,
    /** @param {CanvasRenderingContext2D} context @param {Edge} edge */
    curve(context, { layer, query, key }) {
      const [x0, x1, y0, y1] = [x(layer), x(layer + 1), y(key), y(query)];
      context.moveTo(x0, y0);
      if (y0 === y1) context.lineTo(x1, y1);
      else context.bezierCurveTo(x0 + BEND * step, y0, x1 - BEND * step, y1, x1, y1);
    },
    /** Whether both ends of an edge are in the same gap. @param {Edge} edge */
    isFolded: ({ query, key }) =>
      layout.folded[query] === 1 && layout.folded[key] === 1 && layout.y[query] === layout.y[key],
    /** Whether anything of an edge can be in view. @param {Edge} edge */
    sees({ query, key }) {
      const [a, b] = [y(query), y(key)];
      return Math.max(a, b) > -8 && Math.min(a, b) < frame.height + 8;
    },
    /**
     * The node under a point of the stage: of the labels, the ends of their row.
     * @param {number} px
     * @param {number} py
     * @returns {Node | null}
     */
    nodeAt(px, py) {
      const row = rowAt(layout, py + frame.scroll);
      if (!row || row.gap) return null;
      const token = row.from;
      if (px < frame.from - NODE_REACH) return { level: 0, token };
      if (px > frame.to + NODE_REACH) return { level: levels - 1, token };
      const level = clamp(Math.round((px - frame.from) / step), 0, levels - 1);
      const near = Math.hypot(px - x(level), py - y(token)) <= NODE_REACH;
      return near ? { level, token } : null;
    },
    /**
     * The strongest edge under a point.
     * @param {Edge[]} edges weakest first
     * @param {number} px
     * @param {number} py
     * @returns {Edge | null}
     */
    edgeAt(edges, px, py) {
      const place = (px - frame.from) / step;
      const layer = Math.floor(place);
      for (let i = edges.length - 1; i >= 0; i--) {
        if (edges[i].layer !== layer) continue;
        if (Math.abs(heightAt(edges[i], place - layer) - py) <= EDGE_REACH) return edges[i];
      }
      return null;
    },
  };
}

/** @typedef {ReturnType<typeof geometry>} Geometry */

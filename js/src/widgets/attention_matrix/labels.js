/** Names beside the rows and over the columns, and whose turn they are. */

import { clamp, count } from "../../core/format.js";
import { niceStep } from "../../core/ticks.js";
import { READABLE } from "./viewport.js";

/** @typedef {import("./types").Axis} Axis */
/** @typedef {import("./types").View} View */
/** @typedef {import("./types").Room} Room */
/** @typedef {{ink: string, muted: string, line: string, paper: string, accent: string, wash: string}} Inks */

export const FONT =
  '12px system-ui, -apple-system, "Segoe UI", "Noto Sans", "Helvetica Neue", sans-serif';
export const BOLD = `600 ${FONT}`;
const SMALL = `11px ${FONT.slice(5)}`;
/** Pixels between two numbers of an axis. */
const APART = { query: 40, key: 64 };
export const BAND = 18;
const SAMPLE = 600;
/** Cells under this have smaller labels, so that they stand apart. */
const COMFORT = 13;

/** @type {CanvasRenderingContext2D | null} */
let ruler = null;

/** @param {string} text @param {string} [font] */
export function widthOf(text, font = FONT) {
  ruler ??= document.createElement("canvas").getContext("2d");
  if (!ruler) return text.length * 7;
  ruler.font = font;
  return ruler.measureText(text).width;
}

/** The longest label, up to a limit. @param {Axis} axis @param {number} most */
export function longest(axis, most) {
  let found = 0;
  const step = Math.max(1, Math.floor(axis.count / SAMPLE));
  for (let i = 0; i < axis.count && found < most; i += step) {
    found = Math.max(found, widthOf(axis.label(i)));
  }
  return Math.min(most, Math.ceil(found));
}

/** Cut so that it fits. @param {string} text @param {number} most @param {string} [font] */
export function fitted(text, most, font = FONT) {
  if (widthOf(text, font) <= most) return text;
  const letters = [...text];
  while (letters.length > 1 && widthOf(`${letters.join("")}…`, font) > most) letters.pop();
  return `${letters.join("")}…`;
}

/**
 * @param {Axis} axis
 * @param {number} most width of a label
 */
export function labels(axis, most) {
  /** @type {Map<number, string>} */
  const cut = new Map();
  const vertical = axis.side === "query";

  /** @param {number} index */
  function text(index) {
    let found = cut.get(index);
    if (found === undefined) {
      found = fitted(axis.label(index), most);
      if (cut.size > 4000) cut.clear();
      cut.set(index, found);
    }
    return found;
  }

  /**
   * Write at a cell's middle.
   * @param {CanvasRenderingContext2D} context @param {string} words @param {number} at @param {Room} room
   */
  function write(context, words, at, room) {
    if (vertical) {
      context.textAlign = "right";
      context.fillText(words, room.left - 6, at);
    } else if (room.turned) {
      context.save();
      context.translate(at, room.top - 6);
      context.rotate(-Math.PI / 2);
      context.textAlign = "left";
      context.fillText(words, 0, 0);
      context.restore();
    } else {
      context.textAlign = "center";
      context.fillText(words, at, room.top - 10);
    }
  }

  /** @param {View} view @param {Room} room */
  const scale = (view, room) =>
    vertical
      ? { first: view.y, size: view.sy, start: room.top, length: room.height }
      : { first: view.x, size: view.sx, start: room.left, length: room.width };

  return {
    axis,
    /** @param {CanvasRenderingContext2D} context @param {View} view @param {Room} room @param {Inks} inks */
    draw(context, view, room, inks) {
      const { first, size, start, length } = scale(view, room);
      const readable = size >= READABLE;
      const step = readable ? 1 : niceStep(APART[axis.side] / size);
      const end = Math.min(axis.count, first + length / size);
      context.font = size >= COMFORT ? FONT : SMALL;
      context.textBaseline = "middle";
      context.fillStyle = inks.muted;
      for (let i = Math.ceil(first / step) * step; i < end; i += step) {
        const at = start + (i + 0.5 - first) * size;
        if (at < start + 4 || at > start + length - 4) continue;
        if (readable) {
          context.fillStyle = axis.muted(i) ? inks.muted : inks.ink;
          write(context, text(i), at, room);
        } else number(context, i, at, room);
      }
      drawBands(context, first, size, start, length, room, inks);
    },
    /**
     * One label over all others, for what is hovered or pinned.
     * @param {CanvasRenderingContext2D} context @param {[number, number]} range @param {View} view
     * @param {Room} room @param {Inks} inks @param {boolean} strong
     */
    light(context, range, view, room, inks, strong) {
      const { first, size, start, length } = scale(view, room);
      const middle = start + ((range[0] + range[1]) / 2 - first) * size;
      if (middle < start - 1 || middle > start + length + 1) return;
      const at = Math.max(start + 7, Math.min(start + length - 7, middle));
      const single = range[1] - range[0] === 1;
      const words = single ? axis.label(range[0]) : `${count(range[0])}–${count(range[1] - 1)}`;
      const turned = room.turned && single;
      context.font = strong ? BOLD : FONT;
      context.textBaseline = "middle";
      const shown = fitted(words, vertical ? room.left - 12 : Math.max(most, 84), context.font);
      const wide = Math.ceil(widthOf(shown, context.font)) + 8;
      context.fillStyle = strong ? inks.accent : inks.wash;
      context.beginPath();
      if (vertical) context.roundRect(room.left - 2 - wide, at - 8, wide, 16, 3);
      else if (turned) context.roundRect(at - 8, room.top - 2 - wide, 16, wide, 3);
      else context.roundRect(at - wide / 2, room.top - 18, wide, 16, 3);
      context.fill();
      context.fillStyle = strong ? inks.paper : inks.ink;
      write(context, shown, at, { ...room, turned });
    },
    /** The index under a point of the axis. @param {number} along pixels of the plot @param {View} view */
    at(along, view) {
      const [first, size] = vertical ? [view.y, view.sy] : [view.x, view.sx];
      return clamp(Math.floor(first + along / size), 0, axis.count - 1);
    },
  };

  /** @param {CanvasRenderingContext2D} context @param {number} index @param {number} at @param {Room} room */
  function number(context, index, at, room) {
    if (vertical) {
      context.textAlign = "right";
      context.fillText(count(index), room.left - 8, at);
      context.fillRect(room.left - 5, Math.round(at), 4, 1);
    } else {
      context.textAlign = "center";
      context.fillText(count(index), at, room.top - 14);
      context.fillRect(Math.round(at), room.top - 5, 1, 4);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {number} first @param {number} size
   * @param {number} start @param {number} length @param {Room} room @param {Inks} inks
   */
  function drawBands(context, first, size, start, length, room, inks) {
    context.font = SMALL;
    const outer = vertical ? room.left - most - 10 : room.top - (room.turned ? most + 10 : 24);
    for (const { name, from, to } of axis.bands) {
      const low = Math.max(start, start + (from - first) * size + 1);
      const high = Math.min(start + length, start + (to - first) * size - 1);
      if (high <= low) continue;
      context.fillStyle = inks.line;
      if (vertical) context.fillRect(outer - 3, low, 2, high - low);
      else context.fillRect(low, outer - 3, high - low, 2);
      context.fillStyle = inks.muted;
      bandName(context, name, (low + high) / 2, high - low - 6, outer - 10);
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {string} name @param {number} at @param {number} space @param {number} outer */
  function bandName(context, name, at, space, outer) {
    const words = space > 18 ? fitted(name, space, SMALL) : "";
    if (words.length < Math.min(3, name.length)) return;
    context.save();
    context.textAlign = "center";
    context.translate(vertical ? outer : at, vertical ? at : outer);
    if (vertical) context.rotate(-Math.PI / 2);
    context.fillText(words, 0, 0);
    context.restore();
  }
}

/** @typedef {ReturnType<typeof labels>} Labels */

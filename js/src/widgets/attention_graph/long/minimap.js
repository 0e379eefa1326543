/**
 * The whole text in small, beside its window; of two texts the longer one. At rest its ink is the
 * attention that each token receives, or sends where only queries are laid out; while a token is
 * asked about, where it looks; found tokens are marked.
 */

import { runs } from "../../../attention/text.js";
import { fitCanvas } from "../../../core/canvas.js";
import { neutral } from "../../../core/colour.js";
import { div, h } from "../../../core/dom.js";
import { longerSide } from "../derive.js";
import { otherSide } from "../isolate.js";
import { brush } from "./brush.js";
import { layOut } from "./layout.js";

/** @typedef {import("../../../attention/ink.js").Ink} Ink */
/** @typedef {import("../../../core/types").Theme} Theme */
/** @typedef {import("../../../core/types").Tokens} Tokens */
/** @typedef {import("../types").EdgeSet} EdgeSet */
/** @typedef {import("../types").Place} Place */
/** @typedef {import("../types").Side} Side */
/** @typedef {import("../types").Target} Target */

/** Left of the text: whose turn it is, and ticks at the strongest targets. */
const MARGIN = 9;
const RIGHT = 3;
const MARKED = 5;
const WORTH_MARKING = 0.03;
const WORTH_INK = 0.002;
const FOUND = { light: "#d9a800", dark: "#f2c200" };
const ACCENT = { light: "#0b6bb8", dark: "#6cb8f5" };

/**
 * @param {{query: Tokens, key: Tokens}} tokens
 * @param {import("./mover.js").Mover} mover
 * @param {import("./window.js").Room} room
 */
export function minimap(tokens, mover, room) {
  const canvas = (/** @type {string} */ name) =>
    h("canvas", { class: `lmw-map-${name}`, width: "1", height: "1", "aria-hidden": "true" });
  const [text, marks] = [canvas("text"), canvas("marks")];
  const element = div("lmw-minimap", text, marks);
  const side = longerSide(tokens);
  const shown = tokens[side];
  const lies = (/** @type {Side} */ one) => tokens[one] === shown;
  let width = 0;
  let layout = layOut(shown, { width: 100, height: room.height });
  const window = brush(element, mover, room, () => layout);

  /** @type {Map<string, Uint8Array>} */
  const flags = new Map();
  /** What the text was last painted for. @type {{set: EdgeSet | null, theme: Theme | null, width: number}} */
  let painted = { set: null, theme: null, width: 0 };
  /** What each token receives, or sends. @type {Float32Array} */
  let sums = new Float32Array(0);
  /** @type {Theme | null} */
  let lastTheme = null;

  /** @param {EdgeSet} set */
  function sum(set) {
    sums = new Float32Array(shown.text.length);
    for (let i = 0; i < set.count; i++) sums[set[side][i]] += Math.abs(set.weight[i]);
  }

  /** @param {EdgeSet} set @param {Theme} theme */
  function paintText(set, theme) {
    if (painted.set === set && painted.theme === theme && painted.width === width) return;
    if (painted.set !== set) sum(set);
    painted = { set, theme, width };
    const context = fitCanvas(text, width, room.height);
    const { x, width: widths, line, lineHeight } = layout;
    const thick = Math.max(1, lineHeight * 0.62);
    const found = flags.get("lmw-match");
    const hidden = flags.get("lmw-concealed");
    context.fillStyle = neutral(theme);
    // Full ink for what one token in fifty reaches.
    const most = sums.slice().sort()[Math.floor(0.98 * sums.length)] || 1;
    for (let i = 0; i < x.length; i++) {
      const share = Math.sqrt(Math.min(1, sums[i] / most));
      context.globalAlpha = hidden?.[i] ? 0.1 : 0.26 + 0.6 * share;
      context.fillRect(MARGIN + x[i], line[i] * lineHeight, Math.max(0.8, widths[i]), thick);
    }
    paintRuns(context, theme);
    if (!found) return;
    context.globalAlpha = 1;
    context.fillStyle = FOUND[theme];
    for (let i = 0; i < x.length; i++) {
      if (!found[i]) continue;
      const wide = Math.max(4, widths[i] + 2);
      const high = Math.max(3, thick + 1);
      context.fillRect(MARGIN + x[i] - 1, line[i] * lineHeight - 0.5, wide, high);
      context.fillRect(width - RIGHT + 0.5, line[i] * lineHeight, RIGHT, Math.max(1.5, thick));
    }
  }

  /** Chat turns and the texts of a pair: a bar each, light and strong in turn. @param {CanvasRenderingContext2D} context @param {Theme} theme */
  function paintRuns(context, theme) {
    const { line, lineHeight } = layout;
    context.fillStyle = neutral(theme);
    for (const { name, from, to } of runs(shown)) {
      const [top, bottom] = [line[from] * lineHeight, (line[to - 1] + 1) * lineHeight];
      context.globalAlpha = { assistant: 0.75, user: 0.4 }[name] ?? 0.2;
      context.fillRect(0, top, 2, Math.max(1, bottom - top - 1));
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {number} index @param {number} grow */
  function box(context, index, grow) {
    const { x, width: widths, line, lineHeight } = layout;
    const high = Math.max(2, lineHeight * 0.62) + 2 * grow;
    const wide = Math.max(3, widths[index]) + 2 * grow;
    const y = line[index] * lineHeight + (lineHeight * 0.62) / 2 - high / 2;
    context.beginPath();
    context.roundRect(MARGIN + x[index] - grow, y, wide, high, Math.min(2, high / 3));
  }

  return {
    element,
    side,
    brush: window,
    /** @param {number} total width of the minimap */
    measure(total) {
      if (total === width || total === 0) return;
      width = total;
      layout = layOut(shown, { width: width - MARGIN - RIGHT, height: room.height });
    },
    /** @param {string} name @param {Uint8Array} marked */
    flag(name, marked) {
      flags.set(name, marked);
      painted.theme = null;
    },
    /** Found tokens come without edges being painted anew. */
    refresh() {
      if (painted.set && !painted.theme && lastTheme) paintText(painted.set, lastTheme);
    },
    place: window.place,
    /**
     * @param {EdgeSet} set
     * @param {Ink} ink
     * @param {Place | null} place the token asked about
     * @param {Target[]} targets strongest first
     */
    paint(set, ink, place, targets) {
      if (width === 0) return;
      const { theme } = ink;
      lastTheme = theme;
      paintText(set, theme);
      const context = fitCanvas(marks, width, room.height);
      element.classList.toggle("lmw-asked", place !== null);
      if (!place) return;
      const source = lies(place.side) ? place.index : null;
      const here = lies(otherSide(place.side)) ? targets : [];
      for (let i = here.length - 1; i >= 0; i--) {
        const { index, weight, head } = here[i];
        const share = ink.size(weight);
        if (share < WORTH_INK) continue;
        context.fillStyle = ink.colour(head, weight);
        context.globalAlpha = Math.min(1, 0.15 + 1.1 * Math.sqrt(share));
        box(context, index, 0);
        context.fill();
      }
      const strong = here
        .slice(0, MARKED)
        .filter(({ weight }) => ink.size(weight) >= WORTH_MARKING);
      for (const target of strong) mark(context, source, target, ink);
      if (source === null) return;
      context.globalAlpha = 1;
      context.strokeStyle = ACCENT[theme];
      context.lineWidth = 1.5;
      box(context, source, 2);
      context.stroke();
    },
  };

  /**
   * A strong target: its block, a tick at the margin as long as its weight, and a thread to it.
   * @param {CanvasRenderingContext2D} context
   * @param {number | null} source
   * @param {Target} target
   * @param {Ink} ink
   */
  function mark(context, source, { index, weight, head }, ink) {
    const share = ink.size(weight);
    context.fillStyle = context.strokeStyle = ink.colour(head, weight);
    context.globalAlpha = 1;
    box(context, index, 1);
    context.fill();
    const y = (layout.line[index] + 0.31) * layout.lineHeight;
    context.fillRect(3, Math.max(0, y - 1), 2 + 3 * Math.min(1, 2 * share), 2);
    context.globalAlpha = Math.min(0.9, 0.25 + share);
    if (source !== null) join(context, source, index);
  }

  /** A thread from the token to where it looks. @param {CanvasRenderingContext2D} context @param {number} from @param {number} to */
  function join(context, from, to) {
    const { x, width: widths, line, lineHeight } = layout;
    const at = (/** @type {number} */ i) => [
      MARGIN + x[i] + widths[i] / 2,
      (line[i] + 0.31) * lineHeight,
    ];
    const [[x0, y0], [x1, y1]] = [at(from), at(to)];
    const out = Math.min(width, Math.max(x0, x1) + Math.min(30, 6 + Math.abs(y1 - y0) * 0.15));
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x0, y0);
    context.bezierCurveTo(out, y0, out, y1, x1, y1);
    context.stroke();
  }
}

/**
 * Two texts as flowing lines, one above the other, and where links between them run. Tokens are
 * the caller's elements; the picture's ink is attention/links.js.
 */

import { div, h } from "../core/dom.js";

/** @typedef {{x: number, y: number, width: number, height: number}} Box */
/** @typedef {{rows: HTMLElement[], name: string, rightToLeft: boolean}} Line */
/** @typedef {"above" | "below"} Place */

/** Space between a token and the end of its links. */
const REACH = 2;
/** Height of a number beside a token. */
const NUMBER = 16;

/**
 * @param {{above: Line, below: Line}} lines
 */
export function twoLines(lines) {
  const flow = (/** @type {Place} */ place) => {
    const { rows, name, rightToLeft } = lines[place];
    return h(
      "div",
      {
        class: `lmw-flow lmw-flow-${place}`,
        role: "listbox",
        "aria-label": name,
        "aria-orientation": "horizontal",
        dir: rightToLeft ? "rtl" : "ltr",
      },
      rows,
    );
  };
  const heading = (/** @type {Place} */ place) =>
    h("div", { class: "lmw-flow-name", "aria-hidden": "true" }, lines[place].name);
  const [above, below] = [flow("above"), flow("below")];
  const element = div(
    "lmw-two-lines",
    heading("above"),
    above,
    div("lmw-flow-gap"),
    below,
    heading("below"),
  );
  /** @type {Record<Place, Box[]>} */
  const boxes = { above: [], below: [] };

  return {
    element,
    groups: { above, below },
    boxes,
    /** Where tokens are now; returns the size of the picture. */
    measure() {
      const origin = element.getBoundingClientRect();
      for (const place of /** @type {const} */ (["above", "below"])) {
        boxes[place] = lines[place].rows.map((row) => {
          const rect = (row.firstElementChild ?? row).getBoundingClientRect();
          return {
            x: rect.left - origin.left,
            y: rect.top - origin.top,
            width: rect.width,
            height: rect.height,
          };
        });
      }
      return { width: element.clientWidth, height: element.clientHeight };
    },
    /**
     * Add the curve of a link to the present path.
     * @param {CanvasRenderingContext2D} context
     * @param {number} from token below
     * @param {number} to token above
     */
    trace(context, from, to) {
      const [start, end] = [boxes.below[from], boxes.above[to]];
      if (!start || !end) return;
      const [x0, y0] = [start.x + start.width / 2, start.y - REACH];
      const [x1, y1] = [end.x + end.width / 2, end.y + end.height + REACH];
      const bend = (y0 - y1) * 0.46;
      context.moveTo(x0, y0);
      context.bezierCurveTo(x0, y0 - bend, x1, y1 + bend, x1, y1);
    },
    /**
     * Where the number of a token goes: on the side that has no links.
     * @param {Place} place
     * @param {number} index
     */
    numberPlace(place, index) {
      const box = boxes[place][index];
      if (!box) return null;
      const y = place === "above" ? box.y - NUMBER : box.y + box.height;
      return { x: box.x + box.width / 2, y, align: /** @type {const} */ ("center") };
    },
  };
}

/** @typedef {ReturnType<typeof twoLines>} TwoLines */

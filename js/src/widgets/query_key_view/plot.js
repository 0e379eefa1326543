/** Query, key and their product, dimension by dimension: a canvas that is read by pointer and arrow keys. */

import { fitCanvas } from "../../core/canvas.js";
import { aria, div, h, isCommand, replace, take } from "../../core/dom.js";
import { clamp, number } from "../../core/format.js";
import { inks } from "./cells.js";
import { ordered, sums } from "./data.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("./types").Pair} Pair */
/** @typedef {import("./types").Scales} Scales */
/** @typedef {import("./types").Order} Order */
/** @typedef {import("./cells.js").Colours} Colours */
/** @typedef {ReturnType<typeof inks>} Inks */

/** Top and height of every band. */
const BANDS = { query: [0, 22], key: [26, 22], product: [56, 72], sum: [136, 60] };
const HEIGHT = 198;

/**
 * @param {{onHover: (place: number | null, box: DOMRect | null) => void}} on
 */
export function plot({ onHover }) {
  const canvas = h("canvas", { class: "lmw-plot-canvas" });
  const cursor = h("div", { class: "lmw-plot-cursor", hidden: true });
  const partner = h("div", { class: "lmw-plot-cursor lmw-plot-partner", hidden: true });
  const area = h(
    "div",
    {
      class: "lmw-plot-area",
      role: "slider",
      tabindex: "0",
      "aria-label": "Dimensions of query and key",
      "aria-valuemin": "0",
      "aria-valuenow": "0",
    },
    canvas,
    partner,
    cursor,
  );
  const names = {
    query: div("lmw-plot-name"),
    key: div("lmw-plot-name"),
    product: div("lmw-plot-name"),
    sum: div("lmw-plot-name"),
  };
  for (const [name, element] of Object.entries(names)) {
    const [top, height] = BANDS[/** @type {keyof typeof BANDS} */ (name)];
    element.style.top = `${top}px`;
    element.style.height = `${height}px`;
  }
  const labels = div("lmw-plot-names", Object.values(names));
  const element = h("div", { class: "lmw-plot", style: { height: `${HEIGHT}px` } }, labels, area);

  /** @type {{pair: Pair, scales: Scales, order: Order, theme: Theme, colours: Colours} | null} */
  let shown = null;
  /** @type {number[]} */
  let places = [];
  let width = 0;
  let at = -1;

  const cell = () => width / Math.max(1, places.length);

  function draw() {
    width = area.clientWidth;
    if (!shown || width === 0) return;
    const { pair, scales } = shown;
    const context = fitCanvas(canvas, width, HEIGHT);
    const ink = inks(shown.theme);
    cells(context, pair.queryVector, scales.query, BANDS.query, ink);
    cells(context, pair.keyVector, scales.key, BANDS.key, ink);
    bars(context, pair.product, scales.product, ink);
    line(context, sums(pair.product, places), scales, ink);
  }

  /** @param {CanvasRenderingContext2D} context @param {Float32Array} values @param {number} most @param {number[]} band @param {Inks} ink */
  function cells(context, values, most, [top, height], ink) {
    const colours = /** @type {{colours: Colours}} */ (shown).colours;
    places.forEach((place, i) => {
      context.fillStyle = colours(values[place] / (most || 1));
      const left = Math.floor(i * cell());
      context.fillRect(left, top, Math.max(1, Math.floor((i + 1) * cell()) - left), height);
    });
    context.strokeStyle = ink.frame;
    context.strokeRect(0.5, top + 0.5, width - 1, height - 1);
  }

  /** @param {CanvasRenderingContext2D} context @param {Float64Array} product @param {number} most @param {Inks} ink */
  function bars(context, product, most, ink) {
    const [top, height] = BANDS.product;
    const middle = top + height / 2;
    const gap = cell() > 4 ? 1 : 0;
    places.forEach((place, i) => {
      const size = ((product[place] / (most || 1)) * height) / 2;
      if (!Number.isFinite(size)) return;
      context.fillStyle = size > 0 ? ink.above : ink.below;
      context.fillRect(
        i * cell(),
        Math.min(middle, middle - size),
        Math.max(1, cell() - gap),
        Math.abs(size),
      );
    });
    baseline(context, middle, ink);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} y @param {Inks} ink */
  function baseline(context, y, ink) {
    context.fillStyle = ink.base;
    context.fillRect(0, Math.round(y), width, 1);
  }

  /** @param {CanvasRenderingContext2D} context @param {Float64Array} walk @param {Scales} scales @param {Inks} ink */
  function line(context, walk, { low, high }, ink) {
    const [top, height] = BANDS.sum;
    const y = (/** @type {number} */ value) =>
      top + height - 3 - ((value - low) / (high - low || 1)) * (height - 6);
    baseline(context, y(0), ink);
    context.strokeStyle = ink.ink;
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.beginPath();
    context.moveTo(0, y(0));
    walk.forEach((value, i) => {
      context.lineTo((i + 1) * cell() - 0.75, y(value));
    });
    context.stroke();
    context.lineWidth = 1;
    const last = y(walk[walk.length - 1]);
    context.fillStyle = context.strokeStyle;
    context.beginPath();
    context.arc(width - 3, last, 3, 0, 7);
    context.fill();
  }

  /** @param {number} next place in the picture, −1 for none @param {boolean} [quiet] */
  function move(next, quiet = false) {
    at = next;
    const there = next >= 0 && next < places.length;
    cursor.hidden = !there;
    partner.hidden = true;
    if (!there) return quiet ? undefined : onHover(null, null);
    stand(cursor, next);
    aria(area, "valuenow", places[next]);
    if (!quiet) onHover(places[next], cursor.getBoundingClientRect());
  }

  /** @param {HTMLElement} mark @param {number} place */
  function stand(mark, place) {
    mark.style.left = `${place * cell()}px`;
    mark.style.width = `${Math.max(2, cell())}px`;
    mark.hidden = false;
  }

  area.addEventListener("pointermove", (event) => {
    const left = event.clientX - area.getBoundingClientRect().left;
    const next = Math.min(places.length - 1, Math.max(0, Math.floor(left / cell())));
    if (next !== at) move(next);
  });
  area.addEventListener("pointerleave", () => move(-1));
  area.addEventListener("blur", () => move(-1));
  area.addEventListener("keydown", (event) => {
    if (isCommand(event)) return;
    const last = places.length - 1;
    const steps = /** @type {Record<string, number>} */ ({
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      ArrowLeft: at < 0 ? 0 : at - 1,
      ArrowDown: at < 0 ? 0 : at - 1,
      PageUp: at + 10,
      PageDown: at - 10,
      Home: 0,
      End: last,
    });
    if (!(event.key in steps)) return;
    take(event);
    move(clamp(steps[event.key], 0, last));
  });
  const observer = new ResizeObserver(() => {
    if (area.clientWidth !== width) draw();
  });
  observer.observe(area);

  return {
    element,
    /**
     * @param {Pair} pair
     * @param {Scales} scales
     * @param {{order: Order, theme: Theme, colours: Colours,
     *   names: {query: Node, key: Node}}} options
     */
    show(pair, scales, { order, theme, colours, names: tokens }) {
      shown = { pair, scales, order, theme, colours };
      places = ordered(pair.product, order);
      replace(names.query, h("span", null, "query of "), tokens.query);
      replace(names.key, h("span", null, "× key of "), tokens.key);
      replace(names.product, "= product");
      replace(
        names.sum,
        h("div", null, "summed up:"),
        h("div", null, "q · k = ", h("b", null, number(pair.steps[0].value, 3))),
      );
      aria(area, "valuemax", Math.max(0, places.length - 1));
      draw();
      if (at >= 0) move(Math.min(at, places.length - 1));
    },
    /** Light up the dimension that turns together with the one under the pointer. @param {number} dimension */
    showPartner(dimension) {
      const place = places.indexOf(dimension);
      if (place >= 0) stand(partner, place);
    },
    /** @param {string} text what the slider says */
    say(text) {
      aria(area, "valuetext", text);
    },
    destroy: () => observer.disconnect(),
  };
}

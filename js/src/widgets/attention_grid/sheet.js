/** All thumbnails: one canvas as large as what is in view, and light elements for text and keys. */

import { fitCanvas } from "../../core/canvas.js";
import { aria, div, focused, h, replace, span } from "../../core/dom.js";
import { clamp } from "../../core/format.js";
import { BAR } from "./layout.js";
import { paintLines, paintSheet } from "./painter.js";
import { sheetKeys } from "./sheet_keys.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("./types").Arrangement} Arrangement */
/** @typedef {import("./types").Metrics} Metrics */
/** @typedef {import("./types").Lit} Lit */

/**
 * @typedef {object} Scene everything that a picture of the sheet depends on
 * @property {import("./thumbnails.js").Thumbnails} thumbnails
 * @property {Arrangement} arrangement
 * @property {Metrics} metrics
 * @property {import("./painter.js").Palette} palette
 * @property {"head" | "global"} scale
 * @property {boolean} causal
 * @property {import("./painter.js").Counts} counts
 * @property {(head: number) => string} name "L3 H7"
 * @property {(head: number) => string} describe accessible name
 * @property {(layer: number) => string} layerName
 * @property {(head: number) => string} number under a thumbnail
 * @property {(head: number) => number} bar 0..1
 * @property {(head: number) => {text: string, strong: boolean} | null} tag
 */

/**
 * @typedef {object} SheetEvents
 * @property {(at: {head: number, x: number, y: number, box: DOMRect} | null, byKeyboard: boolean) => void} onHover
 *   x, y: where in the head, 0..1
 * @property {(head: number) => void} onPick
 */

/** Room around the thumbnails for the ring of the chosen one; as in sheet.css. */
const PAD = 3;

/** @param {SheetEvents} on */
export function sheet(on) {
  const canvas = h("canvas", { class: "lmw-canvas", width: "1", height: "1" });
  const overlay = h("canvas", { class: "lmw-canvas lmw-grid-overlay", width: "1", height: "1" });
  const glass = h("div", { class: "lmw-grid-glass", "aria-hidden": "true" }, canvas, overlay);
  const lines = h("div", { class: "lmw-grid-lines", role: "grid", "aria-label": "Heads" });
  const scroller = div("lmw-grid-scroller", glass, lines);
  const layerAxis = h("div", { class: "lmw-grid-axis lmw-grid-layers", "aria-hidden": "true" });
  const headAxis = h("div", { class: "lmw-grid-axis lmw-grid-heads", "aria-hidden": "true" });
  const nothing = h("p", { class: "lmw-grid-nothing lmw-muted", hidden: true });
  const element = div("lmw-sheet", headAxis, layerAxis, scroller, nothing);

  /** @type {Scene | null} */
  let scene = null;
  /** @type {Map<number, HTMLElement>} */
  const rows = new Map();
  /** @type {Lit[]} */
  let lit = [];
  let chosen = -1;
  let hovered = -1;
  let ink = "#000";
  let stop = 0;

  const view = () => ({
    x: scroller.scrollLeft - PAD,
    y: scroller.scrollTop - PAD,
    width: scroller.clientWidth,
    height: scroller.clientHeight,
  });

  /** @param {number} head @param {{x: number, y: number}} from */
  function boxOf(head, from) {
    if (!scene || (scene.arrangement.spotOf[head] ?? -1) < 0) return null;
    const { row, column } = scene.arrangement.spots[scene.arrangement.spotOf[head]];
    const { pitchX, pitchY, name, side } = scene.metrics;
    return {
      x: column * pitchX - from.x,
      y: row * pitchY + name - from.y,
      width: side,
      height: side,
    };
  }

  function paint() {
    if (!scene) return;
    const seen = view();
    paintSheet(canvas, seen, scene);
    layerAxis.style.setProperty("--lmw-shift", `${-seen.y}px`);
    headAxis.style.setProperty("--lmw-shift", `${-seen.x}px`);
    fillRows(seen);
    paintOver();
  }

  function paintOver() {
    if (!scene) return;
    const seen = view();
    const context = fitCanvas(overlay, seen.width, seen.height);
    const { arrangement, counts, metrics } = scene;
    const inView = arrangement.spots.filter(
      ({ row }) =>
        row * metrics.pitchY < seen.y + seen.height && (row + 1) * metrics.pitchY > seen.y,
    );
    for (const { head } of inView) {
      const box = /** @type {import("../attention_graph/types").Rect} */ (boxOf(head, seen));
      const passes = arrangement.passes[head] === 1;
      context.fillStyle = ink;
      if (metrics.line > 0) {
        context.globalAlpha = passes ? 0.55 : 0.12;
        context.fillRect(box.x, box.y + metrics.side + 2, metrics.side * scene.bar(head), 2);
      }
      context.globalAlpha = passes ? 0.8 : 0.25;
      context.fillStyle = "#e8500a";
      for (const one of lit) paintLines(context, box, one, counts);
      context.globalAlpha = 1;
    }
    ring(context, hovered, seen, 1);
    ring(context, chosen, seen, 2);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} head @param {{x: number, y: number}} seen @param {number} width */
  function ring(context, head, seen, width) {
    const box = boxOf(head, seen);
    if (!box) return;
    context.strokeStyle = width > 1 ? accent() : ink;
    context.lineWidth = width;
    const out = width / 2;
    context.strokeRect(box.x - out, box.y - out, box.width + width, box.height + width);
  }

  const accent = () => getComputedStyle(element).getPropertyValue("--lmw-accent") || "#0b6bb8";

  // Elements: only of the rows in view ----------------------------------------------------------

  /** @param {{y: number, height: number}} seen */
  function fillRows(seen) {
    if (!scene) return;
    const { pitchY } = scene.metrics;
    const first = Math.max(0, Math.floor(seen.y / pitchY) - 1);
    const last = Math.min(
      scene.arrangement.rows.length,
      Math.ceil((seen.y + seen.height) / pitchY) + 1,
    );
    for (const [row, line] of rows) {
      if ((row < first || row >= last) && !line.contains(focused(line))) {
        line.remove();
        rows.delete(row);
      }
    }
    for (let row = first; row < last; row++) if (!rows.has(row)) addRow(row);
    keys.refresh();
  }

  /** @param {number} row */
  function addRow(row) {
    if (!scene) return;
    const { metrics, arrangement } = scene;
    const { layer, spots, note } = arrangement.rows[row];
    const line = h(
      "div",
      {
        class: "lmw-grid-row",
        role: "row",
        "aria-rowindex": String(row + 1),
        style: { top: `${row * metrics.pitchY}px`, height: `${metrics.pitchY}px` },
      },
      spots.length === 0
        ? h(
            "div",
            { class: "lmw-grid-note", role: "gridcell", title: note },
            `${layer === null ? "" : `Layer ${scene.layerName(layer)}: `}${note}`,
          )
        : spots.flatMap((spot) => cell(arrangement.spots[spot])),
    );
    rows.set(row, line);
    lines.appendChild(line);
  }

  /**
   * What is focused, with all that can be said; and beside it the few letters that are seen.
   * @param {import("./types").Spot} spot
   */
  function cell({ head, column }) {
    const { metrics, arrangement, tag, name, number, describe } = /** @type {Scene} */ (scene);
    const mark = tag(head);
    const left = `${column * metrics.pitchX}px`;
    const width = `${metrics.side}px`;
    const faded = arrangement.passes[head] === 0;
    return [
      h("div", {
        class: "lmw-grid-cell",
        role: "gridcell",
        tabindex: "-1",
        "aria-colindex": String(column + 1),
        "aria-selected": String(head === chosen),
        "aria-label": describe(head) + (faded ? "; outside of the filters" : ""),
        dataset: { head: String(head) },
        style: { left, width, top: `${metrics.name}px`, height: width },
      }),
      h(
        "div",
        {
          class: faded ? "lmw-grid-text lmw-faded" : "lmw-grid-text",
          "aria-hidden": "true",
          dataset: { of: String(head) },
          style: { left, width },
        },
        metrics.name > 0 ? span("lmw-grid-name", name(head)) : null,
        h(
          "span",
          { class: "lmw-grid-thumb", style: { height: width } },
          mark &&
            h("span", { class: mark.strong ? "lmw-tag lmw-tag-strong" : "lmw-tag" }, mark.text),
        ),
        metrics.line > 10 ? span("lmw-grid-number", number(head)) : null,
      ),
    ];
  }

  // Pointer and keys ----------------------------------------------------------------------------

  /** @param {PointerEvent} event */
  function at(event) {
    if (!scene) return null;
    const { left, top } = scroller.getBoundingClientRect();
    const [x, y] = [event.clientX - left + view().x, event.clientY - top + view().y];
    const { pitchX, pitchY, name, side } = scene.metrics;
    const [column, row] = [Math.floor(x / pitchX), Math.floor(y / pitchY)];
    const spot = scene.arrangement.rows[row]?.spots[column];
    if (spot === undefined || x - column * pitchX > side) return null;
    const share = (/** @type {number} */ v) => clamp(v / side, 0, 0.999999);
    const { head } = scene.arrangement.spots[spot];
    return {
      head,
      x: share(x - column * pitchX),
      y: share(y - row * pitchY - name),
      box: screenBox(head),
    };
  }

  /** @param {number} head */
  function screenBox(head) {
    const { left, top } = scroller.getBoundingClientRect();
    const box = boxOf(head, view()) ?? { x: 0, y: 0, width: 0, height: 0 };
    return new DOMRect(left + box.x, top + box.y, box.width, box.height);
  }

  /** @type {PointerEvent | null} */
  let latest = null;
  let frame = 0;
  const move = (/** @type {PointerEvent} */ event) => {
    latest = event;
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (latest) on.onHover(at(latest), false);
    });
  };
  const leave = () => {
    latest = null;
    on.onHover(null, false);
  };
  const click = (/** @type {PointerEvent} */ event) => {
    const found = at(event);
    if (!found) return;
    keys.stand(found.head);
    on.onPick(found.head);
  };
  scroller.addEventListener("pointermove", move);
  scroller.addEventListener("pointerleave", leave);
  scroller.addEventListener("click", /** @type {EventListener} */ (click));
  scroller.addEventListener("scroll", () => {
    cancelAnimationFrame(stop);
    stop = requestAnimationFrame(paint);
  });

  const keys = sheetKeys(lines, {
    arrangement: () => scene?.arrangement ?? null,
    element: (head) => lines.querySelector(`[data-head="${head}"]`),
    /** Into view, with its element. */
    bring(head) {
      bring(head);
    },
    onStand: (head) =>
      on.onHover(head === null ? null : { head, x: 0.5, y: 0.5, box: screenBox(head) }, true),
    onPick: on.onPick,
  });

  /** @param {number} head */
  function bring(head) {
    const box = boxOf(head, { x: 0, y: 0 });
    if (!box || !scene) return;
    const seen = view();
    const y = box.y - scene.metrics.name;
    if (y < seen.y) scroller.scrollTop = y;
    else if (y + scene.metrics.pitchY > seen.y + seen.height) {
      scroller.scrollTop = y + scene.metrics.pitchY - seen.height;
    }
    if (box.x < seen.x) scroller.scrollLeft = box.x;
    else if (box.x + box.width > seen.x + seen.width)
      scroller.scrollLeft = box.x + box.width - seen.width;
    paint();
  }

  return {
    element,
    /**
     * @param {Scene} next
     * @param {Theme} theme
     * @param {{empty: string, tallest: number}} look what to say when no head is left; where scrolling begins
     */
    draw(next, theme, { empty, tallest }) {
      scene = next;
      ink = theme === "dark" ? "#c3c7cf" : "#4a4f58";
      const { metrics, arrangement } = next;
      nothing.hidden = arrangement.spots.length > 0 || arrangement.rows.length > 0;
      nothing.textContent = empty;
      element.style.setProperty("--lmw-left", `${metrics.left}px`);
      element.style.setProperty("--lmw-top", `${metrics.top}px`);
      scroller.style.maxHeight = `${tallest}px`;
      const bar = metrics.height > tallest ? BAR : 0;
      element.style.width = `${metrics.left + metrics.width + bar}px`;
      lines.style.width = `${metrics.width}px`;
      lines.style.height = `${Math.max(metrics.height, metrics.pitchY)}px`;
      aria(lines, "rowcount", arrangement.rows.length);
      aria(lines, "colcount", arrangement.columns);
      for (const line of rows.values()) line.remove();
      rows.clear();
      axes(next);
      paint();
    },
    /** @param {Lit[]} next tokens to be lit, and the head under the pointer @param {number} head */
    light(next, head) {
      lit = next;
      hovered = head;
      paintOver();
    },
    /** @param {number} head -1: none */
    choose(head) {
      for (const each of lines.querySelectorAll("[aria-selected='true']")) {
        aria(each, "selected", "false");
      }
      chosen = head;
      lines.querySelector(`[data-head="${head}"]`)?.setAttribute("aria-selected", "true");
      keys.stand(head);
      paintOver();
    },
    bring,
    destroy() {
      cancelAnimationFrame(frame);
      cancelAnimationFrame(stop);
      keys.destroy();
    },
  };

  /** Layer numbers on the left, head numbers on top. @param {Scene} next */
  function axes({ arrangement, metrics, layerName }) {
    layerAxis.hidden = arrangement.flat;
    headAxis.hidden = metrics.top === 0;
    if (!layerAxis.hidden) {
      replace(
        layerAxis,
        arrangement.rows.map(({ layer }, row) =>
          h(
            "span",
            { style: { top: `${row * metrics.pitchY + metrics.name + metrics.side / 2 - 8}px` } },
            `L${layerName(layer ?? row)}`,
          ),
        ),
      );
    }
    if (!headAxis.hidden) {
      replace(
        headAxis,
        Array.from({ length: arrangement.columns }, (_, column) =>
          h(
            "span",
            { style: { left: `${column * metrics.pitchX}px`, width: `${metrics.side}px` } },
            arrangement.numbered ? `H${column}` : "",
          ),
        ),
      );
    }
  }
}

/** All keys of the chosen query, the strongest first: product by dimension, score and weight. */

import { fitCanvas } from "../../core/canvas.js";
import { aria, div, h, replace, span } from "../../core/dom.js";
import { count, number, percent } from "../../core/format.js";
import { roving } from "../../core/keyboard.js";
import { tokenElement } from "../../core/tokens.js";
import { ordered } from "./data.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Row} Row */
/** @typedef {import("./types").KeyRow} KeyRow */
/** @typedef {import("./types").Pair} Pair */
/** @typedef {import("./types").Order} Order */
/** @typedef {import("./cells.js").Colours} Colours */

const HEIGHT = 14;

/**
 * @param {{onHover: (key: number | null) => void, onPick: (key: number) => void}} on
 */
export function keyList({ onHover, onPick }) {
  const list = h("div", { class: "lmw-keys-list", role: "listbox", "aria-label": "Keys" });
  const rest = h("p", { class: "lmw-keys-rest lmw-muted" });
  const head = h(
    "div",
    { class: "lmw-keys-head lmw-muted", "aria-hidden": "true" },
    ["key", "product", "score", "weight"].map((name) => h("span", null, name)),
  );
  const element = div("lmw-keys-panel", head, list, rest);
  /** @type {{row: Row, order: number[], colours: Colours} | null} */
  let shown = null;
  /** @type {Row | null} */
  let drawn = null;

  const keyOf = (/** @type {EventTarget | null} */ target) => {
    const item = target instanceof Element ? target.closest("[data-key]") : null;
    return item instanceof HTMLElement ? Number(item.dataset.key) : null;
  };
  const keys = roving(list, "[data-key]", {
    orientation: "vertical",
    onMove(item) {
      if (item.matches(":focus-visible")) onHover(keyOf(item));
    },
    onActivate: (item) => onPick(/** @type {number} */ (keyOf(item))),
  });
  list.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "touch") onHover(keyOf(event.target));
  });
  list.addEventListener("pointerleave", () => onHover(null));
  list.addEventListener("focusout", () => onHover(null));
  list.addEventListener("click", (event) => {
    const key = keyOf(event.target);
    if (key !== null) onPick(key);
  });

  function paint() {
    if (!shown) return;
    for (const canvas of list.querySelectorAll("canvas")) {
      const { width } = /** @type {HTMLElement} */ (canvas.parentElement).getBoundingClientRect();
      const key = keyOf(canvas);
      const one = shown.row.keys.find((item) => item.key === key);
      if (one && width > 0) profile(canvas, width, one, shown);
    }
  }
  let width = 0;
  const observer = new ResizeObserver(() => {
    if (list.clientWidth === width) return;
    width = list.clientWidth;
    paint();
  });
  observer.observe(list);

  return {
    element,
    /**
     * @param {Row} row
     * @param {Pair} pair whose order of dimensions all profiles have
     * @param {{tokens: Tokens, order: Order, colours: Colours}} options
     */
    show(row, pair, { tokens, order, colours }) {
      shown = { row, order: ordered(pair.product, order), colours };
      if (row !== drawn) {
        drawn = row;
        const [sinkScore, sinkShare] = row.sink ?? [0, 0];
        const scores = row.keys.map(({ score }) => finite(score));
        const most = Math.max(...scores, finite(sinkScore), 1e-9);
        const high = Math.max(...row.keys.map(({ weight }) => weight || 0), sinkShare, 1e-9);
        replace(
          list,
          row.keys.map((one) => option(tokens, one, most, high)),
          row.sink ? sinkRow(row.sink, most, high) : null,
        );
        replace(rest, restInWords(row));
        rest.hidden = rest.textContent === "";
        keys.refresh();
      }
      paint();
    },
    /** @param {number} chosen @param {number} looked at: chosen or hovered */
    mark(chosen, looked) {
      for (const item of /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[data-key]")])) {
        const key = Number(item.dataset.key);
        aria(item, "selected", key === chosen);
        item.classList.toggle("lmw-lit", key === looked);
      }
    },
    destroy() {
      observer.disconnect();
      keys.destroy();
    },
  };
}

/** @param {number} score */
const finite = (score) => (score > -3e4 ? Math.abs(score) : 0);

/** @param {Row} row */
function restInWords({ rest, hidden }) {
  const parts = [];
  if (rest.count > 0) {
    const tokens = rest.count === 1 ? "1 other token" : `${count(rest.count)} other tokens`;
    parts.push(`${tokens}: ${percent(rest.weight)} together.`);
  }
  if (hidden > 0) {
    const are = hidden === 1 ? "1 token is" : `${count(hidden)} tokens are`;
    parts.push(`${are} hidden by the mask.`);
  }
  return parts.join(" ");
}

/** @param {Tokens} tokens @param {KeyRow} one @param {number} most @param {number} high */
function option(tokens, { key, score, weight }, most, high) {
  const masked = score <= -3e4;
  return h(
    "div",
    {
      class: "lmw-keys-row",
      role: "option",
      tabindex: "-1",
      "aria-selected": "false",
      "data-key": key,
    },
    span(
      "lmw-keys-token",
      tokenElement(tokens, key, { compact: true }),
      tokens.text.length > 40 ? span("lmw-muted lmw-keys-index", count(key)) : null,
    ),
    span("lmw-keys-profile", h("canvas", { "aria-hidden": "true" })),
    scoreBar(score, most, masked ? "hidden" : number(score, 3).replace("not a number", "NaN")),
    weightBar(weight, high),
  );
}

/** @param {number} score @param {number} most @param {string} text */
function scoreBar(score, most, text) {
  const part = Math.min(1, finite(score) / most) * 50;
  const style = { width: `${part}%`, [score < 0 ? "right" : "left"]: "50%" };
  const side = score < 0 ? "lmw-below" : "lmw-above";
  return span(
    "lmw-keys-score",
    span("lmw-keys-value", span("lmw-live", "score "), text),
    span("lmw-keys-track lmw-keys-signed", h("i", { class: side, style })),
  );
}

/** @param {number} weight @param {number} high */
function weightBar(weight, high) {
  const style = { width: `${Math.min(1, (weight || 0) / high) * 100}%` };
  return span(
    "lmw-keys-weight",
    span(
      "lmw-keys-value",
      span("lmw-live", "weight "),
      percent(weight).replace("under ", "<\u202f").replace("not a number", "NaN"),
    ),
    span("lmw-keys-track", h("i", { style })),
  );
}

/** A key that belongs to no token. @param {[number, number]} sink @param {number} most @param {number} high */
function sinkRow([score, share], most, high) {
  return h(
    "div",
    {
      class: "lmw-keys-row lmw-keys-sink",
      role: "option",
      "aria-selected": "false",
      "aria-disabled": "true",
    },
    span("lmw-keys-token", h("i", null, "sink")),
    span("lmw-keys-profile lmw-muted", "belongs to no token"),
    scoreBar(score, most, number(score, 3)),
    weightBar(share, high),
  );
}

/** @param {HTMLCanvasElement} canvas @param {number} width @param {KeyRow} one @param {{row: Row, order: number[], colours: Colours}} shown */
function profile(canvas, width, { product }, { row, order, colours }) {
  const context = fitCanvas(canvas, width, HEIGHT);
  const most = row.largest || 1;
  order.forEach((dimension, i) => {
    const left = Math.floor((i * width) / order.length);
    const right = Math.floor(((i + 1) * width) / order.length);
    context.fillStyle = colours(product[dimension] / most);
    context.fillRect(left, 0, Math.max(1, right - left), HEIGHT);
  });
}

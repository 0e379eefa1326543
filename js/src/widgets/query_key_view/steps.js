/** From the product to the weight: every step with its number, and what it does to the whole row. */

import { fitCanvas } from "../../core/canvas.js";
import { div, h, replace, span } from "../../core/dom.js";
import { clamp, number, percent } from "../../core/format.js";
import { roving } from "../../core/keyboard.js";
import { inks } from "./cells.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("./types").Pair} Pair */
/** @typedef {import("./types").Step} Step */

const HEIGHT = 24;

/** What comes out of a step, as it is written. @param {Pair} pair @param {number} index @param {number} [digits] */
export function valueInWords({ steps }, index, digits = 3) {
  const { value } = steps[index];
  return index === steps.length - 1 && digits < 4 ? percent(value) : number(value, digits);
}

/**
 * @param {{onHover: (step: number | null, box: DOMRect | null) => void}} on
 */
export function stepList({ onHover }) {
  const list = h("ol", {
    class: "lmw-steps",
    "aria-label": "Steps from the product to the weight",
  });
  const element = div("lmw-steps-panel", list);
  /** @type {{pair: Pair, keys: number[], theme: Theme} | null} */
  let shown = null;
  let names = "";
  let width = 0;

  const stepOf = (/** @type {EventTarget | null} */ target) => {
    const item = target instanceof Element ? target.closest("[data-step]") : null;
    return item instanceof HTMLElement ? item : null;
  };
  /** @param {HTMLElement | null} item */
  const tell = (item) =>
    onHover(
      item ? Number(item.dataset.step) : null,
      item?.querySelector(".lmw-step-value")?.getBoundingClientRect() ?? null,
    );
  const keys = roving(list, "[data-step]", {
    orientation: "vertical",
    onMove(item) {
      if (item.matches(":focus-visible")) tell(item);
    },
  });
  list.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "touch") tell(stepOf(event.target));
  });
  list.addEventListener("click", (event) => tell(stepOf(event.target)));
  list.addEventListener("pointerleave", () => tell(null));
  list.addEventListener("focusout", () => tell(null));

  function paint() {
    if (!shown) return;
    const { pair, keys: sent, theme } = shown;
    [...list.querySelectorAll("canvas")].forEach((canvas, index) => {
      const { width: room } = /** @type {HTMLElement} */ (
        canvas.parentElement
      ).getBoundingClientRect();
      if (room > 0) bars(canvas, room, pair.steps[index].row, sent.indexOf(pair.key), theme);
    });
  }
  const observer = new ResizeObserver(() => {
    if (list.clientWidth === width) return;
    width = list.clientWidth;
    paint();
  });
  observer.observe(list);

  return {
    element,
    /** @param {Pair} pair @param {number[]} sent which tokens the rows are about @param {Theme} theme */
    show(pair, sent, theme) {
      shown = { pair, keys: sent, theme };
      const now = pair.steps.map(({ name }) => name).join();
      if (now !== names) {
        names = now;
        replace(
          list,
          pair.steps.map((_, index) => item(index)),
        );
        keys.refresh();
      }
      [...list.children].forEach((one, index) => {
        const step = pair.steps[index];
        const parts = [".lmw-step-symbol", ".lmw-step-name", ".lmw-step-value"].map(
          (selector) => /** @type {HTMLElement} */ (one.querySelector(selector)),
        );
        const texts = [step.symbol, step.name, valueInWords(pair, index)];
        parts.forEach((part, i) => {
          part.textContent = texts[i];
        });
      });
      paint();
    },
    destroy() {
      observer.disconnect();
      keys.destroy();
    },
  };
}

/** @param {number} index */
function item(index) {
  return h(
    "li",
    { class: "lmw-step", tabindex: "-1", "data-step": index },
    span("lmw-step-symbol"),
    span("lmw-step-name"),
    span("lmw-step-row", h("canvas", { "aria-hidden": "true" })),
    h("b", { class: "lmw-step-value" }),
  );
}

/** Bars of a row, from zero up and down; the chosen key in the accent, a hidden one a dot. @param {HTMLCanvasElement} canvas @param {number} width @param {Float32Array} row @param {number} chosen @param {Theme} theme */
function bars(canvas, width, row, chosen, theme) {
  const context = fitCanvas(canvas, width, HEIGHT);
  const ink = inks(theme);
  let [low, high] = [0, 0];
  for (const value of row) {
    if (value > -3e4) [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  const y = (/** @type {number} */ value) =>
    1 + ((high - value) / (high - low || 1)) * (HEIGHT - 3);
  const step = width / Math.max(1, row.length);
  const wide = clamp(step - (step > 3 ? 1 : 0), 1, 14);
  context.fillStyle = ink.base;
  context.fillRect(0, Math.round(y(0)), width, 1);
  row.forEach((value, i) => {
    context.fillStyle = i === chosen ? ink.accent : ink.base;
    const left = i * step + (step - wide) / 2;
    if (!(value > -3e4)) {
      context.fillRect(left + wide / 2 - 1, y(0) - 4, 2, 2);
      return;
    }
    const [from, to] = [y(Math.max(0, value)), y(Math.min(0, value))];
    context.fillRect(left, from, wide, Math.max(1, to - from));
  });
}

/** What a step does, for the tooltip. @param {Pair} pair @param {number} index */
export function stepTip(pair, index) {
  const step = pair.steps[index];
  const seen = [...step.row].filter((value) => value > -3e4);
  const range = seen.length
    ? `All keys: ${number(Math.min(...seen), 4)} to ${number(Math.max(...seen), 4)}.`
    : "";
  return h(
    "div",
    null,
    div("lmw-tip-title", `${step.name}: ${valueInWords(pair, index, 4)}`),
    h("div", null, step.symbol),
    div("lmw-muted", `${step.note} ${range}`),
  );
}

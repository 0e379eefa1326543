/**
 * The text with a stack of bars under every unit, a bar a method: bars above the line of a row speak
 * for the target, bars below it against. One element a stack, drawn as layered backgrounds, so that
 * thousands of units stay light; the browser breaks the lines.
 */

import { aria, div, h, replace } from "../../core/dom.js";
import { roving } from "../../core/keyboard.js";
import { tokenElement, tokenName } from "../../core/tokens.js";
import { place } from "../../saliency/measure.js";
import { colourAt } from "../../saliency/shade.js";
import { scoreWords } from "../../saliency/words.js";

/** @typedef {import("./types").Row} Row */
/** @typedef {import("./types").Theme} Theme */
/** @typedef {import("./types").Units} Units */

/** Height of a method's row in pixels, of which so much is free above and below its bars. */
export const ROW = 26;
const GAP = 3;
/** So many scores are named at once; of longer texts each unit when it is reached. */
const NAMED = 5000;
/** So many stacks are painted at once. */
const FEW = 400;

/**
 * The layers of one stack.
 * @param {Row[]} rows
 * @param {number} unit
 * @param {Theme} theme
 */
export function layers(rows, unit, theme) {
  const images = [];
  const sizes = [];
  const places = [];
  const room = ROW - 2 * GAP;
  for (const [i, { measured }] of rows.entries()) {
    const t = place(measured, unit);
    const top = i * ROW + GAP;
    if (Number.isNaN(t)) {
      images.push("repeating-linear-gradient(45deg, var(--lmw-muted) 0 1px, transparent 1px 5px)");
      sizes.push(`100% ${room}px`);
      places.push(`0 ${top}px`);
      continue;
    }
    const reach = measured.signed ? room / 2 : room;
    const height = Math.max(Math.abs(t) * reach, t === 0 ? 0 : 1);
    if (height === 0) continue;
    const fill = fillOf(t, measured.signed, theme);
    images.push(`linear-gradient(${fill}, ${fill})`);
    sizes.push(`100% ${height.toFixed(1)}px`);
    const from = measured.signed
      ? t > 0
        ? top + reach - height
        : top + reach
      : top + room - height;
    places.push(`0 ${from.toFixed(1)}px`);
  }
  return { image: images.join(", "), size: sizes.join(", "), position: places.join(", ") };
}

/** Fills by tone: thousands of bars share a few. @type {Map<string, string>} */
const FILLS = new Map();
const TONES = 64;

/**
 * Short bars are pale, but never too pale to be seen.
 * @param {number} t −1…1
 * @param {boolean} signed
 * @param {Theme} theme
 */
function fillOf(t, signed, theme) {
  const tone = Math.round((0.35 + 0.65 * Math.abs(t)) * TONES);
  const key = `${theme} ${signed && t < 0 ? -tone : tone} ${signed}`;
  let fill = FILLS.get(key);
  if (fill === undefined) {
    const strength = tone / TONES;
    fill = colourAt(signed && t < 0 ? -strength : strength, signed, theme).fill;
    FILLS.set(key, fill);
  }
  return fill;
}

/**
 * @param {{onHover: (unit: number | null, box?: DOMRect) => void, onChoose: (unit: number) => void, onRelease: () => void}} on
 */
export function glossView({ onHover, onChoose, onRelease }) {
  const flow = h("div", { class: "lmw-gloss-flow", dir: "auto" });
  const names = div("lmw-gloss-names");
  const element = h(
    "div",
    { class: "lmw-gloss", role: "group", "aria-label": "Scores of every method" },
    names,
    flow,
  );
  /** @type {HTMLElement[]} */
  let stacks = [];
  /** @type {Row[]} */
  let rows = [];
  /** @type {Units | null} */
  let units = null;
  /** @type {Theme} */
  let theme = "light";
  /** @type {HTMLElement | null} */
  let lit = null;
  /** @type {HTMLElement | null} */
  let pinned = null;
  const keys = roving(flow, ".lmw-unit", {
    onMove: (item) => enter(item),
    onActivate: (item) => onChoose(Number(item.dataset.unit)),
    onEscape: onRelease,
  });

  /** @param {EventTarget | null} target @returns {HTMLElement | null} */
  const unitAt = (target) =>
    target instanceof Element
      ? /** @type {HTMLElement | null} */ (target.closest(".lmw-unit"))
      : null;

  /** Bars of long texts are painted as they come into view. */
  const coming = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        coming.unobserve(target);
        paint(Number(/** @type {HTMLElement} */ (target.parentElement).dataset.unit));
      }
    },
    { root: element, rootMargin: "600px 0px" },
  );

  /** @param {number} unit */
  function paint(unit) {
    const { image, size, position } = layers(rows, unit, theme);
    const { style } = stacks[unit];
    style.backgroundImage = image || "none";
    style.backgroundSize = size;
    style.backgroundPosition = position;
  }

  /** The scores of a unit in its accessible name. @param {number} unit */
  function nameUnit(unit) {
    const item = stacks[unit]?.parentElement;
    if (!item || !units) return;
    const said = rows.map(({ label: who, measured }) => `${who} ${scoreWords(measured, unit, 2)}`);
    aria(item, "label", `${tokenName(units.tokens, unit)}: ${said.join(", ")}`);
  }

  /** @param {HTMLElement | null} item */
  function enter(item) {
    if (item === null) return onHover(null);
    nameUnit(Number(item.dataset.unit));
    onHover(Number(item.dataset.unit), item.getBoundingClientRect());
  }
  flow.addEventListener("pointerover", (event) => enter(unitAt(event.target)));
  flow.addEventListener("pointerleave", () => onHover(null));
  flow.addEventListener("focusout", () => onHover(null));
  flow.addEventListener("click", (event) => {
    const item = unitAt(event.target);
    if (!item) return;
    keys.select(item);
    onChoose(Number(item.dataset.unit));
  });

  /** The names of the methods stand beside every line of text. */
  function label() {
    const top = flow.getBoundingClientRect().top;
    /** @type {number[]} */
    const lines = [];
    for (const stack of stacks) {
      const at = stack.getBoundingClientRect().top - top;
      if (lines.length === 0 || Math.abs(at - lines[lines.length - 1]) > 2) lines.push(at);
    }
    replace(
      names,
      lines.map((at, line) => {
        const block = div("lmw-gloss-lines", rows.map(name));
        block.style.top = `${at}px`;
        if (line > 0) aria(block, "hidden", "true");
        return block;
      }),
    );
  }
  const resized = new ResizeObserver(() => label());
  resized.observe(flow);

  return {
    element,
    /** @param {Units} next @param {Row[]} shown @param {Theme} tint */
    draw(next, shown, tint) {
      if (next !== units) {
        units = next;
        lit = pinned = null;
        stacks = [];
        replace(
          flow,
          next.tokens.text.flatMap((_, unit) => column(next, unit, stacks)),
        );
      }
      rows = shown;
      theme = tint;
      flow.style.setProperty("--lmw-stack", `${rows.length * ROW}px`);
      coming.disconnect();
      const few = stacks.length <= FEW;
      for (const [unit, stack] of stacks.entries()) {
        if (few) paint(unit);
        else coming.observe(stack);
        if (stacks.length * rows.length <= NAMED) nameUnit(unit);
      }
      keys.refresh();
      label();
    },
    /** @param {number | null} unit */
    light(unit) {
      lit?.classList.remove("lmw-lit");
      lit = unit === null ? null : (stacks[unit]?.parentElement ?? null);
      lit?.classList.add("lmw-lit");
    },
    /** @param {number | null} unit */
    pin(unit) {
      pinned?.classList.remove("lmw-pinned");
      if (pinned) aria(pinned, "pressed", "false");
      pinned = unit === null ? null : (stacks[unit]?.parentElement ?? null);
      pinned?.classList.add("lmw-pinned");
      if (pinned) aria(pinned, "pressed", "true");
    },
    /** The unit that the keyboard was at. @returns {HTMLElement | null} */
    stop: () => flow.querySelector("[tabindex='0']"),
    destroy() {
      resized.disconnect();
      coming.disconnect();
      keys.destroy();
    },
  };
}

/** @param {Row} row */
function name({ label: text, unit, slow, group, partial }) {
  const element = div("lmw-gloss-name", text);
  element.title = [text, unit, slow ? "takes many passes" : "", partial ? "stopped early" : ""]
    .filter(Boolean)
    .join(" · ");
  element.classList.toggle("lmw-control-row", group === "Control");
  return element;
}

/** @param {Units} units @param {number} unit @param {HTMLElement[]} stacks */
function column({ tokens }, unit, stacks) {
  const stack = h("span", { class: "lmw-stack", "aria-hidden": "true" });
  stacks.push(stack);
  const item = h(
    "span",
    { class: "lmw-unit", role: "button", tabindex: "-1", "aria-pressed": "false" },
    h("span", { class: "lmw-unit-text" }, tokenElement(tokens, unit, { compact: true })),
    stack,
  );
  item.dataset.unit = String(unit);
  return tokens.text[unit].includes("\n") ? [item, h("br", null)] : [item];
}

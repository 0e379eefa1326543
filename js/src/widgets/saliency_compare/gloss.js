/**
 * The text with a stack of bars under every unit, a bar a method: bars above the line of a row speak
 * for the target, bars below it against. One element a stack, drawn as layered backgrounds; the browser
 * breaks the lines. Units stand in blocks, which are laid out, painted and named as they come near, so
 * that thousands of units stay light.
 */

import { aria, div, h, replace } from "../../core/dom.js";
import { roving } from "../../core/keyboard.js";
import { tokenElement, tokenName } from "../../core/tokens.js";
import { scoreWords } from "../../saliency/words.js";
import { baselines, layers, ROW } from "./stack.js";

/** @typedef {import("./types").Row} Row */
/** @typedef {import("./types").Theme} Theme */
/** @typedef {import("./types").Units} Units */

/** So many scores are named at once; of longer texts each unit when it is reached. */
const NAMED = 5000;
const LETTER = /\p{L}/u;
const RIGHT_TO_LEFT = /^\P{L}*[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u;
/** So many units a block at most: a longer paragraph begins a new line there. */
const BLOCK = 300;
/** Blocks that begin before so many units are drawn at once, the others a moment later. */
const FEW = 400;
const AFTERWARDS = 60;

/**
 * @param {{onHover: (unit: number | null, box?: DOMRect) => void, onChoose: (unit: number) => void, onRelease: () => void}} on
 */
export function glossView({ onHover, onChoose, onRelease }) {
  const flow = h("div", { class: "lmw-gloss-flow" });
  const element = h(
    "div",
    { class: "lmw-gloss", role: "group", "aria-label": "Scores of every method" },
    flow,
  );
  /** @type {Block[]} */
  let blocks = [];
  /** @type {HTMLElement[]} */
  let stacks = [];
  /** @type {Row[]} */
  let rows = [];
  /** @type {Units | null} */
  let units = null;
  /** @type {Theme} */
  let theme = "light";
  /** Width of the flow that the lines are of. */
  let width = 0;
  /** @type {HTMLElement | null} */
  let lit = null;
  /** @type {HTMLElement | null} */
  let pinned = null;
  /** The unit that is pinned. @type {number | null} */
  let chosen = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let later;
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

  const coming = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        const block = blocks[Number(/** @type {HTMLElement} */ (target).dataset.block)];
        if (!block || block.element !== target) continue;
        block.near = isIntersecting;
        if (isIntersecting) arrive(block);
      }
    },
    { root: element, rootMargin: "600px 0px" },
  );

  /** The units of a block, unless they stand. @param {Block} block */
  function fill({ element: box, from, to }) {
    if (!units || stacks[from]) return;
    for (let unit = from; unit < to; unit++) box.append(column(units.tokens, unit, stacks));
  }

  function fillAll() {
    for (const block of blocks) fill(block);
    keys.refresh();
    pin(chosen);
  }

  /** Bars and names of a block, unless it has them. @param {Block} block */
  function arrive(block) {
    fill(block);
    if (!block.painted) for (let unit = block.from; unit < block.to; unit++) paint(unit);
    block.painted = true;
    if (block.width !== width) label(block);
    block.width = width;
  }

  /** @param {number} unit */
  function paint(unit) {
    const { image, size, position } = layers(rows, unit, theme);
    const { style } = stacks[unit];
    style.backgroundImage = [image, "var(--lmw-lines)"].filter(Boolean).join(", ");
    style.backgroundSize = [size, "100% 100%"].filter(Boolean).join(", ");
    style.backgroundPosition = [position, "0 0"].filter(Boolean).join(", ");
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

  /** The names of the methods stand beside every line of text. @param {Block} block */
  function label({ element: box, names, from, to }) {
    const top = box.getBoundingClientRect().top;
    /** @type {number[]} */
    const lines = [];
    for (const stack of stacks.slice(from, to)) {
      const at = stack.getBoundingClientRect().top - top;
      if (lines.length === 0 || Math.abs(at - lines[lines.length - 1]) > 2) lines.push(at);
    }
    replace(
      names,
      lines.map((at, line) => {
        const beside = div("lmw-gloss-lines", rows.map(name));
        beside.style.top = `${at}px`;
        if (from > 0 || line > 0) aria(beside, "hidden", "true");
        return beside;
      }),
    );
  }
  /** Bars and names anew: the first ones at once, the others as they come near. */
  function renew() {
    width = flow.offsetWidth;
    coming.disconnect();
    for (const block of blocks) {
      block.painted = false;
      block.width = -1;
      block.near = block.from < FEW;
      if (block.near) arrive(block);
      coming.observe(block.element);
    }
  }

  /** @param {number | null} unit */
  function pin(unit) {
    pinned?.classList.remove("lmw-pinned");
    if (pinned) aria(pinned, "pressed", "false");
    chosen = unit;
    pinned = unit === null ? null : (stacks[unit]?.parentElement ?? null);
    pinned?.classList.add("lmw-pinned");
    if (pinned) aria(pinned, "pressed", "true");
  }

  const resized = new ResizeObserver(() => {
    if (flow.offsetWidth === width) return;
    width = flow.offsetWidth;
    for (const block of blocks.filter(({ near }) => near)) arrive(block);
  });
  resized.observe(flow);

  return {
    element,
    /** @param {Units} next @param {Row[]} shown @param {Theme} tint */
    draw(next, shown, tint) {
      if (next !== units) {
        units = next;
        lit = pinned = null;
        stacks = [];
        blocks = blocksOf(next.tokens.text);
        for (const block of blocks) if (block.from < FEW) fill(block);
        flow.replaceChildren(...blocks.map((block) => block.element));
      }
      rows = shown;
      theme = tint;
      flow.style.setProperty("--lmw-stack", `${rows.length * ROW}px`);
      flow.style.setProperty("--lmw-lines", baselines(rows));
      renew();
      if (stacks.length * rows.length <= NAMED) for (const unit of stacks.keys()) nameUnit(unit);
      keys.refresh();
      clearTimeout(later);
      if (blocks.some(({ to }) => !stacks[to - 1])) later = setTimeout(fillAll, AFTERWARDS);
    },
    /** @param {number | null} unit */
    light(unit) {
      lit?.classList.remove("lmw-lit");
      lit = unit === null ? null : (stacks[unit]?.parentElement ?? null);
      lit?.classList.add("lmw-lit");
    },
    pin,
    /** The unit that the keyboard was at. @returns {HTMLElement | null} */
    stop: () => flow.querySelector("[tabindex='0']"),
    destroy() {
      clearTimeout(later);
      resized.disconnect();
      coming.disconnect();
      keys.destroy();
    },
  };
}

/** @param {Row} row */
function name({ label: text, unit, slow, group, partial }) {
  const element = div("lmw-gloss-name", h("span", null, text));
  element.title = [text, unit, slow ? "takes many passes" : "", partial ? "stopped early" : ""]
    .filter(Boolean)
    .join(" · ");
  element.classList.toggle("lmw-control-row", group === "Control");
  return element;
}

/**
 * Units that stand together: a paragraph in its own writing direction, by its first letter that has one.
 * @typedef {object} Block
 * @property {HTMLElement} element
 * @property {HTMLElement} names of the methods, beside each line
 * @property {number} from first unit
 * @property {number} to the one behind the last
 * @property {boolean} near in view, or about to be
 * @property {boolean} painted whether its bars stand
 * @property {number} width that its names were placed for
 */

/** @param {string[]} text of the units @returns {Block[]} without their units */
function blocksOf(text) {
  /** @type {Block[]} */
  const found = [];
  let rightToLeft = false;
  for (let from = 0, to = 0; from < text.length; from = to) {
    do to += 1;
    while (to < text.length && to - from < BLOCK && !text[to - 1].includes("\n"));
    const letters = text.slice(from, to).find((one) => LETTER.test(one));
    if (letters) rightToLeft = RIGHT_TO_LEFT.test(letters);
    const names = h("div", { class: "lmw-gloss-names", dir: "ltr" });
    const element = h("div", { class: "lmw-gloss-block", dir: rightToLeft ? "rtl" : "ltr" }, names);
    element.dataset.block = String(found.length);
    found.push({ element, names, from, to, near: false, painted: false, width: -1 });
  }
  return found;
}

/** @param {Units["tokens"]} tokens @param {number} unit @param {HTMLElement[]} stacks */
function column(tokens, unit, stacks) {
  const stack = h("span", { class: "lmw-stack", "aria-hidden": "true" });
  stacks.push(stack);
  const text = tokenElement(tokens, unit, { compact: true });
  text.classList.add("lmw-unit-text");
  const item = h(
    "span",
    { class: "lmw-unit", role: "button", tabindex: "-1", "aria-pressed": "false" },
    text,
    stack,
  );
  item.dataset.unit = String(unit);
  return item;
}

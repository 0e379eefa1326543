/** The tokens at both sides: real text, only as many elements as are near the window. */

import { unsigned } from "../../core/colour.js";
import { h, replace, span } from "../../core/dom.js";
import { number, percent } from "../../core/format.js";
import { tokenElement } from "../../core/tokens.js";
import { ROW } from "./rows.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Layout} Layout */
/** @typedef {import("./types").Row} Row */

/** Beyond this many rows only those near the window are in the page. */
const ALL_ROWS = 300;
const MARGIN = 12 * ROW;
/** Less is not worth a number. */
export const WORTH_A_NUMBER = 0.005;

/** A share in the figure: two digits, in per cent. @param {number} share */
export const shareText = (share) =>
  share > 0.99 ? percent(share) : `${number(100 * share)}\u00a0%`;

/**
 * @typedef {object} Label
 * @property {HTMLElement} left
 * @property {HTMLElement} right
 * @property {HTMLElement | null} share
 */

/**
 * @param {HTMLElement} sheet
 * @param {(row: Row) => void} onOpen a gap was clicked
 */
export function labels(sheet, onOpen) {
  /** @type {Map<string, Label>} */
  let made = new Map();
  /** @type {{tokens: Tokens, layout: Layout} | null} */
  let now = null;
  /** @type {{shares: Float64Array | null, theme: Theme, hover: number | null, pinned: number | null}} */
  let look = { shares: null, theme: "light", hover: null, pinned: null };
  let most = 0;

  /** @param {Row} row @param {Tokens} tokens @returns {Label} */
  function label(row, tokens) {
    const style = { top: `${row.top}px` };
    if (row.gap) {
      const text = `${row.to - row.from} tokens`;
      const open = h(
        "button",
        {
          class: "lmw-flow-gap",
          tabindex: "-1",
          title: `Show the ${text} folded away here`,
          style,
          onclick: () => onOpen(row),
        },
        `⋯ ${text}`,
      );
      const line = h("div", { class: "lmw-flow-gap-line", style, "aria-hidden": "true" });
      return { left: open, right: line, share: null };
    }
    const share = span("lmw-flow-share");
    const side = (/** @type {string} */ name, /** @type {(Node | null)[]} */ ...more) =>
      h(
        "div",
        {
          class: `lmw-flow-label lmw-flow-${name}`,
          dataset: { row: String(row.from) },
          style,
        },
        tokenElement(tokens, row.from, { compact: true }),
        more,
      );
    const right = side("right");
    right.ariaHidden = "true"; // the same token as at the left
    return { left: side("left", share), right, share };
  }

  /** @param {Row} row @param {Label} label */
  function dress(row, { left, right, share }) {
    if (!share) return;
    const value = Math.abs(look.shares?.[row.from] ?? 0);
    const shown = look.shares !== null && value >= WORTH_A_NUMBER;
    replace(share, shown ? shareText(value) : "");
    const token = /** @type {HTMLElement} */ (left.firstElementChild);
    const fill = unsigned(most > 0 ? value / most : 0, look.theme);
    token.style.background = shown ? fill.fill : "";
    token.style.color = shown ? fill.ink : "";
    left.classList.toggle("lmw-flow-quiet", look.shares !== null && !shown);
    for (const element of [left, right]) {
      element.classList.toggle("lmw-hover", look.hover === row.from);
    }
    right.classList.toggle("lmw-pinned", look.pinned === row.from);
  }

  /** @param {number} scroll @param {number} height */
  function update(scroll, height) {
    if (!now) return;
    const { tokens, layout } = now;
    const all = layout.rows.length <= ALL_ROWS;
    /** @type {Map<string, Label>} */
    const next = new Map();
    for (const row of layout.rows) {
      const near = row.top > scroll - MARGIN && row.top < scroll + height + MARGIN;
      if (!all && !near) continue;
      const id = `${row.from} ${row.to} ${row.top}`;
      const found = made.get(id) ?? label(row, tokens);
      if (!made.has(id)) sheet.append(found.left, found.right);
      next.set(id, found);
      dress(row, found);
    }
    for (const [id, { left, right }] of made) {
      if (next.has(id)) continue;
      left.remove();
      right.remove();
    }
    made = next;
  }

  return {
    /** @param {Tokens} tokens @param {Layout} layout */
    set(tokens, layout) {
      if (now?.tokens !== tokens) {
        for (const { left, right } of made.values()) {
          left.remove();
          right.remove();
        }
        made = new Map();
      }
      now = { tokens, layout };
    },
    /** @param {typeof look} next */
    show(next) {
      look = next;
      most = next.shares ? next.shares.reduce((top, v) => Math.max(top, Math.abs(v)), 0) : 0;
    },
    update,
  };
}

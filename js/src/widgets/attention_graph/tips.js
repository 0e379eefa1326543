/** What tooltips say: a token with its strongest targets, or every head's weight of one pair. */

import { h } from "../../core/dom.js";
import { count, share } from "../../core/format.js";
import { tokenName } from "../../core/tokens.js";
import { headName, otherSide } from "./isolate.js";
import { LONG } from "./long/window.js";
import { inkOf } from "./painter.js";

/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Target} Target */

/**
 * @param {{query: Tokens, key: Tokens}} tokens
 * @param {Place} place
 * @param {Target[]} targets
 * @param {{theme: Theme, severalHeads: boolean}} options
 */
export function tokenTip(tokens, place, targets, { theme, severalHeads }) {
  const own = tokens[place.side];
  const other = tokens[otherSide(place.side)];
  const rows = targets
    .slice(0, 5)
    .map((target) =>
      h(
        "tr",
        null,
        h("td", { class: "lmw-tip-token", dir: "auto" }, tokenName(other, target.index, 24)),
        other.text.length > LONG
          ? h("td", { class: "lmw-tip-number lmw-muted" }, count(target.index))
          : null,
        h("td", { class: "lmw-tip-number" }, share(target.weight)),
        severalHeads
          ? h("td", { class: "lmw-tip-head" }, dot(target.head, theme), headName(target.head))
          : null,
      ),
    );
  const verb = place.side === "query" ? "attends to" : "is attended to by";
  return h(
    "div",
    null,
    tipHead(own, place.index),
    rows.length > 0 ? h("div", { class: "lmw-muted" }, verb) : null,
    h("table", null, rows),
  );
}

/**
 * Every head's exact weight of one pair.
 * @param {{query: Tokens, key: Tokens}} tokens
 * @param {number} query
 * @param {number} key
 * @param {{head: number, weight: number | null}[]} weights
 * @param {Theme} theme
 */
export function pairTip(tokens, query, key, weights, theme) {
  const rows = weights.map(({ head, weight }) =>
    h(
      "tr",
      null,
      h("td", { class: "lmw-tip-head" }, dot(head, theme), headName(head)),
      h("td", { class: "lmw-tip-number" }, weight === null ? "not sent" : share(weight)),
    ),
  );
  return h(
    "div",
    null,
    h(
      "div",
      { class: "lmw-tip-title" },
      h("bdi", null, tokenName(tokens.query, query, 40)),
      h("span", { class: "lmw-muted" }, " → "),
      h("bdi", null, tokenName(tokens.key, key, 40)),
    ),
    h("table", { class: rows.length > 8 ? "lmw-tip-many" : null }, rows),
  );
}

/** @param {number} head @param {Theme} theme */
function dot(head, theme) {
  return h("i", { class: "lmw-dot", style: { background: inkOf(head, theme) } });
}

/** The whole token (cut at 400 characters) and what it is. @param {Tokens} tokens @param {number} index */
function tipHead(tokens, index) {
  return [
    h("div", { class: "lmw-tip-title", dir: "auto" }, tokenName(tokens, index, 400)),
    h("div", { class: "lmw-muted" }, tokenFacts(tokens, index)),
  ];
}

/**
 * "token 3 of 14 · id 2322 · “ĠJohn”"
 * @param {Tokens} tokens
 * @param {number} index
 */
export function tokenFacts(tokens, index) {
  const facts = [`token ${index} of ${tokens.text.length}`];
  const [kind, role, id, raw] = [
    tokens.kind[index],
    tokens.role?.[index],
    tokens.id?.[index],
    tokens.raw?.[index],
  ];
  if (kind !== "text") facts.push(kind);
  if (role) facts.push(role);
  if (id !== undefined) facts.push(`id ${id}`);
  if (raw && raw !== tokens.text[index]) facts.push(`“${raw.slice(0, 40)}”`);
  return facts.join(" · ");
}

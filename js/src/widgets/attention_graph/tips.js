/** What tooltips say: a token with its strongest targets, or every head's weight of one pair. */

import { div, h, span } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { tokenName } from "../../core/tokens.js";
import { headName, otherSide } from "./isolate.js";
import { LONG } from "./long/window.js";

/** @typedef {import("../../attention/ink.js").Ink} Ink */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Target} Target */

/**
 * @param {{query: Tokens, key: Tokens}} tokens
 * @param {Place} place
 * @param {Target[]} targets
 * @param {{ink: Ink, severalHeads: boolean}} options
 */
export function tokenTip(tokens, place, targets, { ink, severalHeads }) {
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
        h("td", { class: "lmw-tip-number" }, ink.exact(target.weight)),
        severalHeads
          ? h(
              "td",
              { class: "lmw-tip-head" },
              dot(ink.colour(target.head, target.weight)),
              headName(target.head),
            )
          : null,
      ),
    );
  return h(
    "div",
    null,
    tipHead(own, place.index),
    rows.length > 0 ? div("lmw-muted", ink.verb(place.side)) : null,
    h("table", null, rows),
  );
}

/**
 * Every head's exact weight of one pair.
 * @param {{query: Tokens, key: Tokens}} tokens
 * @param {number} query
 * @param {number} key
 * @param {{head: number, weight: number | null}[]} weights
 * @param {Ink} ink
 */
export function pairTip(tokens, query, key, weights, ink) {
  const rows = weights.map(({ head, weight }) =>
    h(
      "tr",
      null,
      h("td", { class: "lmw-tip-head" }, dot(ink.colour(head, weight ?? 0)), headName(head)),
      h("td", { class: "lmw-tip-number" }, weight === null ? "not sent" : ink.exact(weight)),
    ),
  );
  return h(
    "div",
    null,
    div(
      "lmw-tip-title",
      h("bdi", null, tokenName(tokens.query, query, 40)),
      span("lmw-muted", " → "),
      h("bdi", null, tokenName(tokens.key, key, 40)),
    ),
    h("table", { class: rows.length > 8 ? "lmw-tip-many" : null }, rows),
  );
}

/** @param {string} colour */
function dot(colour) {
  return h("i", { class: "lmw-dot", style: { background: colour } });
}

/** The whole token (cut at 400 characters) and what it is. @param {Tokens} tokens @param {number} index */
function tipHead(tokens, index) {
  return [
    h("div", { class: "lmw-tip-title", dir: "auto" }, tokenName(tokens, index, 400)),
    div("lmw-muted", tokenFacts(tokens, index)),
  ];
}

/**
 * "token 3 of 14 · id 2322 · “ĠJohn”"
 * @param {Tokens} tokens
 * @param {number} index
 */
export function tokenFacts(tokens, index) {
  const fold = "fold" in tokens ? /** @type {import("./folding.js").Folded} */ (tokens).fold : null;
  const at = fold?.from[index] ?? index;
  const size = fold?.size[index] ?? 1;
  if (size > 1)
    return `tokens ${at} to ${at + size - 1}: as target their sum, as source their mean`;
  const facts = [`token ${at} of ${fold?.of ?? tokens.text.length}`];
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

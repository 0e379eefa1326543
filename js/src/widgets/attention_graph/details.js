/** The numbers of one token as a table: for reading, for screen readers, for the clipboard. */

import { textButton } from "../../core/controls.js";
import { append, div, h, replace, span } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { tokenElement, tokenName } from "../../core/tokens.js";
import { headName, otherSide } from "./isolate.js";
import { LONG } from "./long/window.js";
import { tokenFacts } from "./tips.js";

/** @typedef {import("../../attention/ink.js").Ink} Ink */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Target} Target */

/** Rows at first, and with each wish for more. A token that is only hovered gets a glance. */
const ROWS = 50;
const GLANCE = 12;
const WORTH_A_BAR = 0.02;

/**
 * @typedef {object} Selection
 * @property {{query: Tokens, key: Tokens}} tokens
 * @property {Place} place
 * @property {Target[]} targets
 * @property {number[]} heads columns of the table
 * @property {boolean} kept whether the token is pinned
 * @property {(head: number, other: number) => number | null} weight
 * @property {Ink} ink
 */

/**
 * @param {HTMLElement} holder
 * @param {(place: Place) => void} onGo a token of a long text is to be brought into view
 */
export function details(holder, onGo) {
  const hint = h(
    "p",
    { class: "lmw-muted" },
    "Hover a token to see its weights here. Click to keep it.",
  );

  /** @param {Selection | null} selection */
  function show(selection) {
    if (!selection) return replace(holder, hint);
    const { tokens, place, targets, kept, ink } = selection;
    const title = h(
      "caption",
      null,
      span("lmw-details-token", tokenElement(tokens[place.side], place.index, { compact: true })),
      span("lmw-muted", ` ${ink.verb(place.side)}`),
      div("lmw-muted", tokenFacts(tokens[place.side], place.index)),
    );
    const body = h("tbody", null);
    const rest = h("p", { class: "lmw-muted lmw-table-rest" });
    const add = (/** @type {number} */ most) => {
      const from = body.childElementCount;
      append(
        body,
        targets.slice(from, from + most).map((target) => row(selection, target, onGo)),
      );
      const left = targets.length - body.childElementCount;
      const more = textButton({
        label: `show ${Math.min(ROWS, left)} more`,
        onClick: () => add(ROWS),
      });
      if (left === 0) rest.remove();
      else
        replace(rest, `and ${count(left)} more `, kept ? more : "(click the token to list them)");
    };
    replace(
      holder,
      h("table", { class: "lmw-table" }, title, head(selection), body),
      rest,
      targets.length === 0
        ? h("p", { class: "lmw-muted" }, "No edges with the present filters.")
        : null,
    );
    add(kept ? ROWS : GLANCE);
  }
  show(null);
  return { show };
}

/** @param {Selection} selection */
function head({ heads, ink, place }) {
  return h(
    "thead",
    null,
    h(
      "tr",
      null,
      h("th", { scope: "col" }, place.side === "query" ? "key" : "query"),
      heads.map((number_) =>
        h(
          "th",
          { scope: "col", class: "lmw-num" },
          h("i", { class: "lmw-dot", style: { background: ink.dot(number_) } }),
          headName(number_),
        ),
      ),
    ),
  );
}

/** @param {Selection} selection @param {Target} target @param {(place: Place) => void} onGo */
function row({ tokens, place, heads, weight, ink }, target, onGo) {
  const side = otherSide(place.side);
  const other = tokens[side];
  return h(
    "tr",
    null,
    h(
      "th",
      { scope: "row" },
      tokenElement(other, target.index, { compact: true }),
      other.text.length > LONG ? where({ side, index: target.index }, onGo) : null,
    ),
    heads.map((number_) => {
      const value = weight(number_, target.index);
      return h(
        "td",
        { class: "lmw-num" },
        h("i", {
          class: "lmw-bar",
          style: {
            background: ink.colour(number_, value ?? 0),
            width: `${100 * (value && ink.size(value) > WORTH_A_BAR ? ink.size(value) : 0)}%`,
          },
        }),
        h("span", null, value === null ? "–" : ink.exact(value)),
      );
    }),
  );
}

/** Which of the same words it is, and a way to it. @param {Place} place @param {(place: Place) => void} onGo */
function where(place, onGo) {
  const number = count(place.index);
  const label = `Go to token ${number}`;
  const attrs = { class: "lmw-go", title: label, "aria-label": label };
  return h("button", { ...attrs, onclick: () => onGo(place) }, number);
}

/**
 * The same as tab-separated text.
 * @param {Selection} selection
 */
export function asText({ tokens, place, targets, heads, weight }) {
  const other = otherSide(place.side);
  const name = tokenName(tokens[place.side], place.index);
  const lines = [
    [`${other} (for ${place.side} ${place.index}: ${name})`, "index", ...heads.map(headName)].join(
      "\t",
    ),
  ];
  for (const target of targets) {
    const numbers = heads.map((number_) => {
      const value = weight(number_, target.index);
      return value === null ? "" : String(Number(value.toPrecision(4)));
    });
    lines.push([tokenName(tokens[other], target.index), target.index, ...numbers].join("\t"));
  }
  return lines.join("\n");
}

/**
 * The strongest edges of the picture, when no token is chosen.
 * @param {import("./types").EdgeSet} set
 * @param {{query: Tokens, key: Tokens}} tokens
 */
export function edgesAsText(set, tokens) {
  const lines = ["query\tkey\thead\tweight"];
  for (let i = 0; i < Math.min(50, set.count); i++) {
    const names = [tokenName(tokens.query, set.query[i]), tokenName(tokens.key, set.key[i])];
    lines.push([...names, headName(set.head[i]), Number(set.weight[i].toPrecision(4))].join("\t"));
  }
  return lines.join("\n");
}

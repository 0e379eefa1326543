/** The same numbers as a table: sortable by its head, read by screen readers, copied as text. */

import { h, replace } from "../../core/dom.js";
import { tokenElement, tokenName } from "../../core/tokens.js";
import { scoreWords, shareWords } from "../../saliency/words.js";

/** @typedef {import("./types").Tokens} Tokens */
/** @typedef {import("./types").Measure} Measure */

/** @type {{ key: string, label: string }[]} */
const COLUMNS = [
  { key: "position", label: "#" },
  { key: "token", label: "Token" },
  { key: "value", label: "Value" },
  { key: "rank", label: "Rank" },
  { key: "share", label: "Share" },
  { key: "id", label: "Id" },
];
const SORTABLE = new Set(["position", "value", "rank"]);

export function tableView() {
  const body = h("tbody", null);
  const head = h("tr", null);
  const caption = h("caption", { class: "lmw-live" });
  const element = h(
    "div",
    { class: "lmw-table", tabindex: "0", role: "region", "aria-label": "Table of contributions" },
    h("table", null, caption, h("thead", null, head), body),
  );
  let sort = { key: "position", descending: false };
  /** @type {{ tokens: Tokens, measured: Measure, unit: string } | null} */
  let shown = null;

  function drawHead() {
    replace(
      head,
      COLUMNS.map(({ key, label }) => headCell(key, label)),
    );
  }

  /** @param {string} key @param {string} label */
  function headCell(key, label) {
    const name = key === "value" && shown ? `${label} (${shown.unit})` : label;
    if (!SORTABLE.has(key)) return h("th", { scope: "col", class: `lmw-col-${key}` }, name);
    const on = sort.key === key;
    const order = sort.descending ? "descending" : "ascending";
    const button = h("button", { class: "lmw-button", onclick: () => by(key) }, name);
    button.append(h("span", { "aria-hidden": "true" }, on ? (sort.descending ? "↓" : "↑") : ""));
    return h(
      "th",
      { scope: "col", class: `lmw-col-${key}`, "aria-sort": on ? order : "none" },
      button,
    );
  }

  /** @param {string} key */
  function by(key) {
    sort = { key, descending: sort.key === key ? !sort.descending : key === "value" };
    draw();
    /** @type {HTMLElement | null} */ (head.querySelector(`.lmw-col-${key} button`))?.focus();
  }

  function draw() {
    drawHead();
    if (!shown) return replace(body);
    const { tokens, measured } = shown;
    caption.textContent = `Contribution of each token in ${shown.unit}`;
    replace(
      body,
      sorted(measured, sort).map((index) => bodyRow(tokens, measured, index)),
    );
  }

  return {
    element,
    /** @param {Tokens} tokens @param {Measure} measured @param {string} unit */
    draw(tokens, measured, unit) {
      if (shown?.measured === measured) return;
      shown = { tokens, measured, unit };
      draw();
    },
  };
}

/**
 * @param {Tokens} tokens
 * @param {Measure} measured
 * @param {number} index
 */
function bodyRow(tokens, measured, index) {
  const rank = measured.rank[index];
  return h(
    "tr",
    null,
    h("td", { class: "lmw-col-position" }, index + 1),
    h("td", { class: "lmw-col-token" }, tokenElement(tokens, index, { compact: true })),
    h("td", { class: "lmw-col-value" }, scoreWords(measured, index, 4)),
    h("td", { class: "lmw-col-rank" }, rank || "–"),
    h("td", { class: "lmw-col-share" }, rank ? shareWords(measured, index) : "–"),
    h("td", { class: "lmw-col-id" }, tokens.id[index]),
  );
}

/**
 * Token indices in the order of a column; scores that are not numbers come last.
 * @param {Measure} measured
 * @param {{ key: string, descending: boolean }} sort
 */
export function sorted(measured, { key, descending }) {
  const indices = [...measured.scores.keys()];
  const { rank, scores } = measured;
  const turn = descending ? -1 : 1;
  if (key === "position") return descending ? indices.reverse() : indices;
  const value = (/** @type {number} */ i) => (key === "value" ? scores[i] : rank[i]);
  return indices.sort((a, b) => {
    if (rank[a] === 0 || rank[b] === 0) return (rank[a] === 0 ? 1 : 0) - (rank[b] === 0 ? 1 : 0);
    return turn * (value(a) - value(b)) || a - b;
  });
}

/**
 * Tab-separated text for the clipboard.
 * @param {Tokens} tokens
 * @param {Measure} measured
 * @param {string} unit
 */
export function asText(tokens, measured, unit) {
  const rows = [...measured.scores.keys()].map((index) =>
    [index + 1, tokenName(tokens, index), measured.scores[index], measured.rank[index] || ""].join(
      "\t",
    ),
  );
  return [`position\ttoken\t${unit}\trank`, ...rows].join("\n");
}

/** What tooltips and screen readers say of a node or an edge. */

import { div, h, span } from "../../core/dom.js";
import { number, share } from "../../core/format.js";
import { tokenName } from "../../core/tokens.js";
import { shareText } from "./labels.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Node} Node */
/** @typedef {import("./types").Edge} Edge */
/** @typedef {import("./types").Trace} Trace */
/** @typedef {import("./types").Figure} Figure */

/** @param {Node} node @param {Figure} figure */
export function levelName({ level }, figure) {
  return level === 0 ? "input" : `after layer ${figure.layer_numbers[level - 1] ?? level - 1}`;
}

/**
 * The strongest sources first, with their shares.
 * @param {Trace} trace
 * @param {number} [most]
 * @returns {{token: number, share: number, value: number}[]}
 */
export function sourcesOf(trace, most = Infinity) {
  return Array.from(trace.levels[0], (share, token) => ({ token, share, value: trace.row[token] }))
    .filter((source) => source.share !== 0)
    .sort((a, b) => Math.abs(b.share) - Math.abs(a.share))
    .slice(0, most);
}

/**
 * A node in one sentence: its name, its strongest sources.
 * @param {Tokens} tokens
 * @param {Node} node
 * @param {Trace | null} trace of this node
 * @param {Figure} figure
 */
export function nodeInWords(tokens, node, trace, figure) {
  const name = `“${tokenName(tokens, node.token, 40)}”, token ${node.token}, ${levelName(node, figure)}`;
  if (!trace || trace.source !== null || node.level === 0) return name;
  const made = sourcesOf(trace, 3)
    .map(({ token, share }) => `“${tokenName(tokens, token, 24)}” ${shareText(share)}`)
    .join(", ");
  return made ? `${name}: made of ${made}` : name;
}

/**
 * @param {Tokens} tokens
 * @param {Node} node
 * @param {{trace: Trace | null, selected: Trace | null, figure: Figure}} facts trace: of this node;
 *   selected: of the pinned one
 */
export function nodeTip(tokens, node, { trace, selected, figure }) {
  const held =
    selected?.end && node.level <= selected.end.level ? selected.levels[node.level] : null;
  const rows = trace && trace.source === null && node.level > 0 ? sourcesOf(trace, 5) : [];
  return h(
    "div",
    null,
    h("div", { class: "lmw-tip-title", dir: "auto" }, tokenName(tokens, node.token, 200)),
    div("lmw-muted", `token ${node.token} · ${levelName(node, figure)}`),
    held && selected?.end
      ? h("div", null, `${share(held[node.token])} of the selected output passes here`)
      : null,
    rows.length > 0 ? div("lmw-muted lmw-tip-gap", "made of") : null,
    h(
      "table",
      null,
      rows.map((source) =>
        h(
          "tr",
          null,
          h("td", { dir: "auto" }, tokenName(tokens, source.token, 24)),
          h("td", { class: "lmw-tip-number" }, share(source.share)),
        ),
      ),
    ),
  );
}

/**
 * @param {Tokens} tokens
 * @param {Edge} edge
 * @param {{step: number | null, figure: Figure, between: boolean, traced: boolean}} facts
 */
export function edgeTip(tokens, edge, { step, figure, between, traced }) {
  const layer = figure.layer_numbers[edge.layer] ?? edge.layer;
  const what = between ? "of what is followed" : "of the selected output";
  const residual = edge.query === edge.key;
  return h(
    "div",
    null,
    div(
      "lmw-tip-title",
      h("bdi", null, tokenName(tokens, edge.key, 40)),
      span("lmw-muted", " → "),
      h("bdi", null, tokenName(tokens, edge.query, 40)),
    ),
    div("lmw-muted", `through layer ${layer}${residual ? ", the token itself" : ""}`),
    traced ? h("div", null, `${share(edge.share)} ${what} passes here`) : null,
    h("div", null, step === null ? "its step was not sent" : `step: ${number(step, 4)}`),
  );
}

/** What the picture says in words. */

import { div, h } from "../../core/dom.js";
import { count, number, percent, share } from "../../core/format.js";
import { tokenName } from "../../core/tokens.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Point} Point */
/** @typedef {import("./data.js").Space} Space */

const AROUND = 5;
const METHODS = { pca: "component", tsne: "t-SNE", umap: "UMAP" };

/** Names of both axes. @param {Space} space */
export function axes({ wire }) {
  return [0, 1].map((axis) => {
    const part = wire.explained[axis];
    const name = `${METHODS[wire.method]} ${axis + 1}`;
    return part === undefined ? name : `${name} (${percent(part)} of variance)`;
  });
}

/**
 * @param {Space} space
 * @param {Tokens[]} sentences
 * @param {import("./types").Figure} figure
 */
export function captionText(space, sentences, figure) {
  const { wire } = space;
  const { agreement } = wire;
  return [
    `${count(space.count)} tokens of ${count(sentences.length)} sentences, each with its query and its key in this head.`,
    `One vector was added to all keys, queries were multiplied and keys divided by ${number(wire.scale)}, so that both have one centre and one spread; attention does not change by either.`,
    nearness(agreement),
    wire.method === "pca" ? "" : "The axes have no meaning of their own.",
    wire.top === null ? "" : `Of each query only the ${wire.top} strongest keys were sent.`,
    `Python keeps the queries and keys of all layers: ${megabytes(figure.bytes)}.`,
  ]
    .filter(Boolean)
    .join(" ");
}

/** @param {number | null} agreement */
function nearness(agreement) {
  if (agreement === null) return "";
  const says =
    agreement > 0.6
      ? "What is near fits together"
      : agreement > 0.25
        ? "What is near fits together only roughly"
        : "Distances say little here, two dimensions are too few for this head: follow the lines";
  return `${says} (rank correlation of nearness and q · k within sentences: ${number(agreement)}, first tokens left out).`;
}

/** @param {number} bytes */
const megabytes = (bytes) =>
  bytes < 1e5 ? "under 0.1\u00a0MB" : `${number(bytes / 1e6, bytes < 1e7 ? 2 : 3)}\u00a0MB`;

/** The token among its neighbours. @param {Tokens} tokens @param {number} position */
function context(tokens, position) {
  const from = Math.max(0, position - AROUND);
  const to = Math.min(tokens.text.length, position + AROUND + 1);
  const parts = [];
  for (let i = from; i < to; i++) {
    const text = tokens.kind[i] === "text" ? tokens.text[i] : ` ${tokenName(tokens, i)} `;
    parts.push(i === position ? h("b", null, text) : text);
  }
  return h(
    "div",
    { class: "lmw-tip-context", dir: "auto" },
    from > 0 ? "…" : "",
    parts,
    to < tokens.text.length ? "…" : "",
  );
}

/** @param {Space} space @param {Tokens[]} sentences @param {Point} point */
export function pointTip(space, sentences, point) {
  const sentence = space.sentence[point.token];
  const tokens = sentences[sentence];
  const position = space.position(point.token);
  const first = space.starts[sentence];
  const verb = point.side === "query" ? "looks at" : "is looked at by";
  const partners = space.partners(point).slice(0, 4);
  return h(
    "div",
    null,
    div("lmw-tip-title", `${point.side} of `, h("bdi", null, tokenName(tokens, position, 40))),
    context(tokens, position),
    div(
      "lmw-muted",
      `sentence ${sentence + 1}, token ${position} · length ${number(space.norm(point), 4)}`,
    ),
    partners.length ? div("lmw-muted", verb) : null,
    h(
      "table",
      null,
      partners.map(({ token, weight }) =>
        h(
          "tr",
          null,
          h("td", null, tokenName(tokens, token - first, 24)),
          h("td", null, share(weight)),
        ),
      ),
    ),
  );
}

/** Rows of the table and of the clipboard. @param {Space} space @param {Tokens[]} sentences @param {number} sentence */
export function pointRows(space, sentences, sentence) {
  const tokens = sentences[sentence];
  return tokens.text.map((_, position) => {
    const token = space.starts[sentence] + position;
    const numbers = /** @type {const} */ (["query", "key"]).flatMap((side) => {
      const point = { side, token };
      return [space.x(point), space.y(point), space.norm(point)];
    });
    return { name: tokenName(tokens, position), numbers };
  });
}

export const COLUMNS = ["query x", "query y", "query length", "key x", "key y", "key length"];

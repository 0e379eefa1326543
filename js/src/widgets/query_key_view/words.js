/** What the picture says in words. */

import { div, h } from "../../core/dom.js";
import { count, number, percent } from "../../core/format.js";
import { tokenElement } from "../../core/tokens.js";
import { ordered } from "./data.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Pair} Pair */
/** @typedef {import("./types").Row} Row */
/** @typedef {import("./types").TokenSides} TokenSides */
/** @typedef {import("./store.js").Figure} Figure */

/** A token inside a sentence. @param {Tokens} tokens @param {number} index */
export const inText = (tokens, index) =>
  h("b", { class: "lmw-said" }, tokenElement(tokens, index, { compact: true }));

/**
 * Why, in two sentences.
 * @param {Pair} pair
 * @param {Row} row
 * @param {TokenSides} tokens
 * @returns {(Node | string)[]}
 */
export function headline(pair, row, tokens) {
  const names = [inText(tokens.query, pair.query), inText(tokens.key, pair.key)];
  if (Number.isNaN(pair.weight)) {
    return [names[0], " and ", names[1], ": the numbers of this head are not numbers (NaN)."];
  }
  if (pair.score <= -3e4) {
    return [
      names[0],
      " may not look at ",
      names[1],
      ": the mask hides it, whatever their product.",
    ];
  }
  const seen = row.keys.length + row.rest.count;
  const better = row.keys.filter(({ weight }) => weight > pair.weight).length;
  const rank = better < 3 ? ["the largest", "the second largest", "the third largest"][better] : "";
  const among = seen > 1 && rank ? `, ${rank} of ${count(seen)} keys` : "";
  return [
    names[0],
    ` gives ${percent(pair.weight)} of its attention to `,
    names[1],
    `${among}: their score is ${number(pair.score, 3)}. ${carried(pair)}`,
  ];
}

/** Which dimensions the product rests on. @param {Pair} pair */
function carried({ product, steps }) {
  const order = ordered(product, "contribution");
  const up = product.reduce((sum, value) => sum + Math.max(0, value), 0);
  if (!(up > 0)) return "No dimension speaks for it.";
  let sum = 0;
  let most = 0;
  while (most < order.length && sum < up / 2) sum += product[order[most++]];
  const first = order.slice(0, Math.min(most, 3)).join(", ");
  const which =
    most > 3 ? `${most} dimensions (${first}, …)` : `dimension${most > 1 ? "s" : ""} ${first}`;
  const down = up - steps[0].value;
  const against = down > 0.005 * up ? `; others take ${number(down, 3)} away` : "";
  return `Half of what speaks for it (${number(up, 3)} in all) comes from ${which}${against}.`;
}

/**
 * @param {Figure} figure
 * @param {{channels: number, listed: number, product: number}} facts product: what fills the bars
 */
export function captionText({ rotary }, { channels, listed, product }) {
  return [
    `Each column is one of the ${channels} dimensions of this head.`,
    `Bars: product, up when query and key agree (full height ±${number(product)}); line: its sum, which ends at q · k.`,
    rotary?.used
      ? "Queries and keys are shown after rotary position embedding, which turns pairs of dimensions by the distance of the tokens."
      : "",
    `The small bars are ${listed === 1 ? "the one key" : `the same ${count(listed)} keys`} in the order of the text, the chosen one in the accent; a dot is hidden by the mask.`,
  ]
    .filter(Boolean)
    .join(" ");
}

/**
 * Its three numbers.
 * @param {Pair} pair
 * @param {number} dimension
 * @param {number} sum so far
 * @param {Figure} figure
 */
export function dimensionWords({ queryVector, keyVector, product }, dimension, sum, { rotary }) {
  const partner = rotary?.partners?.[dimension] ?? -1;
  return {
    title: `Dimension ${dimension}`,
    formula: `${number(queryVector[dimension], 4)} × ${number(keyVector[dimension], 4)} = ${number(product[dimension], 4)}`,
    sum: `sum so far ${number(sum, 4)}`,
    pair: partner >= 0 ? `turns with dimension ${partner} (rotary position)` : "",
  };
}

/** @param {ReturnType<typeof dimensionWords>} words */
export function dimensionTip({ title, formula, sum, pair }) {
  return h(
    "div",
    null,
    div("lmw-tip-title", title),
    h("div", null, formula),
    div("lmw-muted", sum),
    pair ? div("lmw-muted", pair) : null,
  );
}

/** Everything as tab-separated text. @param {Pair} pair @param {TokenSides} tokens @param {(tokens: Tokens, index: number) => string} nameOf */
export function asText(pair, tokens, nameOf) {
  const lines = [
    `query\t${pair.query}\t${nameOf(tokens.query, pair.query)}`,
    `key\t${pair.key}\t${nameOf(tokens.key, pair.key)}`,
    ...pair.steps.map(({ name, symbol, value }) => `${name}\t${symbol}\t${plain(value)}`),
    "dimension\tquery\tkey\tproduct",
  ];
  pair.product.forEach((value, i) => {
    const numbers = [pair.queryVector[i], pair.keyVector[i], value].map(plain);
    lines.push([i, ...numbers].join("\t"));
  });
  return lines.join("\n");
}

/** @param {number} value */
const plain = (value) => String(Number(value.toPrecision(6)));

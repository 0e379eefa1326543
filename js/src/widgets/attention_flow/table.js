/** The sources of one output as a table, and as text for the clipboard. */

import { h, replace, span } from "../../core/dom.js";
import { number, share } from "../../core/format.js";
import { tokenElement, tokenName } from "../../core/tokens.js";
import { levelName, sourcesOf } from "./tips.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("./types").Node} Node */
/** @typedef {import("./types").Trace} Trace */
/** @typedef {import("./types").Figure} Figure */
/** @typedef {{tokens: Tokens, node: Node, trace: Trace, figure: Figure}} Selection */

const ROWS = 200;

/** @param {Figure} figure */
const hasUnit = (figure) => figure.unit !== "share";

export function sourcesTable() {
  const element = h("aside", {
    class: "lmw-flow-table",
    "aria-label": "Sources of one output",
    tabindex: "0",
    hidden: true,
  });
  /** @type {Selection | null} */
  let now = null;

  function draw() {
    if (element.hidden) return;
    if (!now) {
      replace(element, h("p", { class: "lmw-muted" }, "Click a node to see its sources here."));
      return;
    }
    const { tokens, node, trace, figure } = now;
    const sources = sourcesOf(trace);
    const unit = hasUnit(figure);
    const title = h(
      "caption",
      null,
      span("lmw-muted", "Sources of "),
      h("strong", null, tokenElement(tokens, node.token, { compact: true })),
      span("lmw-muted", ` ${levelName(node, figure)}`),
    );
    const head = ["token", "index", "share", ...(unit ? [figure.unit] : [])].map((name, i) =>
      h("th", { scope: "col", class: i > 0 ? "lmw-num" : null }, name),
    );
    const rows = sources
      .slice(0, ROWS)
      .map((source) =>
        h(
          "tr",
          null,
          h("th", { scope: "row" }, tokenElement(tokens, source.token, { compact: true })),
          h("td", { class: "lmw-num" }, String(source.token)),
          h("td", { class: "lmw-num" }, share(source.share)),
          unit ? h("td", { class: "lmw-num" }, number(source.value, 4)) : null,
        ),
      );
    const left = sources.length - rows.length;
    replace(
      element,
      h("table", null, title, h("thead", null, h("tr", null, head)), h("tbody", null, rows)),
      left > 0
        ? h("p", { class: "lmw-muted" }, `and ${left} more; copy the numbers for all`)
        : null,
    );
  }

  return {
    element,
    /** @param {Selection | null} selection */
    set(selection) {
      now = selection;
      draw();
    },
    /** @returns {boolean} whether it is open now */
    toggle() {
      element.hidden = !element.hidden;
      draw();
      return !element.hidden;
    },
    /** @returns {string | null} */
    copyText() {
      if (!now) return null;
      const { tokens, node, trace, figure } = now;
      const unit = hasUnit(figure);
      const of = `${tokenName(tokens, node.token)} (token ${node.token}, ${levelName(node, figure)})`;
      const head = [`source of ${of}`, "index", "share", ...(unit ? [figure.unit] : [])];
      const lines = sourcesOf(trace).map(({ token, share: part, value }) =>
        [
          tokenName(tokens, token),
          token,
          Number(part.toPrecision(4)),
          ...(unit ? [Number(value.toPrecision(4))] : []),
        ].join("\t"),
      );
      return [head.join("\t"), ...lines].join("\n");
    },
  };
}

/** What a head is, in words: for the tooltip, for screen readers, and as a table. */

import { textButton } from "../../core/controls.js";
import { append, div, h, replace } from "../../core/dom.js";
import { count, number } from "../../core/format.js";
import { inUnits, nameOf } from "./statistics.js";

/** @typedef {import("./statistics.js").Statistics} Statistics */

const ROWS = 50;

/**
 * A head with everything that is known of it.
 * @typedef {object} Known
 * @property {string} layer the model's own number
 * @property {number} head
 * @property {[name: string, score: number][]} types
 * @property {[name: string, value: number][]} statistics
 */

/** @param {Known} head */
export const headTitle = ({ layer, head }) => `Layer ${layer}, head ${head}`;

/** "induction 0.62, local 0.51" @param {Known} head */
export const typeWords = ({ types }) =>
  types
    .map(([name, score]) => (Number.isFinite(score) ? `${name} ${number(score)}` : name))
    .join(", ");

/**
 * @param {Known} head
 * @param {string} cell the weight under the pointer, in words
 */
export function headTip(head, cell) {
  return div(
    "lmw-grid-tip",
    h("strong", null, headTitle(head)),
    head.types.length > 0 ? h("div", null, typeWords(head)) : null,
    h("div", null, cell),
    div(
      "lmw-muted",
      head.statistics.map(([name, value]) => `${nameOf(name)} ${inUnits(name, value)}`).join(" · "),
    ),
  );
}

/**
 * "Layer 3, head 7: previous-token; entropy 1.2 nats; strongest …"
 * @param {Known} head
 * @param {string} statistic the one shown
 * @param {string} strongest
 */
export function headWords(head, statistic, strongest) {
  const value = head.statistics.find(([name]) => name === statistic);
  const facts = [
    head.types.map(([name]) => name).join(", "),
    value ? `${nameOf(value[0])} ${inUnits(...value)}` : "",
    `strongest ${strongest}`,
  ];
  return `${headTitle(head)}: ${facts.filter(Boolean).join("; ")}`;
}

/** All heads as a table, some at a time. @param {(head: number) => void} onPick */
export function headTable(onPick) {
  const element = h("div", { class: "lmw-grid-table", hidden: true });
  return {
    element,
    /** @param {number[]} order @param {(head: number) => Known} know */
    set(order, know) {
      if (element.hidden || order.length === 0) return replace(element);
      const names = know(order[0]).statistics.map(([name]) => name);
      const body = h("tbody", null);
      const more = textButton({ label: "", onClick: () => add() });
      const add = () => {
        const from = body.childElementCount;
        append(
          body,
          order.slice(from, from + ROWS).map((head) => row(know(head), () => onPick(head))),
        );
        const left = order.length - body.childElementCount;
        more.textContent = `show ${Math.min(ROWS, left)} more of ${count(left)}`;
        more.hidden = left === 0;
      };
      const column = (/** @type {string} */ name) =>
        h("th", { scope: "col", class: "lmw-num" }, name);
      replace(
        element,
        h(
          "table",
          { class: "lmw-table" },
          h(
            "thead",
            null,
            h(
              "tr",
              null,
              h("th", { scope: "col" }, "head"),
              h("th", { scope: "col" }, "type"),
              names.map((name) => column(nameOf(name))),
            ),
          ),
          body,
        ),
        more,
      );
      add();
    },
  };
}

/** @param {Known} head @param {() => void} onPick */
function row(head, onPick) {
  const go = h("button", { class: "lmw-go", onclick: onPick }, headTitle(head));
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, go),
    h("td", null, typeWords(head)),
    head.statistics.map(([name, value]) => h("td", { class: "lmw-num" }, inUnits(name, value))),
  );
}

/**
 * The same as tab-separated text.
 * @param {Known[]} heads
 */
export function asText(heads) {
  const names = heads[0]?.statistics.map(([name]) => name) ?? [];
  const lines = [["layer", "head", "types", ...names].join("\t")];
  for (const { layer, head, types, statistics } of heads) {
    const numbers = statistics.map(([, value]) =>
      Number.isNaN(value) ? "" : Number(value.toPrecision(4)),
    );
    lines.push([layer, head, types.map(([name]) => name).join(", "), ...numbers].join("\t"));
  }
  return lines.join("\n");
}

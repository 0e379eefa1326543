/** The score card: a row a method with its checks, and who agrees with whom. */

import { diverging } from "../../core/colour.js";
import { h, replace, span } from "../../core/dom.js";
import { number, percent } from "../../core/format.js";
import { bar, costWords, isSum, scales, verdict } from "../../saliency/checks.js";
import { checkOf, isControl } from "./rows.js";

/** @typedef {import("./types").Row} Row */
/** @typedef {import("./types").Check} Check */
/** @typedef {import("./types").Theme} Theme */

const TESTS = [
  {
    name: "comprehensiveness",
    head: "Strongest taken away",
    note: "how far the answer falls; more is better",
  },
  {
    name: "sufficiency",
    head: "Only strongest kept",
    note: "how far the answer falls; less is better",
  },
];

const RULE =
  "✓ beats at least 90\u00a0% of random maps of the same text. Below: its figure against their mean.";

/** @param {Check} check */
const hasBeaten = ({ beaten }) => typeof beaten === "number";

export function scoreCard() {
  const head = h("tr", null);
  const body = h("tbody", null);
  const rule = h("p", { class: "lmw-muted lmw-card-rule" }, RULE);
  const element = h(
    "div",
    { class: "lmw-card", role: "region", "aria-label": "Checks of every method", tabindex: "0" },
    h("table", null, h("thead", null, head), body),
    rule,
  );
  return {
    element,
    /**
     * @param {Row[]} rows
     * @param {{checked: boolean, failures: Record<string, string>}} more `checked`: whether the checks
     *   are of the level on screen
     */
    draw(rows, { checked, failures }) {
      const tests = TESTS.filter(({ name }) => checked && rows.some((row) => checkOf(row, name)));
      const agrees = checked && rows.length > 1;
      const sums = checked && rows.some(({ check }) => check !== null);
      const all = tests.map(({ name }) => rows.flatMap((row) => checkOf(row, name) ?? []));
      replace(
        head,
        cell("th", "Method"),
        tests.map(({ head: text, note }) => cell("th", text, note)),
        sums
          ? cell(
              "th",
              "Own test",
              "by how much the scores miss what they should sum to, or the fit",
            )
          : null,
        agrees ? cell("th", "Agrees", "mean rank correlation with the other maps") : null,
        cell("th", "Full bar", "the score at which the bar of this row is full"),
        cell("th", "Cost"),
      );
      rule.hidden = !tests.length || !rows.some(({ checks }) => checks.some(hasBeaten));
      replace(
        body,
        rows.map((row) => methodRow(row, tests, all, { sums, agrees })),
        Object.entries(failures).map(([label, why]) =>
          h(
            "tr",
            { class: "lmw-control-row" },
            h("th", { scope: "row" }, label),
            h("td", { colspan: "9" }, why),
          ),
        ),
      );
    },
  };
}

/**
 * @param {Row} row
 * @param {typeof TESTS} tests that are shown
 * @param {Check[][]} all figures of each test, which share a scale
 * @param {{sums: boolean, agrees: boolean}} columns
 */
function methodRow(row, tests, all, { sums, agrees }) {
  const stopped = row.partial ? span("lmw-muted", " (stopped early)") : null;
  const judged = !isControl(row);
  return h(
    "tr",
    judged ? null : { class: "lmw-control-row" },
    h("th", { scope: "row", title: row.summary }, row.label, stopped),
    tests.map(({ name }, i) => h("td", null, testCell(checkOf(row, name), all[i], judged))),
    sums ? h("td", { title: row.check?.explanation ?? "" }, gapWords(row.check)) : null,
    agrees ? h("td", null, row.agreement === null ? "–" : number(row.agreement)) : null,
    h("td", null, `${fullBar(row)} `, span("lmw-muted", row.unit)),
    h("td", { class: "lmw-card-cost" }, costWords(row.cost)),
  );
}

/** @param {Row} row */
function fullBar({ measured }) {
  return `${measured.signed ? "±" : ""}${number(measured.limit)}`;
}

/** @param {Check | null} check @param {Check[]} all of the same name @param {boolean} judged */
function testCell(check, all, judged) {
  if (!check) return "–";
  const passed = judged ? check.passed : null;
  const sign = passed === true ? "✓" : passed === false ? "✗" : "";
  const figure = h(
    "span",
    { class: "lmw-card-figure", title: check.explanation },
    bar(check, scales(all)(check)),
    h("span", null, beats(check)),
    span("lmw-card-sign", sign),
  );
  figure.dataset.state = passed === true ? "good" : passed === false ? "poor" : "none";
  return figure;
}

/** What the sign stands on: how many random maps it beats; the figures stand behind. @param {Check} check */
function beats(check) {
  const figures = verdict({ ...check, passed: null });
  if (typeof check.beaten !== "number") return figures;
  return [`beats ${percent(check.beaten)}`, h("small", { class: "lmw-muted" }, figures)];
}

/** @param {Check | null} check */
function gapWords(check) {
  if (!check) return "–";
  if (!isSum(check)) return `${check.name} ${number(check.value ?? Number.NaN)}`;
  if (check.relative === null) return "–";
  return `gap ${percent(check.relative)}`;
}

/** @param {"th" | "td"} tag @param {string} text @param {string} [title] */
function cell(tag, text, title = "") {
  const element = h(tag, null, text);
  element.setAttribute("scope", "col");
  if (title) element.title = title;
  return element;
}

export function agreementTable() {
  const table = h("table", null);
  const element = h(
    "details",
    { class: "lmw-agreement", hidden: true },
    h("summary", null, "Who agrees with whom"),
    h("div", { class: "lmw-card" }, table),
    h(
      "p",
      { class: "lmw-muted" },
      "Rank correlation of the scores, −1 to 1; with maps that cannot be below zero, of the sizes.",
    ),
  );
  return {
    element,
    /** @param {Row[]} rows @param {(number | null)[][]} agreement @param {Theme} theme */
    draw(rows, agreement, theme) {
      replace(
        table,
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            h("td", null),
            rows.map(({ label }) => cell("th", label)),
          ),
        ),
        h(
          "tbody",
          null,
          rows.map((row) =>
            h(
              "tr",
              null,
              h("th", { scope: "row" }, row.label),
              rows.map((other) => valueCell(agreement[row.place]?.[other.place] ?? null, theme)),
            ),
          ),
        ),
      );
    },
  };
}

/** @param {number | null} value @param {Theme} theme */
function valueCell(value, theme) {
  const element = h("td", { class: "lmw-agreement-cell" }, value === null ? "–" : number(value));
  if (value !== null) {
    const { fill, ink } = diverging(value, theme);
    element.style.background = fill;
    element.style.color = ink;
  }
  return element;
}

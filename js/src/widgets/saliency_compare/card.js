/** The score card: a row a method with its checks, and who agrees with whom. */

import { diverging } from "../../core/colour.js";
import { h, replace, span } from "../../core/dom.js";
import { number, percent } from "../../core/format.js";
import { bar, costParts, hasBeaten, isSum, RULE, scales, verdict } from "../../saliency/checks.js";
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

/** Heads of the other columns; where there is no room for heads they stand over each figure. */
const OWN = "Own test";
const AGREES = "Agrees";
const FULL = "Full bar";
const COST = "Cost";
/** So many columns have room for their names. */
const MANY = 7;

export function scoreCard() {
  const head = h("tr", { role: "row" });
  const body = h("tbody", { role: "rowgroup" });
  const rule = h(
    "p",
    { class: "lmw-muted lmw-card-rule" },
    `${RULE} Below: its figure against their mean.`,
  );
  const element = h(
    "div",
    { class: "lmw-card", role: "region", "aria-label": "Checks of every method", tabindex: "0" },
    h(
      "table",
      { class: "lmw-card-table", role: "table" },
      h("thead", { role: "rowgroup" }, head),
      body,
    ),
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
          ? cell("th", OWN, "by how much the scores miss what they should sum to, or the fit")
          : null,
        agrees ? cell("th", AGREES, "mean rank correlation with the other maps") : null,
        cell("th", FULL, "the score at which the bar of this row is full"),
        cell("th", COST),
      );
      rule.hidden = !tests.length || !rows.some(({ checks }) => checks.some(hasBeaten));
      replace(
        body,
        rows.map((row) => methodRow(row, tests, all, { sums, agrees })),
        Object.entries(failures).map(([label, why]) =>
          h(
            "tr",
            { class: "lmw-control-row", role: "row" },
            h("th", { scope: "row", role: "rowheader" }, label),
            h("td", { colspan: "9", role: "cell" }, why),
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
    { class: judged ? null : "lmw-control-row", role: "row" },
    h("th", { scope: "row", role: "rowheader", title: row.summary }, row.label, stopped),
    tests.map(({ name, head }, i) =>
      figureCell(head, [testCell(checkOf(row, name), all[i], judged)]),
    ),
    sums ? figureCell(OWN, [gapWords(row.check)], row.check?.explanation) : null,
    agrees ? figureCell(AGREES, [row.agreement === null ? "–" : number(row.agreement)]) : null,
    figureCell(FULL, [fullBar(row), " ", span("lmw-muted", row.unit)]),
    figureCell(COST, costWords(row.cost)),
  );
}

/** @param {string} head of its column @param {(string | Node)[]} said @param {string | null} [title] */
function figureCell(head, said, title = null) {
  return h("td", { role: "cell", title, dataset: { head } }, said);
}

/** Passes and time, each in one piece. @param {Row["cost"]} cost */
function costWords(cost) {
  const parts = costParts(cost);
  return parts.flatMap((part, i) => [
    span("lmw-card-piece", i < parts.length - 1 ? `${part},` : part),
    " ",
  ]);
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
    span("lmw-card-sign", sign),
    h("span", null, beats(check)),
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
  element.setAttribute("role", "columnheader");
  if (title) element.title = title;
  return element;
}

export function agreementTable() {
  const table = h("table", null);
  const element = h(
    "details",
    { class: "lmw-agreement", hidden: true },
    h("summary", null, "Who agrees with whom"),
    h("div", { class: "lmw-card lmw-agreement-box" }, table),
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
      element.classList.toggle("lmw-many", rows.length > MANY);
      replace(
        table,
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            h("td", null),
            rows.map(({ label }, i) =>
              h("th", { scope: "col", "aria-label": label, title: label }, numbered(i, label)),
            ),
          ),
        ),
        h(
          "tbody",
          null,
          rows.map((row, i) =>
            h(
              "tr",
              null,
              h("th", { scope: "row", "aria-label": row.label }, numbered(i, row.label)),
              rows.map((other) => valueCell(agreement[row.place]?.[other.place] ?? null, theme)),
            ),
          ),
        ),
      );
    },
  };
}

/** A name behind its number, which stands for it where there is no room. @param {number} i @param {string} label */
function numbered(i, label) {
  return [span("lmw-agreement-number", `${i + 1} `), span("lmw-agreement-name", label)];
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

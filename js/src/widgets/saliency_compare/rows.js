/** Rows of the comparison, free of the DOM: their scores, their order, and what they say together. */

import { number } from "../../core/format.js";
import { measure } from "../../saliency/measure.js";
import { reachable, rowsOf, summed, unitsOf } from "../../saliency/units.js";

/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").Row} Row */
/** @typedef {import("./types").RowWire} RowWire */
/** @typedef {import("./types").Order} Order */
/** @typedef {import("./types").Level} Level */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("../../core/types").Decoded} Decoded */

/**
 * Units and rows at a level, which may be coarser than what was computed.
 * @param {Tokens} tokens the model's own
 * @param {Level[]} levels
 * @param {string} asked
 * @param {Figure} figure
 * @param {Decoded | null} scores (method, unit)
 */
export function rowsAt(tokens, levels, asked, figure, scores) {
  const { level, map } = reachable(levels, asked, figure.level);
  const units = unitsOf(tokens, level.parts);
  const own = levels.find(({ name }) => name === figure.level)?.parts ?? null;
  const columns = own ? own[own.length - 1] + 1 : tokens.text.length;
  const found = rowsOf(scores, columns) ?? [];
  const rows = (found.length === figure.rows.length ? found : []).map((raw, place) => {
    const row = figure.rows[place];
    const shown = map ? summed(raw, map) : raw;
    return { ...row, place, measured: measure(units.tokens, shown, row.signed) };
  });
  return { units, rows, level: level.name, sums: map !== null };
}

/** Whether a row is there for comparison only. @param {Pick<RowWire, "group">} row */
export function isControl({ group }) {
  return group === "Control";
}

/** @param {RowWire} row @param {string} name */
export function checkOf({ checks }, name) {
  return checks.find((check) => check.name === name) ?? null;
}

/**
 * The control stays last, whatever the order.
 * @param {Row[]} rows
 * @param {Order} order
 */
export function ordered(rows, order) {
  const value = (/** @type {Row} */ row) =>
    (order === "agreement" ? row.agreement : checkOf(row, "comprehensiveness")?.value) ??
    Number.NEGATIVE_INFINITY;
  return [...rows].sort(
    (a, b) =>
      Number(isControl(a)) - Number(isControl(b)) ||
      (order === "menu" ? 0 : value(b) - value(a)) ||
      a.place - b.place,
  );
}

/**
 * What the comparison says, in one or two sentences.
 * @param {RowWire[]} rows as they arrived
 * @param {(number | null)[][]} agreement
 * @param {boolean} checked whether the checks are of what is shown
 */
export function finding(rows, agreement, checked) {
  return [agreeing(rows, agreement), checked ? beating(rows) : ""].filter(Boolean).join(" ");
}

/** @param {RowWire[]} rows @param {(number | null)[][]} agreement */
function agreeing(rows, agreement) {
  /** @type {{ first: string, second: string, value: number } | null} */
  let best = null;
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < i; j++) {
      const value = agreement[i]?.[j] ?? null;
      if (value === null || isControl(rows[i]) || isControl(rows[j])) continue;
      if (!best || value > best.value)
        best = { first: rows[j].label, second: rows[i].label, value };
    }
  }
  if (!best) return "";
  if (best.value <= 0) return "No two of these maps agree: rank correlations are zero or below.";
  return `${best.first} and ${best.second} agree best (rank correlation ${number(best.value)}).`;
}

/** @param {RowWire[]} rows */
function beating(rows) {
  const judged = rows.filter(
    (row) => !isControl(row) && row.checks.some(({ passed }) => typeof passed === "boolean"),
  );
  if (judged.length === 0) return "";
  const failed = judged.filter((row) => row.checks.some(({ passed }) => passed === false));
  if (judged.length === 1) {
    const verb = failed.length ? "does not beat" : "beats";
    return `${judged[0].label} ${verb} random maps.`;
  }
  if (failed.length === 0) return `All ${judged.length} maps beat random maps in every check.`;
  const names = failed.map(({ label }) => label);
  const won = judged.length - failed.length;
  if (won === 0) return `None of the ${judged.length} maps beats random maps in every check.`;
  return `${won} of ${judged.length} maps beat random maps in every check; ${joined(names)} ${failed.length === 1 ? "does" : "do"} not.`;
}

/** @param {string[]} names */
function joined(names) {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}

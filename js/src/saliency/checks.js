/** Whether to trust a map: what it should add up to, and how it does beside random maps. */

import { aria, div, focused, h, replace, span } from "../core/dom.js";
import { clamp, count, duration, number, percent } from "../core/format.js";
import { icon } from "../core/icons.js";

/** @typedef {import("./types").Check} Check */
/** @typedef {import("./types").Checks} Checks */
/** @typedef {import("./types").Described} Described */

/** Gaps up to these shares of what the scores should sum to are called good, and rough. */
const GOOD_GAP = 0.05;
const ROUGH_GAP = 0.2;

const ASK = "Check this map";

/** What a map is measured against, and from where on it has passed. */
export const RULE = "✓ beats at least 90\u00a0% of random maps of the same text.";

/** What each check asks, and whether more is better. */
const NAMES = {
  comprehensiveness: { label: "Strongest parts taken away", better: "more is better" },
  sufficiency: { label: "Only the strongest parts kept", better: "less is better" },
  stability: { label: "The same with other seeds", better: "1 is best" },
};

/**
 * The map's own test in one line, or null when there is no picture to test.
 * @param {Pick<Described, "check" | "unit"> | null} figure
 * @returns {{ text: string, state: "good" | "rough" | "poor" | "none", verdict: string } | null}
 */
export function checkWords(figure) {
  if (!figure) return null;
  const { check } = figure;
  if (!check) return { text: "", state: "none", verdict: "" };
  if (!isSum(check)) return { text: `${check.name} ${ownFigure(check)}`, ...judged(check) };
  const [relative, total, expected] = [check.relative, check.total, check.expected].map(
    (value) => value ?? Number.NaN, // Python sends null for what is not a number
  );
  const gap = Math.abs(relative);
  const fair = gap <= ROUGH_GAP ? "rough" : "poor"; // a gap that is not a number is poor
  const sum = `${number(total, 3)} of ${number(expected, 3)} ${plural(figure.unit)}`;
  const text = `Sums to ${sum}: gap ${percent(gap)}`;
  const state = gap <= GOOD_GAP ? "good" : fair;
  return { text, state, verdict: SUM_WORDS[state] };
}

/** @type {Record<"good" | "rough" | "poor", string>} */
const SUM_WORDS = { good: "adds up", rough: "adds up roughly", poor: "does not add up" };

/** Whether a check compares the sum of the scores with what it should be. @param {Check} check */
export function isSum({ name, total, expected }) {
  return (
    name.startsWith("completeness") || typeof total === "number" || typeof expected === "number"
  );
}

/** @param {Check} check */
const ownFigure = ({ value }) => number(value ?? Number.NaN);

/** @param {Check} check @returns {{ state: "good" | "poor" | "none", verdict: string }} */
function judged({ passed }) {
  if (typeof passed !== "boolean") return { state: "none", verdict: "" };
  return passed ? { state: "good", verdict: "passed" } : { state: "poor", verdict: "not passed" };
}

/** @param {string} unit */
function plural(unit) {
  return unit.startsWith("logit") ? "logits" : unit;
}

/** What a map cost: passes, and time. @param {{passes?: number, seconds?: number}} cost */
export function costParts({ passes, seconds }) {
  const made = passes ? `${count(passes)} ${passes === 1 ? "pass" : "passes"}` : "";
  return [made, seconds ? duration(seconds) : ""].filter(Boolean);
}

/** @param {{passes?: number, seconds?: number}} cost */
export const costWords = (cost) => costParts(cost).join(", ");

/** Whether a check says how many random maps it beats. @param {Check} check */
export const hasBeaten = ({ beaten }) => typeof beaten === "number";

/** The completeness of a map and what it cost, in a line. */
export function checkLine() {
  const element = div("lmw-check-line");
  return {
    element,
    /** @param {(Pick<Described, "check" | "unit"> & {cost?: {passes?: number, seconds?: number}}) | null} figure */
    draw(figure) {
      const words = checkWords(figure);
      element.dataset.state = words?.state ?? "none";
      element.title = figure?.check?.explanation ?? "";
      const cost = h("span", { class: "lmw-cost" }, costWords(figure?.cost ?? {}));
      if (!words) return replace(element);
      const said = words.verdict ? h("strong", null, words.verdict) : null;
      const text = words.text ? h("span", null, words.text) : null;
      replace(element, signOf(words.state), said, text, cost);
    },
  };
}

/** A sign for each state, so that colour is not the only carrier. @param {string} state */
function signOf(state) {
  if (state === "none") return null;
  if (state === "rough") return "≈";
  return icon(state === "good" ? "check" : "close");
}

/**
 * What a check says in words.
 * @param {Check} check
 */
export function verdict({ name, value, random, passed, beaten }) {
  const own = number(value ?? Number.NaN);
  if (typeof random === "number") {
    const against = `${own} against ${number(random)}`;
    if (passed === null || passed === undefined) return against;
    if (typeof beaten === "number") return `beats ${percent(beaten)} of random maps: ${against}`;
    return `${passed ? "better than random" : "not clearly better than random"}: ${against}`;
  }
  if (name === "stability" && typeof passed === "boolean")
    return `${passed ? "stable" : "not stable"}: rank correlation ${own}`;
  if (name === "stability" && value === 1) return "deterministic: it has no seed";
  return typeof passed === "boolean" ? `${passed ? "passed" : "not passed"}: ${own}` : own;
}

/**
 * Where figures lie on a scale that rows with a random figure have in common.
 * @param {Check[]} rows
 * @returns {(check: Check) => {low: number, high: number}}
 */
export function scales(rows) {
  const common = rows.filter(({ random }) => typeof random === "number");
  const values = common.flatMap(({ value, random }) => [value ?? 0, random ?? 0]);
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values) || (low < 0 ? 0 : 1);
  return ({ random, value }) =>
    typeof random === "number"
      ? { low, high: low === high ? low + 1 : high }
      : { low: Math.min(0, value ?? 0), high: Math.max(1, value ?? 0) };
}

/**
 * The button that asks for the checks. While it has the focus it stays, and says how far they are.
 * @param {{title: string, onCheck: () => void}} options
 */
export function checkButton({ title, onCheck }) {
  let open = false;
  const element = h(
    "button",
    { class: "lmw-button lmw-check-run", title, onclick: () => open && onCheck() },
    ASK,
  );
  element.addEventListener("blur", () => {
    element.hidden = !open && focused(element) !== element; // the whole window may have lost it
  });
  return {
    element,
    /** @param {{offered: boolean, checking: boolean, done: boolean}} now whether a check can be asked for, runs, or stands */
    draw({ offered, checking, done }) {
      open = offered;
      const stays = (checking || done) && focused(element) === element;
      element.hidden = !offered && !stays;
      aria(element, "disabled", !offered);
      element.textContent = offered || !stays ? ASK : checking ? "Checking…" : "Checked";
    },
  };
}

/** A row a check: its name, its figure on a small scale with random's as a tick, a verdict in words. */
export function checksPanel() {
  const list = h("ul", { class: "lmw-checks-list" });
  const cost = div("lmw-checks-cost");
  const element = h(
    "div",
    { class: "lmw-checks", role: "group", "aria-label": "Checks of this map", hidden: true },
    list,
    cost,
  );
  return {
    element,
    /**
     * @param {Checks | null} checks
     * @param {{unit: string, note?: string}} more the unit of the figures, and what the reader should
     *   know
     */
    draw(checks, { unit, note = "" }) {
      element.hidden = checks === null;
      if (!checks) return;
      const scaleOf = scales(checks.rows);
      replace(
        list,
        checks.rows.map((check) => row(check, scaleOf(check), unit)),
      );
      const rule = checks.rows.some(hasBeaten) ? `${RULE} The second figure is their mean.` : "";
      const took = checks.seconds ? `The checks took ${duration(checks.seconds)}.` : "";
      cost.textContent = [rule, note, took].filter(Boolean).join(" ");
    },
  };
}

/** @param {Check} check @param {{low: number, high: number}} scale @param {string} unit */
function row(check, scale, unit) {
  const known = NAMES[/** @type {keyof typeof NAMES} */ (check.name)];
  const words = verdict(check);
  const state = check.passed === true ? "good" : check.passed === false ? "poor" : "none";
  const sign = { good: icon("check"), poor: icon("close"), none: null }[state];
  const item = h(
    "li",
    { class: "lmw-check-row", "data-state": state, title: check.explanation },
    h(
      "span",
      { class: "lmw-check-name" },
      known?.label ?? check.name,
      span("lmw-muted", ` ${known ? check.name : ""}`),
    ),
    bar(check, scale),
    h("span", { class: "lmw-check-verdict" }, sign, h("span", null, words)),
  );
  const better = known ? `, ${known.better}` : "";
  item.title = `${check.explanation}${typeof check.random === "number" ? ` (${unit}${better})` : ""}`;
  return item;
}

/** A figure on a small scale, with random's as a tick. @param {Pick<Check, "value" | "random">} check @param {{low: number, high: number}} scale */
export function bar({ value, random }, { low, high }) {
  const at = (/** @type {number} */ x) => 100 * clamp((x - low) / (high - low), 0, 1);
  const [zero, end] = [at(0), at(value ?? 0)];
  const element = h(
    "span",
    { class: "lmw-check-scale" },
    h("span", {
      class: "lmw-check-bar",
      style: { left: `${Math.min(zero, end)}%`, width: `${Math.abs(end - zero)}%` },
    }),
    typeof random === "number"
      ? h("span", { class: "lmw-check-random", style: { left: `${at(random)}%` } })
      : null,
  );
  aria(element, "hidden", true);
  return element;
}

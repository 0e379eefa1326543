/** One view of the widget: puts the parts together and draws a state. Knows no traits. */

import { textButton } from "../../core/controls.js";
import { div, h, replace } from "../../core/dom.js";
import { hotkeys } from "../../core/hotkeys.js";
import { shell } from "../../core/shell.js";
import { tooltip } from "../../core/tooltip.js";
import { checkButton, checkLine, checksPanel } from "../../saliency/checks.js";
import { drawing } from "../../saliency/drawing.js";
import { legend } from "../../saliency/legend.js";
import { predictionStrip } from "../../saliency/predictions.js";
import { questionNodes } from "../../saliency/question.js";
import { textView } from "../../saliency/text.js";
import { details } from "../../saliency/tips.js";
import { announcement } from "../../saliency/words.js";
import { answerView } from "./answer.js";
import { header } from "./controls.js";
import { caption, described } from "./said.js";
import { asText, tableView } from "./table.js";

/** @typedef {import("./types").SaliencyState} SaliencyState */
/** @typedef {import("./types").Theme} Theme */
/** @typedef {import("./types").Actions} Actions */
/** @typedef {import("../../saliency/types").Described} Described */

/** Texts of so many units have a way to the strongest. */
const LONG = 100;

/**
 * @param {HTMLElement} el
 * @param {Actions} actions
 */
export function saliencyView(el, actions) {
  const frame = shell(el, { name: "Saliency text" });
  const tip = tooltip(frame.root);
  const scale = legend();
  const sum = checkLine();
  const checks = checksPanel();
  const table = tableView();
  const strip = predictionStrip({ onTarget: actions.setTarget, onFoil: actions.setFoil });
  const text = textView({ onChoose: choose, onRelease: () => actions.pin(null), onHover: hover });
  const answer = answerView({ onStep: actions.setStep, onHover: hover });
  const heading = h("p", { class: "lmw-question" });
  const reading = div("lmw-reading", text.element, answer.element, table.element);
  const run = checkButton({
    title: "Take the strongest parts away, and keep nothing else: does the model need them?",
    onCheck: actions.check,
  });
  const jump = textButton({
    label: "Go to the strongest",
    title: "The strongest part of the text, then the next one (s)",
    onClick: toStrongest,
  });
  jump.classList.add("lmw-check-run");
  const stopKeys = hotkeys(frame.root, { s: () => !jump.hidden && toStrongest() });
  // Time left and stop stand in the place of the check, which is outdated meanwhile.
  const progressNote = frame.figure.querySelector(".lmw-progress-note");
  const footer = div(
    "lmw-scale-row",
    scale.element,
    div("lmw-check-slot", sum.element, run.element, jump, progressNote),
  );
  const main = div("lmw-main", heading, reading, footer, checks.element, frame.caption);
  replace(frame.picture, div("lmw-columns", main, strip.element));
  const desk = drawing(frame, {
    actions,
    text: text.element,
    home: text.stop,
    hush: tip.hide,
    draw,
  });
  const top = header(frame, actions, {
    onEdit: desk.editor.start,
    onTable: (open) => {
      tableOpen = open;
      desk.redraw();
    },
    textToCopy: () => {
      const shown = state?.shown;
      return shown?.measured ? asText(shown.units.tokens, shown.measured, unitShown) : "";
    },
  });

  /** @type {SaliencyState | null} */
  let state = null;
  let tableOpen = false;
  /** Of the scores on screen. */
  let unitShown = "";
  /** What is marked in the text was found from this. @type {unknown[]} */
  let marked = [];

  text.element.addEventListener("dblclick", () => {
    if (state?.editable && state.token !== null) actions.pin(null); // by the first of the two clicks
  });

  /** The unit of one of the model's own tokens. @param {number | null} token */
  function unitOf(token) {
    if (token === null || !state?.shown) return null;
    return state.shown.units.parts?.[token] ?? token;
  }

  /** A click on a unit keeps it; where every token or mask has an answer, it asks for that. @param {number} unit */
  function choose(unit) {
    if (!state?.shown) return;
    const { figure, live, shown } = state;
    const token = shown.units.first[unit];
    if (unit === unitOf(state.token)) return actions.pin(null);
    if (live && figure.readout === "token label" && unit !== unitOf(figure.position)) {
      return actions.setPosition(token, token);
    }
    const mask = figure.masks.find((one) => unitOf(one) === unit);
    if (live && mask !== undefined && mask !== figure.position)
      return actions.setPosition(mask, mask);
    actions.pin(token);
  }

  /** Keep the strongest unit, or the next one after the one that is kept; the text scrolls to it. */
  function toStrongest() {
    const shown = state?.shown;
    if (!shown?.measured) return;
    const { kind } = shown.units.tokens;
    const order = shown.measured.order.filter((unit) => kind[unit] !== "special");
    const next = order[order.indexOf(unitOf(state?.token ?? null) ?? -1) + 1] ?? order[0];
    if (next !== undefined) actions.pin(shown.units.first[next]);
  }

  /** @param {number | null} unit @param {DOMRect} [box] */
  function hover(unit, box) {
    const shown = state?.shown ?? null;
    actions.hover(unit === null || !shown ? null : shown.units.first[unit]);
    const marked = unit ?? unitOf(state?.token ?? null);
    scale.point(marked);
    if (unit === null || !box || !shown || !state) return tip.hide();
    const { tokens, size } = shown.units;
    const note = unit === unitOf(state.figure.position) ? "explained here" : null;
    tip.show(box, details(tokens, shown.measured, unit, unitShown, { size: size[unit], note }));
  }

  /** Where an answer was read, and what answers a question. */
  function mark() {
    if (!state?.shown) return;
    const { figure, shown } = state;
    if (marked[0] === figure && marked[1] === shown.units) return;
    marked = [figure, shown.units];
    const place =
      figure.readout === "token label" || figure.masks.length > 1 ? figure.position : null;
    const at = unitOf(place);
    /** @type {{name: string, has: (unit: number) => boolean}[]} */
    const marks = [{ name: "lmw-asked-at", has: (unit) => unit === at }];
    const [target, foil] = [figure.target?.span, figure.foil?.span].map((span) => {
      const ends = span?.map(unitOf) ?? [];
      const [from, to] = [ends[0] ?? Number.POSITIVE_INFINITY, ends[1] ?? -1];
      return { from, to, has: (/** @type {number} */ unit) => unit >= from && unit <= to };
    });
    const either = (/** @type {number} */ unit) => (target.has(unit) ? target : foil);
    marks.push(
      { name: "lmw-span-target", has: target.has },
      { name: "lmw-span-foil", has: (unit) => foil.has(unit) && !target.has(unit) },
      { name: "lmw-span-first", has: (unit) => unit === either(unit).from },
      { name: "lmw-span-inner", has: (unit) => either(unit).has(unit) && unit > either(unit).from },
      { name: "lmw-span-last", has: (unit) => unit === either(unit).to },
    );
    text.mark(marks);
  }

  /** @param {Described} now */
  function drawChecks(now) {
    if (!state) return;
    const { figure, shown, live, busy, checking } = state;
    const { measured = null, level = "token", step = null } = shown ?? {};
    sum.draw(measured && { unit: now.unit, check: now.check, cost: figure.cost });
    const found = figure.checks?.where === step ? figure.checks : null;
    const same = found?.level === level;
    const offered = live && !busy && measured !== null && !same;
    run.draw({ offered, checking, done: same && !busy });
    const note = found && !same ? `These checks are of the map by ${found.level}.` : "";
    checks.draw(measured ? found : null, { unit: now.unit, note });
  }

  /** @param {SaliencyState} state */
  function drawClasses({ busy, checking, figure, shown }) {
    const { classList } = frame.root;
    classList.toggle("lmw-stale", busy && !checking && Boolean(shown?.measured));
    classList.toggle("lmw-unsigned", !figure.signed);
    classList.toggle("lmw-first", busy && !figure.target && !figure.answer);
  }

  /** @param {SaliencyState} state @param {Theme} theme @param {boolean} hidden something else stands in its place */
  function drawText({ tokens, shown, text: plain, token, figure }, theme, hidden) {
    text.element.hidden = hidden;
    if (!tokens || !shown) {
      text.setPlain(plain);
      marked = [];
    } else text.setTokens(shown.units.tokens, shown.start);
    text.shade(shown?.measured ?? null, theme);
    mark();
    text.pin(unitOf(token));
    answer.draw(hidden ? null : figure.answer, shown, theme);
  }

  /** @param {SaliencyState} next @param {Theme} theme */
  function draw(next, theme) {
    state = next;
    const { figure, shown, tokens } = state;
    const measured = shown?.measured ?? null;
    const now = described(figure, shown, tokens);
    unitShown = now.unit;
    const tabled = tableOpen && measured !== null;
    top.draw(state, { table: tabled });
    replace(heading, questionNodes(now));
    drawClasses(state);
    if (tabled && measured && shown) table.draw(shown.units.tokens, measured, now.unit);
    table.element.hidden = !tabled;
    drawText(state, theme, tabled || desk.editor.open);
    jump.hidden = !measured || measured.order.length < LONG;
    scale.draw(measured, now, theme);
    scale.point(unitOf(state.token));
    drawChecks(now);
    strip.element.classList.toggle("lmw-strip-off", figure.answer !== null);
    strip.draw({
      predictions: state.predictions,
      target: state.target,
      foil: state.foil,
      readout: figure.readout,
      interactive: state.live && !figure.answer && Boolean(tokens),
      signed: figure.signed,
      task: figure.task,
      multi: figure.multi_label,
    });
    frame.caption.textContent = tokens ? caption(state, now) : "";
  }

  return {
    /** Mark the token that is hovered in a linked widget. @param {number | null} token */
    light(token) {
      const unit = unitOf(token);
      text.light(unit);
      answer.text.light(unit);
    },
    /** @param {SaliencyState} next */
    update(next) {
      const before = state?.shown?.measured ?? null;
      desk.update(next);
      const { shown } = next;
      if (shown?.measured && before && shown.measured !== before) {
        const now = described(next.figure, shown, next.tokens);
        frame.say(announcement(shown.units.tokens, shown.measured, now));
      }
    },
    destroy() {
      stopKeys();
      desk.destroy();
      top.destroy();
      text.destroy();
      answer.destroy();
      strip.destroy();
      tip.destroy();
      frame.destroy();
    },
  };
}

/** One view of the widget: puts the parts together and draws a state. Knows no traits. */

import { div, h, isCommand, replace, take } from "../../core/dom.js";
import { shell } from "../../core/shell.js";
import { watchTheme } from "../../core/theme.js";
import { tooltip } from "../../core/tooltip.js";
import { checkLine, checksPanel } from "../../saliency/checks.js";
import { editing } from "../../saliency/editing.js";
import { legend } from "../../saliency/legend.js";
import { predictionStrip } from "../../saliency/predictions.js";
import { questionNodes } from "../../saliency/question.js";
import { repair } from "../../saliency/repair.js";
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
  const run = h(
    "button",
    { class: "lmw-button lmw-check-run", onclick: actions.check },
    "Check this map",
  );
  run.title = "Take the strongest parts away, and keep nothing else: does the model need them?";
  // Time left and stop stand in the place of the check, which is outdated meanwhile.
  const progressNote = frame.figure.querySelector(".lmw-progress-note");
  const footer = div(
    "lmw-scale-row",
    scale.element,
    div("lmw-check-slot", sum.element, run, progressNote),
  );
  const main = div("lmw-main", heading, reading, footer, checks.element, frame.caption);
  replace(frame.picture, div("lmw-columns", main, strip.element));
  const slot = div("lmw-editor-slot");
  frame.picture.before(slot);
  const mend = repair(frame.figure, actions);
  const top = header(frame, actions, {
    onEdit: edit,
    onTable: (open) => {
      tableOpen = open;
      draw();
    },
    textToCopy: () => {
      const shown = state?.shown;
      return shown?.measured
        ? asText(shown.units.tokens, shown.measured, state?.figure.unit ?? "")
        : "";
    },
  });

  /** @type {SaliencyState | null} */
  let state = null;
  /** @type {Theme} */
  let theme = "light";
  let tableOpen = false;
  /** @type {(() => void) | null} */
  let stopTheme = null;
  let preference = "";
  let frameRequest = 0;
  /** What is marked in the text was found from this. @type {unknown[]} */
  let marked = [];

  const editor = editing({
    text: text.element,
    slot,
    getText: () => state?.text ?? "",
    onSubmit: actions.submitText,
    onChange: draw,
    onLeave: text.focus,
  });

  text.element.addEventListener("dblclick", () => {
    if (state?.editable && state.token !== null) actions.pin(null); // by the first of the two clicks
    edit();
  });
  frame.root.addEventListener("keydown", (event) => {
    const writing =
      event.target instanceof Element &&
      event.target.closest("input, textarea, select, .lmw-method-list") !== null;
    if (event.key !== "e" || writing || isCommand(event)) return;
    take(event);
    edit();
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

  /** @param {number | null} unit @param {DOMRect} [box] */
  function hover(unit, box) {
    const shown = state?.shown ?? null;
    actions.hover(unit === null || !shown ? null : shown.units.first[unit]);
    const marked = unit ?? unitOf(state?.token ?? null);
    scale.point(marked);
    if (unit === null || !box || !shown || !state) return tip.hide();
    const { tokens, size } = shown.units;
    const note = unit === unitOf(state.figure.position) ? "explained here" : null;
    tip.show(
      box,
      details(tokens, shown.measured, unit, state.figure.unit, { size: size[unit], note }),
    );
  }

  /** True while a message stands in the place of the picture. */
  function troubled() {
    return state?.status.state === "empty" || state?.status.state === "error";
  }

  function edit() {
    if (!state?.editable) return;
    tip.hide();
    editor.start();
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
    const { figure, shown, live, busy } = state;
    const { measured = null, level = "token", step = null } = shown ?? {};
    sum.draw(measured && { unit: figure.unit, check: now.check, cost: figure.cost });
    const found = figure.checks?.where === step ? figure.checks : null;
    const same = found?.level === level;
    const focused = run.matches(":focus");
    run.hidden = !live || busy || !measured || same;
    if (focused && run.hidden) text.focus();
    const note = found && !same ? `These checks are of the map by ${found.level}.` : "";
    checks.draw(measured ? found : null, { unit: figure.unit, note });
  }

  /** @param {SaliencyState} state */
  function drawClasses({ busy, checking, figure, shown }) {
    const { classList } = frame.root;
    classList.toggle("lmw-stale", busy && !checking && Boolean(shown?.measured));
    classList.toggle("lmw-editing", editor.open);
    classList.toggle("lmw-unsigned", !figure.signed);
    classList.toggle("lmw-first", busy && !figure.target && !figure.answer);
  }

  /** @param {SaliencyState} state @param {boolean} hidden something else stands in its place */
  function drawText({ tokens, shown, text: plain, token, figure }, hidden) {
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

  function draw() {
    if (!state) return;
    const { figure, status, shown, tokens } = state;
    const measured = shown?.measured ?? null;
    const now = described(figure, shown, tokens);
    frame.setStatus(state.busy ? { ...status, state: "loading" } : status, {
      onStop: actions.stop,
      onExample: actions.submitText,
    });
    frame.badge(state.badge);
    mend.draw(state);
    editor.follow(troubled(), state.editable && mend.needsText(state));
    const tabled = tableOpen && measured !== null;
    top.draw(state, { table: tabled });
    replace(heading, questionNodes(now));
    drawClasses(state);
    if (tabled && measured && shown) table.draw(shown.units.tokens, measured, figure.unit);
    table.element.hidden = !tabled;
    drawText(state, tabled || editor.open);
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
    cancelAnimationFrame(frameRequest);
    frameRequest = requestAnimationFrame(() => {
      frame.root.dataset.lmwReady = "true";
    });
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
      state = next;
      if (next.theme !== preference) {
        preference = next.theme;
        stopTheme?.();
        let first = true; // it answers at once, and this update draws anyway
        stopTheme = watchTheme(frame.root, next.theme, (found) => {
          theme = found;
          if (!first) draw();
        });
        first = false;
      }
      draw();
      const { shown } = next;
      if (shown?.measured && before && shown.measured !== before) {
        const now = described(next.figure, shown, next.tokens);
        frame.say(announcement(shown.units.tokens, shown.measured, now));
      }
    },
    destroy() {
      cancelAnimationFrame(frameRequest);
      stopTheme?.();
      top.destroy();
      text.destroy();
      answer.destroy();
      strip.destroy();
      tip.destroy();
      frame.destroy();
    },
  };
}

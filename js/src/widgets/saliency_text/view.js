/** One view of the widget: puts the parts together and draws a state. Knows no traits. */

import { div, h, isCommand, replace, take } from "../../core/dom.js";
import { shell } from "../../core/shell.js";
import { watchTheme } from "../../core/theme.js";
import { tooltip } from "../../core/tooltip.js";
import { header } from "./controls.js";
import { details } from "./details.js";
import { editing } from "./editing.js";
import { legend } from "./legend.js";
import { measureState } from "./model.js";
import { predictionStrip } from "./predictions.js";
import { asText, tableView } from "./table.js";
import { textView } from "./text.js";
import { announcement, captionWords, question } from "./words.js";

/** @typedef {import("./types").SaliencyState} SaliencyState */
/** @typedef {import("./types").Measure} Measure */
/** @typedef {import("./types").Theme} Theme */
/** @typedef {import("./types").Actions} Actions */

/**
 * @param {HTMLElement} el
 * @param {Actions} actions
 */
export function saliencyView(el, actions) {
  const frame = shell(el, { name: "Saliency text" });
  const tip = tooltip(frame.root);
  const scale = legend();
  const table = tableView();
  const strip = predictionStrip({ onTarget: actions.setTarget, onFoil: actions.setFoil });
  const text = textView({ onPin: actions.pin, onHover: hover });
  const asked = h("p", { class: "lmw-question" });
  const reading = div("lmw-reading", text.element, table.element);
  // Time left and stop stand in the place of the check, which is outdated meanwhile.
  const progressNote = frame.figure.querySelector(".lmw-progress-note");
  const footer = div(
    "lmw-scale-row",
    scale.element,
    div("lmw-check-slot", scale.check, progressNote),
  );
  const main = div("lmw-main", asked, reading, footer, frame.caption);
  replace(frame.picture, div("lmw-columns", main, strip.element));
  const slot = div("lmw-editor-slot");
  frame.picture.before(slot);
  const top = header(frame, {
    onMethod: actions.setMethod,
    onEdit: edit,
    onTable: (open) => {
      tableOpen = open;
      draw();
    },
    textToCopy: () =>
      state?.tokens && measured ? asText(state.tokens, measured, state.figure.unit) : "",
  });

  /** @type {SaliencyState | null} */
  let state = null;
  /** @type {Measure | null} */
  let measured = null;
  /** @type {Theme} */
  let theme = "light";
  let tableOpen = false;
  /** @type {(() => void) | null} */
  let stopTheme = null;
  let preference = "";
  let frameRequest = 0;

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
      event.target instanceof Element && event.target.matches("input, textarea, select");
    if (event.key !== "e" || writing || isCommand(event)) return;
    take(event);
    edit();
  });

  /** @param {number | null} index @param {DOMRect} [box] */
  function hover(index, box) {
    actions.hover(index);
    const shown = index ?? state?.token ?? null;
    scale.point(shown);
    if (index === null || !box || !state?.tokens) return tip.hide();
    tip.show(box, details(state.tokens, measured, index, state.figure.unit));
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

  function draw() {
    if (!state) return;
    const { figure, status, tokens } = state;
    frame.setStatus(state.busy ? { ...status, state: "loading" } : status, {
      onStop: actions.stop,
      onExample: actions.submitText,
    });
    frame.badge(state.badge);
    editor.follow(troubled(), state.editable);
    const tabled = tableOpen && measured !== null && tokens !== null;
    top.draw(figure, {
      method: state.method,
      live: state.live,
      editable: state.editable,
      table: tabled,
      drawable: measured !== null,
    });
    replace(asked, questionNodes(state));
    frame.root.classList.toggle("lmw-stale", state.busy && measured !== null);
    frame.root.classList.toggle("lmw-editing", editor.open);
    frame.root.classList.toggle("lmw-unsigned", !figure.signed);
    frame.root.classList.toggle("lmw-first", state.busy && !figure.target);
    if (tabled && measured) table.draw(tokens, measured, figure.unit);
    text.element.hidden = tabled || editor.open;
    table.element.hidden = !tabled;
    if (!tokens) text.setPlain(state.text);
    else text.setTokens(tokens);
    text.shade(measured, theme);
    text.pin(state.token);
    scale.draw(measured, figure, theme);
    scale.point(state.token);
    strip.draw({
      predictions: state.predictions,
      target: state.target,
      foil: state.foil,
      readout: figure.readout,
      interactive: state.live,
      signed: figure.signed,
    });
    frame.caption.textContent = tokens && measured ? captionWords(tokens, measured, figure) : "";
    cancelAnimationFrame(frameRequest);
    frameRequest = requestAnimationFrame(() => {
      frame.root.dataset.lmwReady = "true";
    });
  }

  return {
    /** Mark the token that is hovered in a linked widget. */
    light: text.light,
    /** @param {SaliencyState} next */
    update(next) {
      const before = measured;
      const sameScores = state?.scores === next.scores && state?.tokens === next.tokens;
      state = next;
      if (!sameScores || !measured) measured = measureState(next);
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
      if (measured && before && measured !== before && next.tokens) {
        frame.say(announcement(next.tokens, measured, next.figure));
      }
    },
    destroy() {
      cancelAnimationFrame(frameRequest);
      stopTheme?.();
      text.destroy();
      strip.destroy();
      tip.destroy();
      frame.destroy();
    },
  };
}

/**
 * The question with its target and foil marked as the scale marks them.
 * @param {SaliencyState} state
 */
function questionNodes({ figure }) {
  return question(figure).map(({ text, part }) =>
    part === "words"
      ? text
      : h("span", { class: `lmw-asked lmw-asked-${part}`, dir: "auto" }, text),
  );
}

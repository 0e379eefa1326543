/** The answer under the text: its tokens, the one that is explained, and the way to the others. */

import { iconButton, textButton } from "../../core/controls.js";
import { aria, div, focused, h, span } from "../../core/dom.js";
import { percent } from "../../core/format.js";
import { textView } from "../../saliency/text.js";

/** @typedef {import("./types").Answer} Answer */
/** @typedef {import("./types").Shown} Shown */
/** @typedef {import("./types").Theme} Theme */

/**
 * @param {object} on
 * @param {(step: number | null) => void} on.onStep
 * @param {(unit: number | null, box?: DOMRect) => void} on.onHover
 */
export function answerView({ onStep, onHover }) {
  /** @type {Answer | null} */
  let answer = null;
  /** @type {Shown | null} */
  let shown = null;
  const text = textView({
    answer: true,
    label: "Tokens of the answer",
    onChoose: (unit) => go(rowOf(unit)),
    onWalk: (unit) => go(rowOf(unit)),
    onRelease: () => onStep(null),
    onHover,
  });
  const place = h("span", { class: "lmw-step-place", role: "status" });
  const whole = textButton({
    label: "whole answer",
    title: "The sum over the tokens of the answer (Esc)",
    pressed: true,
    onClick: () => onStep(null),
  });
  const previous = iconButton({
    icon: "previous",
    label: "Previous token of the answer",
    onClick: () => by(-1),
  });
  const next = iconButton({
    icon: "next",
    label: "Next token of the answer",
    onClick: () => by(1),
  });
  const element = h(
    "div",
    { class: "lmw-answer", role: "group", "aria-label": "Answer", hidden: true },
    div("lmw-answer-head", span("lmw-role", "answer"), whole, previous, place, next),
    text.element,
  );

  /** The row of what was written at a unit; units that were not explained have none. @param {number} unit */
  function rowOf(unit) {
    const places = answer?.places ?? [];
    const parts = shown?.units.parts;
    const row = places.findLastIndex((token) => (parts ? parts[token] : token) <= unit);
    return row < 0 ? null : row;
  }

  /** @param {number | null} row */
  function go(row) {
    if (row !== (shown?.step ?? null)) onStep(row);
  }

  /** @param {number} way */
  function by(way) {
    const last = (answer?.places.length ?? 0) - 1;
    const from = shown?.step ?? (way > 0 ? -1 : last + 1);
    go(Math.min(last, Math.max(0, from + way)));
  }

  return {
    element,
    text,
    /** @param {Answer | null} found @param {Shown | null} now @param {Theme} theme */
    draw(found, now, theme) {
      [answer, shown] = [found, now];
      element.hidden = !found || !now;
      if (!found || !now) return;
      text.setTokens(now.units.tokens, now.start);
      text.shade(now.measured, theme);
      text.mark([{ name: "lmw-current", has: (unit) => unit === now.written }]);
      const step = now.step;
      aria(whole, "pressed", step === null);
      const prediction = step === null ? null : found.predictions[step];
      const share = prediction?.probability;
      const known = typeof share === "number" ? ` · ${percent(share)}` : "";
      const count = found.places.length;
      place.textContent = step === null ? `${count} tokens` : `${step + 1} of ${count}${known}`;
      const held = focused(element);
      previous.disabled = step === 0;
      next.disabled = step === count - 1;
      if (held === previous && previous.disabled) next.focus();
      if (held === next && next.disabled) previous.focus();
    },
    destroy: () => text.destroy(),
  };
}

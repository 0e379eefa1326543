/** A text that the model wrote, step by step: a slider over the written tokens, and a play button. */

import { iconButton, slider, textButton } from "../../core/controls.js";
import { aria, h, replace } from "../../core/dom.js";
import { clamp } from "../../core/format.js";
import { icon } from "../../core/icons.js";
import { tokenName } from "../../core/tokens.js";

/** @typedef {import("../../core/types").Tokens} Tokens */

const A_STEP = 800;

/** @param {{onStep: (step: number | null) => void}} on */
export function scrubber({ onStep }) {
  let count = 0;
  /** @type {number | null} */
  let step = null;
  /** @type {Tokens | null} */
  let tokens = null;
  let start = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;

  const name = (/** @type {number} */ i) =>
    tokens ? `${i + 1} of ${count}: “${tokenName(tokens, start + i, 24)}”` : "";
  const range = slider({
    label: "Writing",
    min: 0,
    max: 0,
    step: 1,
    value: 0,
    format: name,
    onInput(value) {
      stop();
      onStep(value);
    },
    title: "The token being written: ← and → step through them",
  });
  const play = iconButton({
    icon: "play",
    label: "Play",
    onClick: () => (timer === undefined ? begin() : stop()),
  });
  const whole = textButton({
    label: "whole text",
    title: "Show the whole text, as it stood at the end",
    pressed: false,
    onClick() {
      stop();
      onStep(step === null ? 0 : null);
    },
  });
  const element = h(
    "div",
    { class: "lmw-scrubber", role: "group", "aria-label": "Written tokens", hidden: true },
    play,
    range.element,
    whole,
  );

  const show = (/** @type {"play" | "pause"} */ what) => {
    const label = what === "play" ? "Play" : "Stop playing";
    play.title = label;
    aria(play, "label", label);
    replace(play, icon(what));
  };
  function stop() {
    clearInterval(timer);
    timer = undefined;
    show("play");
  }
  // Never by itself: only a click starts it, so it asks nothing of those who want no motion.
  function begin() {
    const at = step === null || step === count - 1 ? -1 : step;
    onStep(at + 1);
    show("pause");
    timer = setInterval(() => {
      if (step === null || step >= count - 1) stop();
      else onStep(step + 1);
    }, A_STEP);
  }

  return {
    element,
    /** Whether there is a step to go to. @param {1 | -1} by */
    move(by) {
      if (element.hidden) return false;
      stop();
      const next = step === null ? (by > 0 ? 0 : count - 1) : step + by;
      onStep(clamp(next, 0, count - 1));
      return true;
    },
    /** @param {Tokens | null} text @param {number | null} first token that was written @param {number | null} now */
    set(text, first, now) {
      tokens = text;
      start = first ?? 0;
      count = text && first !== null ? Math.max(0, text.text.length - first) : 0;
      step = now;
      element.hidden = count === 0;
      if (count === 0) return stop();
      range.set(now ?? count - 1, count - 1);
      range.element.classList.toggle("lmw-idle", now === null);
      aria(whole, "pressed", now === null);
    },
    destroy: () => clearInterval(timer),
  };
}

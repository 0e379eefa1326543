/** The layers' own numbers above the picture. */

import { div, h, replace, span } from "../../core/dom.js";

/** @typedef {import("./geometry.js").Geometry} Geometry */

const ROOM = 26;

/**
 * Which levels get a number: as many as there is room for, the selected one among them.
 * @param {number} levels
 * @param {number} step pixels from level to level
 * @param {number | null} selected
 */
export function numbered(levels, step, selected) {
  const every = [1, 2, 3, 5, 10, 20, 50].find((n) => n * step >= ROOM) ?? 100;
  /** @type {number[]} */
  const shown = [];
  for (let level = 1; level < levels; level += every) shown.push(level);
  const must = [levels - 1, ...(selected && selected > 0 ? [selected] : [])].filter((l) => l > 0);
  for (const level of must) {
    if (shown.includes(level)) continue;
    const free = shown.filter(
      (other) => Math.abs(other - level) * step >= ROOM * 0.95 || other === level,
    );
    shown.splice(0, shown.length, ...free.filter((other) => other !== level), level);
  }
  return shown.sort((a, b) => a - b);
}

/** @param {(level: number) => void} onPick */
export function axis(onPick) {
  const numbers = div("lmw-flow-numbers");
  const left = span("lmw-flow-axis-left", "input");
  const right = span("lmw-flow-axis-right");
  const middle = span("lmw-flow-axis-title", "layer");
  const element = h(
    "div",
    { class: "lmw-flow-axis", "aria-hidden": "true" },
    left,
    middle,
    right,
    numbers,
  );
  element.addEventListener("click", (event) => {
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (target?.dataset.level) onPick(Number(target.dataset.level));
  });
  return {
    element,
    /** @param {Geometry} place @param {number[]} layerNumbers @param {number | null} selected level */
    set(place, layerNumbers, selected) {
      const { frame, levels, step, x } = place;
      left.style.width = `${Math.max(0, frame.from - 8)}px`;
      middle.style.left = `${frame.from}px`;
      middle.style.width = `${frame.to - frame.from}px`;
      right.style.left = `${frame.to + 18}px`;
      right.textContent = frame.width - frame.to > 48 ? "output" : "";
      replace(
        numbers,
        numbered(levels, step, selected).map((level) =>
          h(
            "span",
            {
              class: level === selected ? "lmw-flow-number lmw-flow-chosen" : "lmw-flow-number",
              dataset: { level: String(level) },
              style: { left: `${x(level)}px` },
            },
            String(layerNumbers[level - 1] ?? level - 1),
          ),
        ),
      );
    },
  };
}

/** Among blocks only a few tokens are named: those asked about, and their strongest targets. */

import { otherSide } from "../isolate.js";

/** @typedef {import("../types").Place} Place */
/** @typedef {import("../types").Side} Side */
/** @typedef {import("../types").Target} Target */

/** Height of a name, and the size of its type. */
export const TALL = 18;
export const FONT = 12;
const MOST = 5;
const WORTH_A_NAME = 0.02;

/**
 * Middles of names: where their tokens are, moved so far that none covers another.
 * @param {Iterable<number>} indices
 * @param {(index: number) => number} yOf
 * @param {number} height of the picture
 * @returns {Map<number, number>}
 */
export function apart(indices, yOf, height) {
  const sorted = [...indices].sort((a, b) => a - b);
  const middles = sorted.map((index) => Math.max(TALL / 2, yOf(index)));
  for (let i = 1; i < middles.length; i++) {
    middles[i] = Math.max(middles[i], middles[i - 1] + TALL);
  }
  let floor = height - TALL / 2;
  for (let i = middles.length - 1; i >= 0; i--) {
    middles[i] = Math.min(middles[i], floor);
    floor = middles[i] - TALL;
  }
  return new Map(sorted.map((index, i) => [index, middles[i]]));
}

/** @param {(side: Side) => [number, number]} range tokens in view */
export function blockNames(range) {
  const pen = /** @type {OffscreenCanvasRenderingContext2D} */ (
    new OffscreenCanvas(1, 1).getContext("2d")
  );
  /** @type {Record<Side, Set<number>>} */
  const chosen = { query: new Set(), key: new Set() };
  /** @type {Record<Side, Map<number, number>>} */
  const middles = { query: new Map(), key: new Map() };

  /** @param {Place | null} place */
  function add(place) {
    if (!place) return;
    const [first, last] = range(place.side);
    if (place.index >= first && place.index < last) chosen[place.side].add(place.index);
  }

  return {
    chosen,
    /** @param {string} family */
    setFont(family) {
      pen.font = `${FONT}px ${family}`;
    },
    /** @param {{hover: Place | null, pinned: Place | null, shown: Place | null, targets: Target[], ink: import("../../../attention/ink.js").Ink}} now */
    choose({ hover, pinned, shown, targets, ink }) {
      chosen.query.clear();
      chosen.key.clear();
      add(hover);
      add(pinned);
      if (!shown) return;
      const side = otherSide(shown.side);
      const strong = targets
        .slice(0, MOST)
        .filter(({ weight }) => ink.size(weight) >= WORTH_A_NAME);
      for (const { index } of strong) add({ side, index });
    },
    /** @param {Side} side @param {(index: number) => number} yOf @param {number} height */
    place(side, yOf, height) {
      middles[side] = apart(chosen[side], yOf, height);
    },
    /** Middle of a token's name, if it has one. @param {Side} side @param {number} index */
    middle: (side, index) => middles[side].get(index),
    /** Names come and go with the pointer: to ask the document would lay it out each time. @param {string | null | undefined} name */
    width: (name) => pen.measureText(name ?? "").width + 8,
  };
}

/** Every weight of the pinned token, which Python sends after the pin when the picture has only the strongest. */

import { MEAN } from "../../../attention/ink.js";
import { decode } from "../../../core/wire.js";
import { byStrength, leastOf } from "../edges.js";

/** @typedef {import("../types").FocusWire} FocusWire */
/** @typedef {import("../types").Place} Place */
/** @typedef {import("../types").Target} Target */
/** @typedef {import("../edges.js").Choice} Choice */

/**
 * Null when nothing was sent, or its bytes have not arrived.
 * @param {FocusWire | Record<string, never> | null | undefined} wire
 */
export function decodeFocus(wire) {
  const packed = wire && "weights" in wire ? decode(wire.weights) : null;
  if (!wire || !packed?.scale) return null;
  const { layer, heads, side, token } = /** @type {FocusWire} */ (wire);
  const { data, scale, shape } = packed;
  const count = shape[1];
  return makeFocus({
    layer,
    heads,
    side,
    token,
    count,
    weight(head, other) {
      const row = heads.indexOf(head);
      return row < 0 || other >= count ? null : data[row * count + other] * scale[row];
    },
  });
}

/**
 * @typedef {Pick<FocusWire, "layer" | "heads" | "side" | "token"> & {count: number,
 *   weight: (head: number, other: number) => number | null}} Known
 */

/** @param {Known} known */
function makeFocus(known) {
  const { layer, heads, side, token, count, weight } = known;
  return {
    weight,
    /**
     * Whether these are the weights of a place in what is drawn.
     * @param {Place | null} place
     * @param {number} shownLayer
     * @param {number[]} shownHeads
     */
    covers: (place, shownLayer, shownHeads) =>
      place !== null &&
      place.side === side &&
      place.index === token &&
      layer === shownLayer &&
      shownHeads.every((head) => heads.includes(head)),
    /** The same with each query's weights times a factor. @param {(head: number, query: number) => number} factor */
    scaledBy: (factor) =>
      makeFocus({
        ...known,
        weight(head, other) {
          const value = weight(head, other);
          return value === null ? null : value * factor(head, side === "query" ? token : other);
        },
      }),
    /** @param {number[]} among @param {number} other */
    mean: (among, other) =>
      among.reduce((sum, head) => sum + (weight(head, other) ?? 0), 0) / among.length,
    /**
     * Each token of the other side once, by its strongest head, strongest first; null when the
     * choice asks for what one row or column cannot tell.
     * @param {Choice} choice
     * @param {number} most the end of the scale
     * @returns {Target[] | null}
     */
    targets(choice, most) {
      const own = side === "query" ? choice.hiddenQueries : choice.hiddenKeys;
      const hidden = side === "query" ? choice.hiddenKeys : choice.hiddenQueries;
      if (choice.topK !== null) return null;
      if (own[token]) return [];
      const least = leastOf(choice) * most;
      /** @type {Target[]} */
      const found = [];
      for (let other = 0; other < count; other++) {
        if (hidden[other]) continue;
        const target = choice.mean
          ? { index: other, weight: this.mean(choice.heads, other), head: MEAN }
          : strongest(choice.heads, other);
        if (Math.abs(target.weight) >= least) found.push(target);
      }
      return found.sort(byStrength);
    },
  };

  /** @param {number[]} among @param {number} other @returns {Target} */
  function strongest(among, other) {
    const best = { index: other, weight: 0, head: among[0] };
    for (const head of among) {
      const value = weight(head, other) ?? 0;
      if (Math.abs(value) <= Math.abs(best.weight)) continue;
      best.weight = value;
      best.head = head;
    }
    return best;
  }
}

/** @typedef {NonNullable<ReturnType<typeof decodeFocus>>} Focus */

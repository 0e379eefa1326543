/** Exact weight that each query gives to groups of keys, where only the strongest edges were sent. */

import { decode } from "../core/wire.js";

/** @typedef {import("./types").SumsWire} SumsWire */

/**
 * Null when nothing was sent, or its bytes have not arrived.
 * @param {SumsWire | Record<string, never> | null | undefined} wire
 */
export function decodeSums(wire) {
  if (!wire || !("sums" in wire)) return null;
  const { layers, heads = null } = /** @type {SumsWire} */ (wire);
  const groups = decode(wire.groups)?.data;
  const sums = decode(wire.sums);
  if (!groups || !sums?.scale) return null;
  const { data, scale, shape } = sums;
  const [, size, queries, count] = shape;

  return {
    /** @param {number} layer @param {number[]} wanted */
    covers: (layer, wanted) =>
      layers.includes(layer) && wanted.every((head) => heads?.includes(head) ?? true),
    /**
     * How much each row gives to some keys; null when they cut through a group.
     * @param {number} layer
     * @param {Uint8Array} keys 1 for the keys that count
     * @returns {((head: number, query: number) => number) | null}
     */
    reader(layer, keys) {
      const inside = new Uint8Array(count);
      const outside = new Uint8Array(count);
      groups.forEach((group, key) => {
        (keys[key] ? inside : outside)[group] = 1;
      });
      if (inside.some((one, group) => one && outside[group])) return null;
      return (head, query) => {
        const place = heads ? heads.indexOf(head) : head;
        const row = (layers.indexOf(layer) * size + place) * queries + query;
        let sum = 0;
        for (let i = 0; i < count; i++) if (inside[i]) sum += data[row * count + i];
        return sum * /** @type {Float32Array} */ (scale)[row];
      };
    },
  };
}

/** @typedef {NonNullable<ReturnType<typeof decodeSums>>} Sums */

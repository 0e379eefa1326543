/** Types of heads as small tags: text, never colour alone. */

/** @type {Record<string, [long: string, letter: string]>} */
const SHORT = {
  "previous-token": ["prev", "P"],
  "duplicate-token": ["dup", "D"],
  induction: ["ind", "I"],
  self: ["self", "S"],
  "next-token": ["next", "N"],
  "first-token": ["first", "F"],
  separator: ["sep", "."],
  local: ["local", "L"],
  broad: ["broad", "B"],
};
/** A head of these does something with what a token says or where it stands. */
const TELLING = ["previous-token", "duplicate-token", "induction", "next-token"];
/** In menus and rows. */
const ORDER = [...TELLING, "self", "local", "separator", "broad", "first-token"];
const ROOM_FOR_WORDS = 34;

export const MIXED = "mixed";

/** The type that a head is filed under. @param {string[]} labels */
export const mainType = (labels) =>
  labels.find((label) => TELLING.includes(label)) ?? labels[0] ?? MIXED;

/** Place of a type among all: those of no known name come last. @param {string} name */
export function rankOf(name) {
  const place = ORDER.indexOf(name);
  return place < 0 ? ORDER.length + Number(name === MIXED) : place;
}

/**
 * The tag of a thumbnail, or null for a head of no type.
 * @param {string[]} labels
 * @param {number} side of the thumbnail, in pixels
 */
export function tagOf(labels, side) {
  const name = mainType(labels);
  if (name === MIXED) return null;
  const [long, letter] = SHORT[name] ?? [name.slice(0, 4), name.slice(0, 1).toUpperCase()];
  return { text: side >= ROOM_FOR_WORDS ? long : letter, strong: TELLING.includes(name) };
}

/** As in a chip: its tag and its name. @param {string} name @param {number} side */
export function shortOf(name, side) {
  const [long, letter] = SHORT[name] ?? [name.slice(0, 4), name.slice(0, 1).toUpperCase()];
  return side >= ROOM_FOR_WORDS ? long : letter;
}

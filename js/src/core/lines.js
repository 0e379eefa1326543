/** Arrow keys in flowing text: sideways as the eye reads, up and down by line. */

/**
 * The element an arrow key leads to, or null when the key is no arrow or there is nothing there.
 * @param {HTMLElement[]} elements in reading order
 * @param {number} from
 * @param {string} key
 * @returns {HTMLElement | null}
 */
export function neighbour(elements, from, key) {
  if (key === "ArrowLeft" || key === "ArrowRight") {
    const forward = (key === "ArrowRight") !== rightToLeft(elements, from);
    return elements[from + (forward ? 1 : -1)] ?? null;
  }
  if (key === "ArrowUp") return onLine(elements, from, -1);
  if (key === "ArrowDown") return onLine(elements, from, 1);
  return null;
}

/**
 * Whether the text runs right to left here, as seen from the neighbours on the same line.
 * @param {HTMLElement[]} elements
 * @param {number} from
 */
function rightToLeft(elements, from) {
  const here = elements[from].getBoundingClientRect();
  for (const step of [1, -1]) {
    const other = elements[from + step]?.getBoundingClientRect();
    if (other && sameLine(here, other)) return step * (other.left - here.left) < 0;
  }
  return false;
}

/**
 * @param {HTMLElement[]} elements
 * @param {number} from
 * @param {1 | -1} step
 */
function onLine(elements, from, step) {
  const here = elements[from].getBoundingClientRect();
  const centre = (here.left + here.right) / 2;
  /** @type {DOMRect | null} */
  let line = null;
  let best = null;
  let distance = Number.POSITIVE_INFINITY;
  for (let index = from + step; elements[index]; index += step) {
    const box = elements[index].getBoundingClientRect();
    if (!line && sameLine(here, box)) continue;
    line ??= box;
    if (!sameLine(line, box)) break;
    const off = Math.abs((box.left + box.right) / 2 - centre);
    if (off < distance) [best, distance] = [elements[index], off];
  }
  return best;
}

/** @param {DOMRect} a @param {DOMRect} b */
function sameLine(a, b) {
  const middle = (b.top + b.bottom) / 2;
  return middle > a.top && middle < a.bottom;
}

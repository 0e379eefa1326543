/** How many lines a frame may draw while the text moves: fewer as long as frames come late. */

import { clamp } from "../../../core/format.js";

const FEWEST = 60;
const MOST = 500;
/** A frame later than this was missed; after a longer pause it is a new motion. */
const LATE = 22;
const PAUSE = 150;

export function pace() {
  let lines = MOST / 2;
  let last = Number.NEGATIVE_INFINITY;
  return {
    /** Lines of the frame that is drawn now. @param {number} now milliseconds */
    next(now) {
      const took = now - last;
      last = now;
      if (took < PAUSE) lines = took > LATE ? lines * 0.7 : lines * 1.12;
      lines = clamp(lines, FEWEST, MOST);
      return Math.round(lines);
    },
  };
}

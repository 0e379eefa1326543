/**
 * The window in motion. The browser scrolls an empty sheet as tall as the text at the present
 * zoom, so wheel, touch and the page behind behave as always; what is seen is laid out from here.
 */

import { reducedMotion } from "../../../core/dom.js";
import { between, spans, within } from "./window.js";

/** @typedef {import("./window.js").Span} Span */

const GLIDE = 180;
/** The browser keeps whole pixels of the screen: smaller differences are its rounding. */
const ROUNDING = 0.75;

/**
 * @param {HTMLElement} scroller
 * @param {HTMLElement} sheet
 * @param {import("./window.js").Room} room
 * @param {() => void} onMove
 */
export function mover(scroller, sheet, room, onMove) {
  /** @type {Span} */
  let now = { first: 0, span: spans(room).easy };
  let rowHeight = 0;
  let scrollTop = 0;
  let animation = 0;

  function apply() {
    const wanted = room.height / now.span;
    if (wanted !== rowHeight) {
      rowHeight = wanted;
      sheet.style.height = `${Math.round(room.rows * rowHeight)}px`;
    }
    const top = Math.round(now.first * rowHeight);
    if (top === scrollTop) return;
    scrollTop = top;
    scroller.scrollTop = top;
  }

  /** @param {Span} next */
  function place(next) {
    now = within(next, room);
    apply();
    onMove();
  }

  function stop() {
    cancelAnimationFrame(animation);
    animation = 0;
  }

  const scrolled = () => {
    const top = scroller.scrollTop;
    if (Math.abs(top - scrollTop) < ROUNDING) return;
    stop();
    const most = Math.round(room.rows * rowHeight) - room.height;
    const first = now.first + (top - scrollTop) / rowHeight;
    scrollTop = top;
    now = within({ first: top <= 0 ? 0 : top >= most ? room.rows : first, span: now.span }, room);
    onMove();
  };
  scroller.addEventListener("scroll", scrolled, { passive: true });
  apply();

  return {
    get window() {
      return now;
    },
    get rowHeight() {
      return room.height / now.span;
    },
    /** At once. @param {Span} next */
    jump(next) {
      stop();
      place(next);
    },
    /** Smoothly, unless the reader wants no motion. @param {Span} next */
    glide(next) {
      stop();
      const [from, to] = [now, within(next, room)];
      if (reducedMotion() || !scroller.isConnected) return place(to);
      const start = performance.now();
      const step = () => {
        const t = Math.min(1, (performance.now() - start) / GLIDE);
        animation = t < 1 ? requestAnimationFrame(step) : 0;
        place(between(from, to, 1 - (1 - t) ** 3));
      };
      animation = requestAnimationFrame(step);
    },
    get moving() {
      return animation !== 0;
    },
    /** After the element was hidden or moved: the browser forgets where it had scrolled to. */
    settle() {
      if (scroller.clientHeight > 0 && Math.abs(scroller.scrollTop - scrollTop) >= 1) {
        scroller.scrollTop = scrollTop;
      }
    },
    destroy() {
      stop();
      scroller.removeEventListener("scroll", scrolled);
    },
  };
}

/** @typedef {ReturnType<typeof mover>} Mover */

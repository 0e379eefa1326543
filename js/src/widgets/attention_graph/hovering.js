/** Which token the pointer or the focus is on; told once a change. */

import { samePlace } from "./isolate.js";

/** @typedef {import("./types").Place} Place */

/** The pointer crosses gaps between tokens: what it left stays for a moment. */
const LINGER = 70;

/** @param {import("./types").PointerEvents["onHover"]} onHover */
export function hovering(onHover) {
  /** @type {Place | null} */
  let last = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const over = new AbortController();

  /** @param {Place | null} place @param {boolean} [byKeyboard] */
  function hover(place, byKeyboard = false) {
    clearTimeout(timer);
    if (samePlace(place, last)) return;
    last = place;
    onHover(place, byKeyboard);
  }
  return {
    hover,
    leave() {
      clearTimeout(timer);
      timer = setTimeout(() => hover(null), LINGER);
    },
    /**
     * Listen as long as there is a picture.
     * @param {HTMLElement} element
     * @param {Record<string, (event: any) => void>} on
     * @param {AddEventListenerOptions} [options]
     */
    listen(element, on, options) {
      const signal = over.signal;
      for (const [type, listener] of Object.entries(on))
        element.addEventListener(type, listener, { ...options, signal });
    },
    destroy() {
      clearTimeout(timer);
      over.abort();
    },
  };
}

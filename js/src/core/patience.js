/** How long the picture waits for what Python was asked for, before it says that it is not here. */

const PATIENCE = 8000;

/** @param {() => void} onEnd after which `awaits` is false */
export function patience(onEnd) {
  /** @type {string | null} */
  let asked = null;
  let over = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  return {
    /** Whether it may still come: for a while since it was first named. @param {string | null} what */
    awaits(what) {
      if (what !== asked) {
        clearTimeout(timer);
        asked = what;
        over = false;
        timer = setTimeout(() => {
          over = true;
          if (asked !== null) onEnd();
        }, PATIENCE);
      }
      return asked !== null && !over;
    },
    destroy: () => clearTimeout(timer),
  };
}

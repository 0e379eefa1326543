/** Work that is done once, just before the next frame, however often it is asked for. */

export function frames() {
  /** @type {Set<() => void>} */
  const pending = new Set();
  let request = 0;
  return {
    /** @param {() => void} work */
    next(work) {
      pending.add(work);
      request ||= requestAnimationFrame(() => {
        request = 0;
        const jobs = [...pending];
        pending.clear();
        for (const job of jobs) job();
      });
    },
    cancel: () => cancelAnimationFrame(request),
  };
}

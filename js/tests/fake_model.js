/** A model as anywidget hands it out, that remembers who listens and what was written. */

/** @param {Record<string, any>} state */
export function fakeModel(state) {
  /** @type {Map<string, Set<Function>>} */
  const handlers = new Map();
  /** @type {Record<string, any>[]} */
  const saved = [];
  /** @type {Record<string, any>} */
  let dirty = {};
  const model = {
    state,
    saved,
    get: (/** @type {string} */ name) => state[name],
    set(/** @type {string} */ name, /** @type {unknown} */ value) {
      if (JSON.stringify(state[name]) === JSON.stringify(value)) return;
      state[name] = value;
      dirty[name] = value;
      for (const handler of [...(handlers.get(`change:${name}`) ?? [])]) handler();
    },
    save_changes() {
      saved.push(dirty);
      dirty = {};
    },
    on(/** @type {string} */ event, /** @type {Function} */ handler) {
      if (!handlers.has(event)) handlers.set(event, new Set());
      handlers.get(event)?.add(handler);
    },
    off(/** @type {any} */ event, /** @type {any} */ handler) {
      handlers.get(event)?.delete(handler);
    },
    send() {},
    /** As when Python writes. @param {Record<string, any>} values */
    push(values) {
      Object.assign(state, values);
      for (const name of Object.keys(values)) {
        for (const handler of [...(handlers.get(`change:${name}`) ?? [])]) handler();
      }
    },
    get listeners() {
      return [...handlers.values()].reduce((sum, set) => sum + set.size, 0);
    },
  };
  return model;
}

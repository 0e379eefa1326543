/**
 * The model at arm's length: what a widget reads and writes, with traits that Python sets together
 * answered once. Decoded values are kept until their trait changes.
 */

/** @typedef {import("./types").Model} Model */
/** @typedef {import("./types").Status} Status */

/** @type {Status} */
const LOADING = { state: "loading", message: "", remedy: "", example: null, progress: null };

/**
 * Ask Python to send the data again when the host lost it on the way.
 * @param {Model} model
 */
export function request(model) {
  model.set("_request", (model.get("_request") ?? 0) + 1);
  model.save_changes();
}

/**
 * @template {Record<string, any>} State
 * @template {Record<string, (value: any) => any>} Decoders
 * @param {Model} model
 * @param {{defaults: State, decoders: Decoders, given?: string[]}} traits `defaults`: what both
 *   sides write; `decoders`: traits of bytes, by name; `given`: what else only Python writes
 */
export function traitStore(model, { defaults, decoders, given = [] }) {
  const names = /** @type {(keyof State & string)[]} */ (Object.keys(defaults));
  const binary = /** @type {(keyof Decoders & string)[]} */ (Object.keys(decoders));
  /** @type {Map<string, any>} */
  const decoded = new Map();
  /** @type {Set<string>} */
  const changed = new Set();
  /** @type {((names: Set<string>) => void) | null} */
  let listener = null;
  let alive = true;

  const decode = (/** @type {keyof Decoders & string} */ name) =>
    decoded.set(name, decoders[name](model.get(name)));
  for (const name of binary) decode(name);

  const flush = () => {
    if (!alive) return;
    const now = new Set(changed);
    changed.clear();
    for (const name of binary) if (now.has(name)) decode(name);
    listener?.(now);
  };
  const handlers = [...new Set([...names, ...binary, ...given, "_status"])].map((name) => {
    const handler = () => {
      if (changed.size === 0) queueMicrotask(flush);
      changed.add(name);
    };
    model.on(`change:${name}`, handler);
    return () => model.off(`change:${name}`, handler);
  });

  return {
    model,
    /** @returns {State} */
    get state() {
      const entries = names.map((name) => [name, model.get(name) ?? defaults[name]]);
      return /** @type {State} */ (Object.fromEntries(entries));
    },
    /** @returns {Status} */
    get status() {
      return model.get("_status")?.state ? { ...LOADING, ...model.get("_status") } : LOADING;
    },
    /**
     * @template {keyof Decoders & string} Name
     * @param {Name} name
     * @returns {ReturnType<Decoders[Name]>}
     */
    decoded: (name) => decoded.get(name),
    /** @param {Partial<State>} values */
    set(values) {
      for (const [name, value] of Object.entries(values)) model.set(name, value);
      model.save_changes();
    },
    stop() {
      model.set("_stop", (model.get("_stop") ?? 0) + 1);
      model.save_changes();
    },
    /** @param {(names: Set<string>) => void} handler names of the traits that changed */
    onChange(handler) {
      listener = handler;
    },
    destroy() {
      alive = false;
      for (const off of handlers) off();
    },
  };
}

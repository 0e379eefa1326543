/**
 * A widget in a plain page: the few calls of the anywidget model that widgets use, over a frozen
 * state, with no kernel and no network. `model.lmwStandalone` tells the widget so.
 */

/**
 * @typedef {import("./core/types").Model} Model
 * @typedef {{path: (string | number)[], data: string}} Buffer base64, put into the state at `path`
 * @typedef {{initialize?: Function, render?: Function}} Handlers
 */

/** @param {string} text */
function fromBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return new DataView(bytes.buffer);
}

/**
 * Put each buffer at its path.
 * @param {Record<string, any>} state
 * @param {Buffer[]} buffers
 */
function putBuffers(state, buffers) {
  for (const { path, data } of buffers) {
    /** @type {any} */
    let parent = state;
    for (const key of path.slice(0, -1)) parent = parent[key];
    parent[path[path.length - 1]] = fromBase64(data);
  }
}

/**
 * @param {Record<string, any>} state
 * @returns {Model}
 */
export function pageModel(state) {
  /** @type {Map<string, Set<Function>>} */
  const handlers = new Map();
  const emit = (/** @type {string} */ event, /** @type {any[]} */ ...args) => {
    for (const handler of [...(handlers.get(event) ?? [])]) handler(...args);
  };
  return {
    lmwStandalone: true,
    comm_live: false,
    get: (name) => state[name],
    set(name, value) {
      if (Object.is(state[name], value)) return;
      state[name] = value;
      emit(`change:${name}`, this, value);
      emit("change", this);
    },
    save_changes() {},
    on(event, handler) {
      for (const name of event.split(/\s+/)) {
        if (!handlers.has(name)) handlers.set(name, new Set());
        handlers.get(name)?.add(handler);
      }
    },
    off(event, handler) {
      if (!event) handlers.clear();
      else if (!handler) handlers.delete(event);
      else for (const name of event.split(/\s+/)) handlers.get(name)?.delete(handler);
    },
    send() {},
  };
}

/**
 * Run one widget in an element.
 * @param {{widget: Handlers | (() => Handlers | Promise<Handlers>), state: Record<string, any>,
 *   buffers?: Buffer[], element: HTMLElement}} options `widget`: the module's default export
 * @returns {Promise<{model: Model, destroy: () => Promise<void>}>}
 */
export async function mount({ widget, state, buffers = [], element }) {
  putBuffers(state, buffers);
  const model = pageModel(state);
  const controller = new AbortController();
  const { signal } = controller;
  const handlers = typeof widget === "function" ? await widget() : widget;
  const forget = await handlers.initialize?.({ model, signal });
  const cleanup = await handlers.render?.({ model, el: element, signal });
  return {
    model,
    async destroy() {
      controller.abort();
      await cleanup?.();
      await forget?.();
    },
  };
}

/**
 * Run every widget of a page written by lmwidget/html.py: a script tag `data-lmwidget` holds
 * `{"sources": {kind: module source}, "widgets": [{kind, state, buffers}]}`; each widget takes
 * the place of a static picture `.lmw-static`, in the same order.
 * @param {ParentNode} [page]
 */
export async function mountPage(page = document) {
  const holder = page.querySelector("script[data-lmwidget]");
  if (!holder?.textContent) return [];
  const { sources, widgets } = JSON.parse(holder.textContent);
  /** @type {Record<string, Promise<any>>} */
  const loaded = {};
  for (const [kind, source] of Object.entries(sources)) {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    loaded[kind] = import(/* @vite-ignore */ url).finally(() => URL.revokeObjectURL(url));
  }
  const places = [...page.querySelectorAll(".lmw-static")].map((picture) => {
    const place = document.createElement("div");
    picture.replaceWith(place);
    return place;
  });
  return Promise.all(
    widgets.map(async (/** @type {any} */ { kind, state, buffers }, /** @type {number} */ i) => {
      const widget = (await loaded[kind]).default;
      return mount({ widget, state, buffers, element: places[i] });
    }),
  );
}

mountPage();

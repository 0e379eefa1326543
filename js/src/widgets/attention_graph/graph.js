/** One view of an AttentionGraph: controls, picture, caption and table, kept true to the store. */

import { h } from "../../core/dom.js";
import { watchKernel } from "../../core/kernel.js";
import { shell } from "../../core/shell.js";
import { watchTheme } from "../../core/theme.js";
import { captionText } from "./caption.js";
import { columnNames, edgeChoice, headsShown, hiddenTokens, pinnedPlace } from "./derive.js";
import { buildEdges, MEAN } from "./edges.js";
import { inWords } from "./isolate.js";
import { graphKeys } from "./keys.js";
import { matches } from "./more.js";
import { createScene } from "./scene.js";
import { toolbar } from "./toolbar.js";
import { weightsPanel } from "./weights_panel.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types").State} State */
/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("../../core/types").Tokens} Tokens */

const REBUILD = ["_tokens", "_figure", "view", "kind"];
const REDRAW = [
  "layer",
  "heads",
  "mean",
  "threshold",
  "top_k",
  "hide_special",
  "hide_first",
  "_attention",
];

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @returns {() => void} cleanup
 */
export function createGraph(el, store) {
  const frame = shell(el, { name: "Attention graph" });
  const { root } = frame;
  const stage = h("div", { class: "lmw-stage" });

  /** @type {Theme} */
  let theme = "light";
  /** @type {import("./scene.js").Scene | null} */
  let scene = null;
  /** @type {{query: Tokens, key: Tokens} | null} */
  let tokens = null;
  /** @type {State["view"]} */
  let view = "columns";
  let layer = 0;
  let kernelGone = false;
  let drawn = { drawn: 0, total: 0 };
  let hiddenMass = 0;
  let broken = 0;
  let kept = 1;

  const panel = weightsPanel(root, (open) => tools.actions.setDetails(open));
  const tools = toolbar(frame, store, {
    onPreview: (head) => scene?.preview(head),
    onJump: jump,
    onDetails: () => panel.toggle(),
    onLeave: () => scene?.focus(),
    copyText: () => panel.copyText() ?? store.state.text,
  });
  frame.picture.append(stage, panel.element);

  // Picture -------------------------------------------------------------------------------------

  function rebuild() {
    const { state, figure } = store;
    const pair = store.tokens;
    scene?.destroy();
    scene = null;
    panel.set(null);
    tokens = pair && { query: pair.query, key: pair.key ?? pair.query };
    view = pair?.key ? "columns" : state.view;
    root.dataset.lmwView = view;
    if (!tokens) return;
    const options = {
      layout: view,
      causal: figure.causal,
      side: state.side,
      names: columnNames(state.kind),
      brief: panel.visible,
    };
    scene = createScene(root, stage, tokens, options, {
      onPin: (place) =>
        store.set(place ? { token: place.index, side: place.side } : { token: null }),
      onIsolate: panel.isolate,
      onPaint(edges) {
        drawn = edges;
        showCaption();
      },
    });
  }

  /** @param {boolean} fade */
  function redraw(fade) {
    const { state, figure, data } = store;
    if (!scene || !tokens) return;
    const hidden = {
      query: hiddenTokens(tokens.query, state),
      key: hiddenTokens(tokens.key, state),
    };
    scene.flag("lmw-concealed", hidden);
    if (!data || data.queries !== tokens.query.text.length) return scene.drawNothing();
    if (data.has(state.layer)) layer = state.layer;
    else if (!data.has(layer)) layer = data.layers[0];
    const shown = headsShown(state, figure, layer);
    const choice = edgeChoice(state, layer, shown, hidden);
    const set = buildEdges(data, choice, tokens.key.text.length);
    hiddenMass = data.mass(layer, shown, hidden);
    const brokenQueries = data.broken(layer, shown);
    broken = brokenQueries.reduce((sum, one) => sum + one, 0);
    scene.flag("lmw-broken", { query: brokenQueries });
    kept = data.kept(layer, shown);
    const heads = choice.mean ? [MEAN] : shown;
    const weight = (
      /** @type {number} */ head,
      /** @type {number} */ q,
      /** @type {number} */ k,
    ) => (head === MEAN ? data.meanWeight(layer, shown, q, k) : data.weight(layer, head, q, k));
    panel.set({ tokens, set, heads, weight, theme });
    root.dataset.lmwLayer = String(layer);
    scene.draw({ set, heads, theme, weight }, fade);
  }

  function showCaption() {
    const { state, figure } = store;
    const text = captionText({
      state: { ...state, view },
      figure,
      headsShown: headsShown(state, figure, layer).length,
      edges: drawn,
      hiddenMass,
      broken,
      kept,
    });
    if (frame.caption.textContent !== text) frame.caption.textContent = text;
  }

  function showPin() {
    if (!scene || !tokens) return;
    if (view === "arcs") scene.turn(store.state.side);
    const place = pinnedPlace(store.state, tokens);
    scene.pin(place);
    frame.say(place ? inWords(tokens, place, panel.isolated.targets) : "");
  }

  // Search --------------------------------------------------------------------------------------

  const found = () => ({
    query: tokens ? matches(tokens.query, store.state.search) : [],
    key: tokens ? matches(tokens.key, store.state.search) : [],
  });

  function showSearch() {
    const all = found();
    const { token, side, search } = store.state;
    for (const side of /** @type {const} */ (["query", "key"])) {
      const marked = new Uint8Array(tokens?.[side].text.length ?? 0);
      for (const index of all[side]) marked[index] = 1;
      scene?.flag("lmw-match", { [side]: marked });
    }
    const at = token === null ? -1 : all[side].indexOf(token);
    tools.search.set(search, Math.max(all.query.length, all.key.length), at < 0 ? null : at);
  }

  /** @param {1 | -1} step */
  function jump(step) {
    const all = found();
    const { token, side } = store.state;
    const other = side === "query" ? "key" : "query";
    const from = all[side].length > 0 ? side : other;
    const list = all[from];
    if (list.length === 0) return;
    const at = token === null ? -1 : list.indexOf(token);
    const next = at < 0 && step < 0 ? list.length - 1 : (at + step + list.length) % list.length;
    store.set({ token: list[next], side: from });
  }

  // State ---------------------------------------------------------------------------------------

  function showStatus() {
    const { state, status, data, model, figure } = store;
    const alone = Boolean(model.lmwStandalone);
    const missing = status.state === "ready" && !data?.has(state.layer);
    const waiting = missing && !alone && !kernelGone;
    root.classList.toggle("lmw-waiting", status.state === "loading" || missing);
    frame.setStatus(waiting ? { ...status, state: "loading" } : status, {
      onStop: () => store.stop(),
      onExample: (text) => store.set({ text }),
    });
    const number = figure.layer_numbers[state.layer] ?? state.layer;
    const absent = missing && alone ? `layer ${number} is not in this page` : null;
    frame.badge(kernelGone ? "kernel not connected: showing the last state" : absent);
    const why = kernelGone ? "Editing needs a running kernel" : null;
    tools.actions.setEdit({ shown: figure.editable && !alone, why });
  }

  function showControls() {
    const kinds = tokens ? [...tokens.query.kind, ...tokens.key.kind] : [];
    const oneText = !store.tokens?.key;
    tools.update(theme, { oneText, view, hasSpecial: kinds.includes("special") });
  }

  let stopTheme = () => {};
  function followTheme() {
    stopTheme();
    stopTheme = watchTheme(root, store.state.theme, (next) => {
      theme = next;
      showControls();
      redraw(false);
    });
  }

  /** @param {Set<string>} names */
  function update(names) {
    const any = (/** @type {string[]} */ list) => list.some((name) => names.has(name));
    if (names.has("theme")) followTheme();
    const fresh = any(REBUILD);
    if (fresh) rebuild();
    showControls();
    if (fresh || any(REDRAW)) redraw(!fresh && any(["layer", "_attention"]));
    if (fresh || any(["token", "side", ...REDRAW])) showPin();
    if (fresh || any(["search", "token"])) showSearch();
    showStatus();
  }

  rebuild();
  followTheme();
  showPin();
  showSearch();
  const stopKernel = watchKernel(store.model, el, (gone) => {
    kernelGone = gone;
    showStatus();
  });
  showStatus();
  const stopKeys = graphKeys(root, {
    onLayer: tools.stepLayer,
    onEscape: () => store.set({ token: null }),
    onSearch: () => tools.search.input.focus(),
  });
  store.onChange(update);

  return () => {
    stopTheme();
    stopKernel();
    stopKeys();
    tools.destroy();
    panel.destroy();
    scene?.destroy();
    frame.destroy();
  };
}

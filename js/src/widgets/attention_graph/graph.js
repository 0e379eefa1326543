/** One view of an AttentionGraph: controls, picture, caption and table, kept true to the store. */

import { wholeText } from "../../attention/text.js";
import { h } from "../../core/dom.js";
import { watchKernel } from "../../core/kernel.js";
import { shell } from "../../core/shell.js";
import { watchTheme } from "../../core/theme.js";
import { captionText } from "./caption.js";
import { columnNames, hiddenTokens, layoutOf, longerSide, pinnedPlace } from "./derive.js";
import { makeDrawing, missingPart, partShown, saysAbsent } from "./drawing.js";
import { inWords } from "./isolate.js";
import { graphKeys } from "./keys.js";
import { matches } from "./more.js";
import { patience } from "./patience.js";
import { createScene } from "./scene.js";
import { toolbar } from "./toolbar.js";
import { weightsPanel } from "./weights_panel.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types").State} State */
/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("../../core/types").Tokens} Tokens */

const REBUILD = ["_tokens", "view", "kind"];
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
  /** @type {import("./scene.js").SceneOptions["layout"]} */
  let layout = "columns";
  let causal = false;
  let kernelGone = false;
  /** @type {import("./edges.js").Seen | null} */
  let painted = null;
  /** @type {import("./drawing.js").Drawing | null} */
  let drawing = null;

  const panel = weightsPanel(root, {
    onToggle: (open) => tools.actions.setDetails(open),
    onGo: (place) => scene?.bring(place),
  });
  const tools = toolbar(frame, store, {
    onPreview: (head) => scene?.preview(head),
    onJump: jump,
    onDetails: () => panel.toggle(),
    onLeave: () => scene?.focus(),
    copyText: () => panel.copyText() ?? wholeText(store.state.text, tokens?.query ?? null),
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
    layout = layoutOf(state, pair);
    causal = figure.causal;
    root.dataset.lmwView = layout === "arcs" ? "arcs" : "columns";
    if (!tokens) return;
    const options = {
      layout,
      causal,
      side: state.side,
      names: columnNames(state.kind),
      brief: panel.visible,
    };
    scene = createScene(root, stage, tokens, options, {
      onPin: (place) =>
        store.set(place ? { token: place.index, side: place.side } : { token: null }),
      onIsolate: panel.isolate,
      onPaint(seen) {
        painted = seen;
        showCaption();
      },
    });
  }

  /** @param {boolean} fade */
  function redraw(fade) {
    const { state, data } = store;
    if (!scene || !tokens) return;
    scene.flag("lmw-concealed", {
      query: hiddenTokens(tokens.query, state),
      key: hiddenTokens(tokens.key, state),
    });
    const part = partShown(store, drawing?.part ?? null);
    if (!part || data?.queries !== tokens.query.text.length) {
      drawing = null;
      return scene.drawNothing(theme);
    }
    drawing = makeDrawing(store, part, tokens, theme);
    scene.flag("lmw-broken", drawing.broken);
    panel.set({ tokens, ...drawing });
    root.dataset.lmwLayer = String(part.layer);
    scene.draw(drawing, fade);
  }

  function showCaption() {
    if (!drawing || !painted) return;
    const { state, figure } = store;
    const text = captionText({
      state,
      layout,
      overview: tokens && tokens.key !== tokens.query ? longerSide(tokens) : "one",
      figure,
      headsShown: drawing.part.heads.length,
      seen: painted,
      broken: drawing.broken.query.reduce((sum, one) => sum + one, 0),
      exact: Boolean(pinExact()),
      ...drawing.shares,
    });
    if (frame.caption.textContent !== text) frame.caption.textContent = text;
  }

  /** Whether every weight of the pinned token is here. */
  function pinExact() {
    const place = tokens && pinnedPlace(store.state, tokens);
    return drawing && store.focus?.covers(place, drawing.part.layer, drawing.part.heads);
  }

  /** The pinned token's weights have come, all of them. */
  function showFocus() {
    scene?.refresh();
    showCaption();
  }

  function showPin() {
    if (!scene || !tokens) return;
    if (layout === "arcs") scene.turn(store.state.side);
    const place = pinnedPlace(store.state, tokens);
    panel.pin(place);
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

  const coming = patience(showStatus);

  function showStatus() {
    const { status, model, figure } = store;
    const alone = Boolean(model.lmwStandalone);
    // Any other status stands for itself: an error says why a layer is not here.
    const missing = status.state === "ready" ? missingPart(store) : null;
    const waiting = coming.awaits(alone || kernelGone ? null : missing);
    root.classList.toggle("lmw-waiting", status.state === "loading" || missing !== null);
    frame.setStatus(waiting ? { ...status, state: "loading" } : status, {
      onStop: () => store.stop(),
      onExample: (text) => store.set({ text }),
    });
    const absent = missing && !waiting ? saysAbsent(missing, alone) : null;
    const gone = `kernel not connected: ${absent ?? "showing the last state"}`;
    frame.badge(kernelGone ? gone : absent);
    const why = kernelGone ? "Editing needs a running kernel" : null;
    tools.actions.setEdit({ shown: figure.editable && !alone, why });
  }

  function showControls() {
    const kinds = tokens ? [...tokens.query.kind, ...tokens.key.kind] : [];
    tools.update(theme, { layout, hasSpecial: kinds.includes("special") });
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
    const fresh = any(REBUILD) || (names.has("_figure") && store.figure.causal !== causal);
    if (fresh) rebuild();
    showControls();
    if (fresh || any(REDRAW)) redraw(!fresh && any(["layer", "_attention"]));
    if (fresh || any(["token", "side", ...REDRAW])) showPin();
    else if (names.has("_focus")) showFocus();
    if (fresh || any(["search", "token"])) showSearch();
    if (names.has("_figure")) showCaption();
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
    onZoom: (step) => scene?.zoom(step) ?? false,
  });
  store.onChange(update);

  return () => {
    stopTheme();
    stopKernel();
    coming.destroy();
    stopKeys();
    tools.destroy();
    panel.destroy();
    scene?.destroy();
    frame.destroy();
  };
}

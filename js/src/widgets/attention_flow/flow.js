/** One view of an AttentionFlow: controls, picture, caption and table, kept true to the store. */

import { div, h, replace } from "../../core/dom.js";
import { hotkeys } from "../../core/hotkeys.js";
import { watchKernel } from "../../core/kernel.js";
import { shell } from "../../core/shell.js";
import { watchTheme } from "../../core/theme.js";
import { together } from "../../core/together.js";
import { tooltip } from "../../core/tooltip.js";
import { captionText } from "./caption.js";
import { BUDGET } from "./painter.js";
import { sameNode } from "./pointer.js";
import { carriers } from "./rows.js";
import { SINK, sentence } from "./says.js";
import { createScene } from "./scene.js";
import { sourcesTable } from "./table.js";
import { edgeTip, nodeInWords, nodeTip } from "./tips.js";
import { toolbar } from "./toolbar.js";
import { stepOf, strongestSteps } from "./trace.js";
import { filtered, isFolded, selectedNode, traces } from "./view.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types").Node} Node */
/** @typedef {import("./types").Edge} Edge */
/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("../../core/types").Tokens} Tokens */

const DWELL = 350;

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @returns {() => void} cleanup
 */
export function createFlow(el, store) {
  const frame = shell(el, { name: "Attention flow" });
  const { root } = frame;
  const says = h("p", { class: "lmw-flow-says" });
  const stage = div("lmw-flow-stage");
  const table = sourcesTable();
  const tip = tooltip(root);
  frame.picture.append(says, stage, table.element);

  const paths = traces(store);
  /** @type {Theme} */
  let theme = "light";
  /** @type {Node | null} */
  let hover = null;
  let kernelGone = false;
  /** @type {Tokens | null} */
  let tokens = null;
  let shown = paths.shown(null);
  /** @type {Edge[]} */
  let edges = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let dwell;

  const tools = toolbar(frame, store, { onTable: table.toggle, copyText: table.copyText });
  const bus = together(store.model, {
    shares: ["layer", "token"],
    onHover(place) {
      const count = tokens?.text.length ?? 0;
      const known = place !== null && place.index < count;
      const level = place?.side === "key" ? 0 : (selectedNode(store)?.level ?? store.figure.layers);
      hover = known ? { level, token: place.index } : null;
      showTrace();
    },
  });
  const scene = createScene(stage, {
    onPaint: () => {
      root.dataset.lmwReady = "true";
    },
    onHover(node, byKeyboard) {
      clearTimeout(dwell);
      tip.hide();
      hover = node;
      bus.hover(node && { side: node.level === 0 ? "key" : "query", index: node.token });
      showTrace();
      if (node && byKeyboard) frame.say(describe(node));
      if (node && !byKeyboard) dwell = setTimeout(showNodeTip, DWELL);
    },
    onEdge: showEdgeTip,
    onPick(node) {
      tip.hide();
      clearTimeout(dwell);
      const selected = selectedNode(store);
      const level = node?.level === 0 ? (selected?.level ?? store.figure.layers) : node?.level;
      const next = node && { level: Number(level), token: node.token };
      if (!next || sameNode(next, selected)) store.set({ token: null });
      else store.set({ token: next.token, layer: next.level - 1 });
    },
    onLayer: (level) => store.set({ layer: level - 1 }),
    describe,
  });

  /** @param {Node} node */
  function describe(node) {
    if (!tokens) return "";
    const own = sameNode(node, shown.node) ? shown.trace : null;
    const words = nodeInWords(tokens, node, own, store.figure);
    return sameNode(node, selectedNode(store)) ? `${words}; selected` : words;
  }

  function showNodeTip() {
    if (!hover || !tokens || !store.data) return;
    const facts = { trace: shown.trace, selected: paths.ofSelected(), figure: store.figure };
    const side = hover.level === 0 ? "below" : "right";
    tip.show(scene.boxOf(hover), nodeTip(tokens, hover, facts), { side });
  }

  /** @param {Edge | null} edge @param {{x: number, y: number}} at */
  function showEdgeTip(edge, at) {
    const { data, figure } = store;
    if (!edge || !tokens || !data) return tip.hide();
    const between = shown.trace?.source !== null;
    const facts = { step: stepOf(data, edge), figure, between, traced: !shown.local };
    tip.show({ x: at.x, y: at.y + 8 }, edgeTip(tokens, edge, facts));
  }

  // Picture -------------------------------------------------------------------------------------

  function rebuild() {
    const fits = !store.data || store.data.queries === store.tokens?.text.length;
    tokens = fits ? store.tokens : null; // without data the tokens stand alone
    hover = null;
    scene.setTokens(tokens, store.figure.layer_numbers);
    refold();
    revealSelected();
  }

  /** What is folded away follows the selection, never the pointer. */
  function refold() {
    if (!tokens) return;
    const count = tokens.text.length;
    const trace = isFolded(store.state, count) ? paths.ofSelected() : null;
    const keep = trace && carriers(trace, count);
    if (keep && store.state.token !== null) keep[store.state.token] = 1;
    scene.fold(keep);
  }

  function drawSteps() {
    scene.setSteps(
      store.data ? strongestSteps(store.data, store.state.threshold, BUDGET) : [],
      theme,
    );
  }

  function showTrace() {
    if (!tokens) return;
    shown = paths.shown(hover);
    edges = filtered(shown.edges, store.state);
    const selected = selectedNode(store);
    scene.show({
      trace: shown.trace,
      shares: (shown.trace?.source === null ? shown.trace : paths.ofSelected())?.levels[0] ?? null,
      edges,
      node: shown.node,
      pinned: selected,
      hover: hover?.token ?? null,
    });
    replace(says, ...sentence({ tokens, shown, hover, selected: paths.ofSelected(), store }));
    const { trace, node } = shown;
    const whole = trace !== null && node !== null && trace.source === null;
    table.set(whole ? { tokens, node, trace, figure: store.figure } : null);
  }

  function showCaption() {
    if (!tokens) return;
    const { figure, state, data } = store;
    const own = paths.ofSelected();
    const { folded } = scene.layout;
    let [hidden, hiddenShare] = [0, 0];
    for (let i = 0; i < folded.length; i++) {
      if (!folded[i]) continue;
      hidden += 1;
      hiddenShare += Math.abs(own?.levels[0][i] ?? 0);
    }
    const layers = Array.from({ length: figure.layers }, (_, layer) => layer);
    const sent = data?.keptShare
      ? data.keptShare.reduce((sum, v) => sum + v, 0) / data.keptShare.length
      : 1;
    const text = captionText({
      figure,
      state,
      traced: own !== null,
      awaited: !figure.linear,
      folded: hidden,
      foldedShare: hiddenShare,
      sent,
      exact: store.trace !== null && own === store.trace,
      gathers:
        figure.causal && own !== null && own.levels[0].reduce((a, b) => Math.max(a, b), 0) > SINK,
      broken: data
        ? layers.reduce((sum, at) => sum + data.broken(at, [0]).reduce((a, b) => a + b, 0), 0)
        : 0,
    });
    if (frame.caption.textContent !== text) frame.caption.textContent = text;
  }

  // State ---------------------------------------------------------------------------------------

  function showStatus() {
    const { status, model, figure } = store;
    const alone = Boolean(model.lmwStandalone);
    root.classList.toggle("lmw-waiting", status.state === "loading");
    frame.setStatus(status, {
      onStop: () => store.stop(),
      onExample: (text) => store.set({ text }),
    });
    frame.badge(kernelGone ? "kernel not connected: showing the last state" : null);
    const why = kernelGone ? "Editing needs a running kernel" : null;
    tools.setEdit({ shown: figure.editable && !alone, why });
  }

  const showControls = () =>
    tools.update(theme, isFolded(store.state, store.tokens?.text.length ?? 0));

  let stopTheme = () => {};
  function followTheme() {
    stopTheme();
    stopTheme = watchTheme(root, store.state.theme, (next) => {
      theme = next;
      showControls();
      drawSteps();
      showTrace();
      showCaption();
    });
  }

  function revealSelected() {
    const node = selectedNode(store);
    if (node && tokens) scene.reveal(node.token);
    return node;
  }

  /** @param {Set<string>} names */
  function update(names) {
    const any = (/** @type {string[]} */ list) => list.some((name) => names.has(name));
    if (names.has("theme")) followTheme();
    const fresh = any(["_tokens", "_steps", "kind"]);
    const steps = fresh || names.has("threshold");
    const chosen = any(["token", "layer"]);
    if (any(["_tokens", "kind"]) || (fresh && !tokens)) rebuild();
    else if (fresh || chosen || any(["fold", "_trace"])) refold();
    showControls();
    if (steps) drawSteps();
    showTrace();
    showCaption();
    if (chosen || names.has("fold")) {
      const node = revealSelected();
      frame.say(node ? describe(node) : "");
    }
    showStatus();
  }

  rebuild();
  followTheme();
  const stopKernel = watchKernel(store.model, el, (gone) => {
    kernelGone = gone;
    showStatus();
  });
  showStatus();
  /** @param {1 | -1} step */
  function stepLayer(step) {
    const layer = store.state.layer + step;
    if (layer >= 0 && layer < store.figure.layers) store.set({ layer });
  }

  const stopKeys = hotkeys(root, {
    "[": () => stepLayer(-1),
    "]": () => stepLayer(1),
    Escape: () => store.set({ token: null }),
  });
  store.onChange(update);

  return () => {
    clearTimeout(dwell);
    stopTheme();
    stopKernel();
    stopKeys();
    bus.destroy();
    tools.destroy();
    scene.destroy();
    tip.destroy();
    frame.destroy();
  };
}

/** One view of an AttentionGraph: controls, picture, caption and table, kept true to the store. */

import { runs, wholeText } from "../../attention/text.js";
import { div } from "../../core/dom.js";
import { hotkeys } from "../../core/hotkeys.js";
import { watchKernel } from "../../core/kernel.js";
import { patience } from "../../core/patience.js";
import { shell } from "../../core/shell.js";
import { watchTheme } from "../../core/theme.js";
import { together } from "../../core/together.js";
import { tokenName } from "../../core/tokens.js";
import { captionText } from "./caption.js";
import {
  columnNames,
  either,
  layoutOf,
  longerSide,
  pinnedPlace,
  whyOnlyShort,
  writtenAt,
} from "./derive.js";
import { makeDrawing, masksOf, missingPart, partShown, saysAbsent } from "./drawing.js";
import { foldMask, foldOf } from "./folding.js";
import { inWords } from "./isolate.js";
import { matches, toggled } from "./more.js";
import { createScene } from "./scene.js";
import { scrubber } from "./scrubber.js";
import { signLegend } from "./signs.js";
import { toolbar } from "./toolbar.js";
import { weightsPanel } from "./weights_panel.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types").State} State */
/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("../../core/types").Tokens} Tokens */

const REBUILD = ["_tokens", "view", "kind", "collapsed"];
const REDRAW = [
  "layer",
  "heads",
  "mean",
  "threshold",
  "top_k",
  "hide_special",
  "hide_first",
  "renormalise",
  "pair",
  "step",
  "_attention",
  "_sums",
];

const WRITTEN = "From the dotted line on the model wrote the text.";

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @returns {() => void} cleanup
 */
export function createGraph(el, store) {
  const frame = shell(el, { name: "Attention graph" });
  const { root } = frame;
  const stage = div("lmw-stage");

  /** @type {Theme} */
  let theme = "light";
  /** @type {import("./scene.js").Scene | null} */
  let scene = null;
  /** All tokens. @type {{query: Tokens, key: Tokens} | null} */
  let whole = null;
  /** What of them is one row. @type {import("./folding.js").Fold | null} */
  let fold = null;
  /** Tokens as they are drawn. @type {{query: Tokens, key: Tokens} | null} */
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
    onGo: (place) => scene?.bring(place),
  });
  const tools = toolbar(frame, store, {
    onPreview: (head) => scene?.preview(head),
    onJump: jump,
    onTable: panel.toggle,
    onLeave: () => scene?.focus(),
    copyText: () => panel.copyText() ?? wholeText(store.state.text, whole?.query ?? null),
  });
  const signs = signLegend();
  const steps = scrubber({ onStep: (step) => store.set({ step, token: null }) });
  frame.picture.append(stage, panel.element);
  frame.figure.before(steps.element);
  frame.figure.after(signs.element);
  const bus = together(store.model, {
    onHover(hover) {
      const place = hover && { side: hover.side ?? store.state.side, index: hover.index };
      scene?.light(place && fold ? { ...place, index: fold.rowOf[place.index] ?? -1 } : place);
    },
  });

  // Picture -------------------------------------------------------------------------------------

  function rebuild() {
    const { state, figure } = store;
    const pair = store.tokens;
    scene?.destroy();
    scene = null;
    panel.set(null);
    whole = pair && { query: pair.query, key: pair.key ?? pair.query };
    layout = layoutOf(state, pair);
    const folds = whole !== null && whyNoTurns() === null;
    fold = whole && folds ? foldOf(whole.query, state.collapsed) : null;
    tokens = fold ? { query: fold.tokens, key: fold.tokens } : whole;
    causal = figure.causal;
    root.dataset.lmwView = layout === "long" ? "columns" : layout;
    if (!tokens) return;
    const options = {
      layout,
      causal,
      side: state.side,
      names: columnNames(state.kind),
      brief: panel.visible,
      turns: folds ? { collapsed: state.collapsed, onToggle } : null,
    };
    scene = createScene(root, stage, tokens, options, {
      onPin: (place) =>
        store.set(place ? { token: tokenAt(place.index), side: place.side } : { token: null }),
      onHover: (place) => bus.hover(place && { ...place, index: tokenAt(place.index) }),
      onIsolate: panel.isolate,
      onPaint(seen) {
        painted = seen;
        showCaption();
      },
    });
  }

  /** The first token of a row. @param {number} row */
  const tokenAt = (row) => (fold ? fold.from[row] : row);

  /** Why turns cannot be one row each; null when they can. */
  function whyNoTurns() {
    if (store.tokens?.key) return "Rows are joined where one text attends to itself";
    return whyOnlyShort("Rows are joined", store.tokens);
  }

  /** @param {number} run */
  function onToggle(run) {
    store.set({ collapsed: toggled(store.state.collapsed, run) });
  }

  /** Tokens that are hidden, not written yet, or being written. */
  function flagTokens() {
    const { state, figure } = store;
    if (!scene || !whole || !tokens) return;
    const { hidden, filtered } = masksOf(store, whole);
    const out = {
      query: foldMask(fold, either(hidden.query, filtered.query)),
      key: foldMask(fold, either(hidden.key, filtered.key)),
    };
    if (layout === "arcs") out.query = out.key = out.query.map((one, i) => one & out.key[i]);
    scene.flag("lmw-concealed", out);
    if (fold) {
      const folded = Uint8Array.from(fold.size, (size) => (size > 1 ? 1 : 0));
      scene.flag("lmw-folded-row", { query: folded, key: folded });
    }
    if (figure.start === null || figure.start === undefined) return;
    const only = (/** @type {number | null} */ index) => {
      const marked = Uint8Array.from(whole?.query.text ?? [], (_, i) => (i === index ? 1 : 0));
      return foldMask(fold, marked, "some");
    };
    const own = whole.key === whole.query;
    const mark = (/** @type {string} */ name, /** @type {number | null} */ index) => {
      const query = only(index);
      scene?.flag(name, own ? { query, key: query } : { query });
    };
    mark("lmw-boundary", figure.start);
    mark("lmw-writing", writtenAt(state, figure));
  }

  /** The token that had been read last when the one shown was written. */
  function showStep() {
    const { state, figure } = store;
    steps.set(whole?.query ?? null, figure.start ?? null, state.step);
    const written = writtenAt(state, figure);
    const at = written === null ? -1 : written - 1;
    scene?.rest(at < 0 ? null : { side: "query", index: fold ? fold.rowOf[at] : at });
  }

  /** @param {boolean} fade */
  function redraw(fade) {
    const { data } = store;
    if (!scene || !tokens || !whole) return;
    flagTokens();
    const part = partShown(store, drawing?.part ?? null);
    if (!part || data?.queries !== whole.query.text.length) {
      drawing = null;
      signs.set(null);
      return scene.drawNothing(theme);
    }
    drawing = makeDrawing(store, part, { tokens: whole, fold }, theme);
    signs.set(drawing.ink);
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
      ink: drawing.ink,
      step: stepInWords(),
      folded: fold !== null,
      headsShown: drawing.part.heads.length,
      seen: painted,
      broken: drawing.broken.query.reduce((sum, one) => sum + one, 0),
      exact: Boolean(pinExact()),
      ...drawing.facts,
    });
    if (frame.caption.textContent !== text) frame.caption.textContent = text;
  }

  /** "Step 3 of 12: to write “Paris”, the model had read up to “is”, …" */
  function stepInWords() {
    const { state, figure } = store;
    const at = writtenAt(state, figure);
    if (!whole || !Number.isInteger(figure.start)) return "";
    if (at === null) return WRITTEN;
    const name = (/** @type {number} */ i) => `“${whole ? tokenName(whole.query, i, 24) : ""}”`;
    const of = whole.query.text.length - (figure.start ?? 0);
    return `Step ${Number(state.step) + 1} of ${of}: to write ${name(at)}, the model had read up to ${name(at - 1)}, and this is where that token looked. ${WRITTEN}`;
  }

  /** Whether every weight of the pinned token is here. */
  function pinExact() {
    const place = whole && pinnedPlace(store.state, whole, null);
    return drawing && store.focus?.covers(place, drawing.part.layer, drawing.part.heads);
  }

  /** The pinned token's weights have come, all of them. */
  function showFocus() {
    scene?.refresh();
    showCaption();
  }

  function showPin() {
    if (!scene || !tokens || !whole) return;
    if (layout === "arcs") scene.turn(store.state.side);
    const place = pinnedPlace(store.state, whole, fold);
    panel.pin(place);
    scene.pin(place);
    const ink = drawing?.ink;
    frame.say(place && ink ? inWords(tokens, place, panel.isolated.targets, ink) : stepInWords());
  }

  // Search --------------------------------------------------------------------------------------

  const found = () => ({
    query: whole ? matches(whole.query, store.state.search) : [],
    key: whole ? matches(whole.key, store.state.search) : [],
  });

  function showSearch() {
    const all = found();
    const { token, side, search } = store.state;
    for (const side of /** @type {const} */ (["query", "key"])) {
      const marked = new Uint8Array(whole?.[side].text.length ?? 0);
      for (const index of all[side]) marked[index] = 1;
      scene?.flag("lmw-match", { [side]: foldMask(fold, marked, "some") });
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
    const { model, figure } = store;
    const alone = Boolean(model.lmwStandalone);
    const status = present(alone || kernelGone);
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
    tools.setEdit({ shown: figure.editable && !alone, why });
  }

  /** Nobody will take back an error that was saved: what is here is shown. @param {boolean} alone */
  function present(alone) {
    const { status } = store;
    const over = alone && status.state === "error" && store.tokens && missingPart(store) === null;
    return over ? { ...status, state: /** @type {const} */ ("ready") } : status;
  }

  function showControls() {
    const kinds = whole ? [...whole.query.kind, ...whole.key.kind] : [];
    const turns = whole && whole.key === whole.query ? runs(whole.query) : [];
    tools.update(theme, {
      layout,
      hasSpecial: kinds.includes("special"),
      turns: turns.map(({ name }) => name),
      whyNoTurns: whyNoTurns(),
    });
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
    const changed = (/** @type {string[]} */ list) => fresh || any(list);
    if (changed(REDRAW)) redraw(!fresh && any(["layer", "_attention"]));
    if (changed(["step", "_figure"])) showStep();
    if (changed(["token", "side", ...REDRAW])) showPin();
    else if (names.has("_focus")) showFocus();
    if (changed(["search", "token"])) showSearch();
    if (names.has("_figure")) showCaption();
    showStatus();
  }

  rebuild();
  followTheme();
  showStep();
  showPin();
  showSearch();
  const stopKernel = watchKernel(store.model, el, (gone) => {
    kernelGone = gone;
    showStatus();
  });
  showStatus();
  const zoom = (/** @type {-1 | 0 | 1} */ step) => () => scene?.zoom(step) ?? false;
  const stopKeys = hotkeys(root, {
    "[": () => tools.stepLayer(-1),
    "]": () => tools.stepLayer(1),
    "/": () => tools.search.input.focus(),
    Escape: () => store.set({ token: null }),
    "+": zoom(-1),
    "=": zoom(-1),
    "-": zoom(1),
    0: zoom(0),
    ArrowLeft: () => steps.move(-1),
    ArrowRight: () => steps.move(1),
  });
  store.onChange(update);

  return () => {
    stopTheme();
    stopKernel();
    coming.destroy();
    stopKeys();
    steps.destroy();
    bus.destroy();
    tools.destroy();
    panel.destroy();
    scene?.destroy();
    frame.destroy();
  };
}

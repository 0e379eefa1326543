/** One QueryKeyView: two lines of text, the vectors, all keys, the steps; kept true to the store. */

import { flow } from "../../attention/flow.js";
import { div, h, replace, span } from "../../core/dom.js";
import { percent, share } from "../../core/format.js";
import { watchKernel } from "../../core/kernel.js";
import { shell } from "../../core/shell.js";
import { watchTheme } from "../../core/theme.js";
import { together } from "../../core/together.js";
import { tokenName } from "../../core/tokens.js";
import { tooltip } from "../../core/tooltip.js";
import { legend } from "../../heat/legend.js";
import { cellColours } from "./cells.js";
import { ordered, scalesOf, sums } from "./data.js";
import { keyList } from "./keys.js";
import { dimensionTable } from "./panel.js";
import { plot } from "./plot.js";
import { stepList, stepTip } from "./steps.js";
import { toolbar } from "./toolbar.js";
import { asText, captionText, dimensionTip, dimensionWords, headline, inText } from "./words.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types").Pair} Pair */
/** @typedef {import("./types").Row} Row */
/** @typedef {import("./types").TokenSides} TokenSides */
/** @typedef {import("./data.js").HeadPart} HeadPart */

/** The pointer crosses gaps between tokens: what it left stays for a moment. */
const LINGER = 80;

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @returns {() => void} cleanup
 */
export function createView(el, store) {
  const frame = shell(el, { name: "Query key view" });
  const { root } = frame;
  const tip = tooltip(root);
  /** @type {import("../../core/types").Theme} */
  let theme = "light";
  let colours = cellColours(theme);
  /** @type {TokenSides | null} */
  let tokens = null;
  /** What is on screen. @type {{part: HeadPart, row: Row, query: number, key: number} | null} */
  let shown = null;
  /** @type {Pair | null} */
  let pair = null;
  /** A key under the pointer, not chosen. @type {number | null} */
  let peeked = null;
  let kernelGone = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let leaving;

  // Parts ---------------------------------------------------------------------------------------

  const queries = flow({
    label: "Tokens that look",
    onHover(index, element) {
      bus.hover(index === null ? null : { side: "query", index });
      if (index === null || !element || !tokens) return tip.hide();
      tip.show(
        element.getBoundingClientRect(),
        `${tokenName(tokens.query, index)} · token ${index}`,
      );
    },
    onPick: (index) => store.set({ token: index, key: null }),
    onEscape: () => store.set({ token: null, key: null }),
  });
  const keyTokens = flow({
    label: "Tokens that are looked at",
    onHover: (index, element) => hoverKey(index, element),
    onPick: pickKey,
    onEscape: () => store.set({ token: null, key: null }),
  });
  const vectors = plot({ onHover: showDimension });
  const list = keyList({ onHover: (key) => hoverKey(key, null), onPick: pickKey });
  const steps = stepList({
    onHover(step, box) {
      if (step === null || !box || !pair) return tip.hide();
      tip.show(box, stepTip(pair, step));
    },
  });
  const table = dimensionTable();
  const scaleOf = { query: legend(), key: legend() };
  const sentence = h("p", { class: "lmw-headline" });
  const texts = div(
    "lmw-texts",
    div("lmw-text-side", span("lmw-label", "looks"), queries.element),
    div("lmw-text-side", span("lmw-label", "is looked at"), keyTokens.element),
  );
  const tools = toolbar(frame, store, {
    onTable() {
      table.element.hidden = !table.element.hidden;
      if (pair) table.show(pair, store.state.order);
      return !table.element.hidden;
    },
    copyText: () => (pair && tokens ? asText(pair, tokens, tokenName) : store.state.text),
  });
  const heading = (/** @type {string} */ text, /** @type {Node | null} */ more = null) =>
    div("lmw-part-head", h("h3", null, text), more);
  const body = h(
    "div",
    { class: "lmw-body", hidden: true },
    div(
      "lmw-area-plot",
      heading("Query × key", tools.order),
      vectors.element,
      div("lmw-scales", scaleOf.query.element, scaleOf.key.element),
      table.element,
    ),
    div("lmw-area-keys", heading("All keys of this query"), list.element),
    div("lmw-area-steps", heading("From product to weight"), steps.element),
  );
  frame.picture.append(texts, sentence, body);
  const bus = together(store.model, {
    shares: ["layer", "heads", "token", "key"],
    onHover(hover) {
      const [asQuery, asKey] = [hover?.side !== "key", hover?.side !== "query"];
      queries.mark("lmw-lit", hover && asQuery ? hover.index : null);
      keyTokens.mark("lmw-lit", hover && asKey ? hover.index : null);
    },
  });

  // Choosing ------------------------------------------------------------------------------------

  /** @param {number} key */
  function pickKey(key) {
    if (!shown) return;
    const { query } = shown;
    if (store.state.token !== query) store.model.set("token", query); // the key is of this query
    store.set({ key: store.state.key === key ? null : key });
  }

  /** @param {number | null} key @param {HTMLElement | null} element */
  function hoverKey(key, element) {
    clearTimeout(leaving);
    bus.hover(key === null ? null : { side: "key", index: key });
    if (key === null) {
      tip.hide();
      leaving = setTimeout(() => peek(null), LINGER);
      return;
    }
    peek(key);
    if (!element || !shown || !tokens) return tip.hide();
    const weight = shown.part.weights(shown.query)[key];
    const known = shown.part.keyPlace(key) >= 0 ? "" : " · click for its score";
    tip.show(
      element.getBoundingClientRect(),
      `${tokenName(tokens.key, key)} · ${share(weight)}${known}`,
    );
  }

  /** @param {number | null} key */
  function peek(key) {
    const next = key !== null && shown && shown.part.keyPlace(key) >= 0 ? key : null;
    if (next === peeked) return;
    peeked = next;
    showPair();
  }

  /** @param {number | null} dimension @param {DOMRect | null} box */
  function showDimension(dimension, box) {
    if (dimension === null || !box || !pair) return tip.hide();
    const places = ordered(pair.product, store.state.order);
    const sum = sums(pair.product, places)[places.indexOf(dimension)];
    const words = dimensionWords(pair, dimension, sum, store.figure);
    vectors.say(Object.values(words).filter(Boolean).join(", "));
    const partner = store.figure.rotary?.partners?.[dimension] ?? -1;
    if (partner >= 0) vectors.showPartner(partner);
    tip.show(box, dimensionTip(words));
  }

  // Picture -------------------------------------------------------------------------------------

  /** A token that there is. @param {number | null} index @param {import("../../core/types").Tokens} among */
  const valid = (index, among) =>
    index !== null && among.text[index] !== undefined ? index : null;

  /** What the state asks for, or null when it is not here. */
  function wanted() {
    const { state, head } = store;
    if (!tokens) return null;
    const [token, given] = [valid(state.token, tokens.query), valid(state.key, tokens.key)];
    for (const part of store.parts) {
      const query = token ?? part.wire.best[0];
      if (part.layer !== state.layer || part.head !== head || part.queryPlace(query) < 0) continue;
      const key = given ?? (token === null ? part.wire.best[1] : part.bestKey(query));
      if (part.keyPlace(key) >= 0) return { part, query, key };
    }
    return null;
  }

  function redraw() {
    const found = wanted();
    root.classList.toggle("lmw-waiting", found === null);
    showStatus(found === null);
    if (!found || !tokens) return;
    const same = shown && shown.part === found.part && shown.query === found.query;
    const listed = same && shown?.row.keys.some(({ key }) => key === found.key);
    const row = shown && listed ? shown.row : found.part.row(found.query, found.key);
    peeked = null;
    shown = { ...found, row };
    body.hidden = false;
    root.dataset.lmwReady = "true";
    queries.select(found.query);
    const weights = found.part.weights(found.query);
    const high = weights.reduce((most, weight) => Math.max(most, weight || 0), 0);
    keyTokens.shade(weights, high, theme, (weight) => percent(weight));
    keyTokens.mark("lmw-query", tokens.key === tokens.query ? found.query : null);
    keyTokens.select(found.key);
    showPair();
  }

  function showPair() {
    if (!shown || !tokens) return;
    const { part, row, query } = shown;
    const key = peeked ?? shown.key;
    const { order } = store.state;
    pair = part.pair(query, key);
    const names = { query: inText(tokens.query, query), key: inText(tokens.key, key) };
    replace(sentence, headline(pair, row, tokens));
    const chosen = peeked === null ? pair : part.pair(query, shown.key);
    const scales = scalesOf([chosen, pair], order);
    scaleOf.query.set({ theme, signed: true, high: scales.query, unit: "query" });
    scaleOf.key.set({ theme, signed: true, high: scales.key, unit: "key" });
    vectors.show(pair, scales, { order, theme, colours, names });
    list.show(row, pair, { tokens: tokens.key, order, colours });
    list.mark(shown.key, key);
    const sent = Array.from({ length: part.data.keys }, (_, place) => part.keyAt(place));
    steps.show(pair, sent, theme);
    table.show(pair, order);
    keyTokens.mark("lmw-lit", peeked);
    const caption = captionText(store.figure, {
      channels: pair.product.length,
      listed: sent.length,
      product: scales.product,
    });
    if (frame.caption.textContent !== caption) frame.caption.textContent = caption;
    if (peeked === null) frame.say(sentence.textContent ?? "");
  }

  // State ---------------------------------------------------------------------------------------

  /** @param {boolean} missing */
  function showStatus(missing) {
    const { status, model, figure } = store;
    const alone = Boolean(model.lmwStandalone);
    const speaks = status.state === "error" || status.state === "empty";
    const waits = missing && !alone && !kernelGone && !speaks && tokens;
    // A page without a kernel: an error of Python's was about what it showed then.
    const about =
      alone && !missing && status.state === "error" ? { ...status, state: "ready" } : status;
    frame.setStatus(
      /** @type {typeof status} */ (waits ? { ...status, state: "loading" } : about),
      {
        onStop: () => store.stop(),
        onExample: (text) => store.set({ text }),
      },
    );
    const absent =
      missing && !waits && !speaks
        ? "this token’s numbers are not here: they need a running kernel"
        : null;
    frame.badge(
      kernelGone ? `kernel not connected: ${absent ?? "showing the last state"}` : absent,
    );
    tools.update(theme, { canEdit: figure.editable && !alone, kernelGone });
  }

  let stopTheme = () => {};
  function followTheme() {
    stopTheme();
    stopTheme = watchTheme(root, store.state.theme, (next) => {
      theme = next;
      colours = cellColours(theme);
      redraw();
    });
  }

  function readTokens() {
    tokens = store.tokens;
    shown = null;
    pair = null;
    if (!tokens) return;
    queries.setTokens(tokens.query);
    keyTokens.setTokens(tokens.key);
  }

  /** @param {Set<string>} names */
  function update(names) {
    if (names.has("_tokens")) readTokens();
    if (names.has("theme")) followTheme();
    redraw();
  }

  readTokens();
  followTheme();
  const stopKernel = watchKernel(store.model, el, (gone) => {
    kernelGone = gone;
    redraw();
  });
  redraw();
  store.onChange(update);

  return () => {
    clearTimeout(leaving);
    stopTheme();
    stopKernel();
    bus.destroy();
    tools.destroy();
    queries.destroy();
    keyTokens.destroy();
    vectors.destroy();
    list.destroy();
    steps.destroy();
    tip.destroy();
    frame.destroy();
  };
}

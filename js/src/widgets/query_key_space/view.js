/** One QueryKeySpace: the plane, its legend, the sentence of the pinned point; kept true to the store. */

import { div, h, replace } from "../../core/dom.js";
import { number } from "../../core/format.js";
import { watchKernel } from "../../core/kernel.js";
import { shell } from "../../core/shell.js";
import { watchTheme } from "../../core/theme.js";
import { together } from "../../core/together.js";
import { tokenName } from "../../core/tokens.js";
import { tooltip } from "../../core/tooltip.js";
import { colouring, kindColours } from "./colours.js";
import { pointKey } from "./key.js";
import { scatter } from "./scatter.js";
import { sentencePanel } from "./sentence.js";
import { toolbar } from "./toolbar.js";
import { axes, COLUMNS, captionText, pointRows, pointTip } from "./words.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types").Point} Point */

/** Lines to that many partners. */
const LINES = 6;
const WORTH_A_LINE = 0.02;

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @returns {() => void} cleanup
 */
export function createView(el, store) {
  const frame = shell(el, { name: "Query key space" });
  const { root } = frame;
  const tip = tooltip(root);
  /** @type {import("../../core/types").Theme} */
  let theme = "light";
  let kernelGone = false;
  /** @type {Point | null} */
  let hovered = null;
  /** @type {(point: Point) => string} */
  let colourOf = () => "#888888";

  const plane = scatter({
    onHover(point, at) {
      look(point);
      const { space } = store;
      if (!point || !at || !space) return tip.hide();
      tip.show(at, pointTip(space, store.sentences, point));
    },
    onPick: (point) => pin(point),
  });
  const legend = pointKey();
  const panel = sentencePanel({
    onHover(position) {
      const token = store.space?.tokenAt(store.state.sentence, position) ?? null;
      look(token === null ? null : { side: store.state.side, token });
      bus.hover(position === null ? null : { side: store.state.side, index: position });
    },
    onPick(position) {
      const { sentence, side, token } = store.state;
      const here = store.space?.tokenAt(sentence, position) ?? null;
      if (here === null) return;
      const again = token === position;
      pin({ side: again && side === "query" ? "key" : "query", token: here });
    },
    onSide: (side) => store.set({ side }),
    onSentence(step) {
      const count = store.sentences.length;
      choose({ sentence: (store.state.sentence + step + count) % count, token: null });
    },
    onEscape: () => store.set({ token: null }),
  });
  const table = h("div", {
    class: "lmw-table-panel",
    hidden: true,
    tabindex: "0",
    role: "region",
    "aria-label": "Points of the sentence",
  });
  const tools = toolbar(frame, store, {
    onTable() {
      table.hidden = !table.hidden;
      showTable();
      return !table.hidden;
    },
    copyText,
  });
  frame.picture.append(
    div(
      "lmw-space-body",
      div("lmw-space-plane", plane.element, legend.element),
      div("lmw-space-below", panel.element, table),
    ),
  );
  const bus = together(store.model, {
    shares: ["layer", "heads", "token", "side"],
    onHover(hover) {
      panel.words.mark("lmw-lit", hover?.index ?? null);
    },
  });

  // Choosing ------------------------------------------------------------------------------------

  /** @param {Partial<import("./types").State>} values */
  function choose(values) {
    hovered = null;
    store.set(values);
  }

  /** @param {Point | null} point */
  function pin(point) {
    const { space } = store;
    tip.hide();
    if (!space || !point) return choose({ token: null });
    const sentence = space.sentence[point.token];
    choose({ sentence, token: space.position(point.token), side: point.side });
  }

  /** @param {Point | null} point */
  function look(point) {
    if (point?.token === hovered?.token && point?.side === hovered?.side) return;
    hovered = point;
    showLook();
  }

  /** @returns {Point | null} */
  function pinned() {
    const { sentence, token, side } = store.state;
    const at = store.space?.tokenAt(sentence, token) ?? null;
    return at === null ? null : { side, token: at };
  }

  // Picture -------------------------------------------------------------------------------------

  /** Tokens that the search finds, or null when nothing is searched for. */
  function matches() {
    const wanted = store.state.search.trim().toLowerCase();
    if (wanted === "") return null;
    return store.sentences.flatMap((tokens) =>
      tokens.text.map((text) => text.toLowerCase().includes(wanted)),
    );
  }

  /** Which points are not whispered. @param {boolean[] | null} found */
  function litBy(found) {
    const { space } = store;
    const point = pinned();
    if (found) return (/** @type {Point} */ { token }) => found[token];
    if (!point || !space) return null;
    const sentence = space.sentence[point.token];
    return (/** @type {Point} */ { token }) => space.sentence[token] === sentence;
  }

  function redraw() {
    const { space, sentences, state, figure } = store;
    showStatus();
    if (!space || sentences.length === 0) return;
    const { of, legend: says } = colouring(state.colour, space, sentences, theme);
    colourOf = of;
    const muted = theme === "dark" ? "#a9aeb8" : "#5c616b";
    legend.show(says, state.colour === "kind" ? kindColours(theme) : { query: muted, key: muted });
    const nameOf = (/** @type {Point} */ { token }) =>
      tokenName(sentences[space.sentence[token]], space.position(token), 24);
    const lit = litBy(matches());
    plane.show({ space, theme, colourOf, lit, nameOf }, axes(space));
    root.dataset.lmwReady = "true";
    showLook();
    showTable();
    const caption = captionText(space, sentences, figure);
    if (frame.caption.textContent !== caption) frame.caption.textContent = caption;
  }

  /** What is hovered, else what is pinned. */
  function showLook() {
    const { space, sentences, state } = store;
    if (!space || !sentences[state.sentence]) return;
    const point = pinned();
    const looked = hovered ?? point;
    const partners = looked ? space.partners(looked) : [];
    plane.star(
      looked && {
        point: looked,
        partners: partners.filter(({ weight }, i) => i < LINES && weight >= WORTH_A_LINE),
      },
    );
    // The sentence that is written out stays the pinned one while the pointer travels.
    const same = looked && space.sentence[looked.token] === state.sentence;
    const { sentence, side } = state;
    panel.show(space, sentences, { sentence, point, looked: same ? looked : point, side, theme });
  }

  function showTable() {
    const { space, sentences, state } = store;
    if (table.hidden || !space || !sentences[state.sentence]) return;
    const rows = pointRows(space, sentences, state.sentence);
    replace(
      table,
      h(
        "table",
        { class: "lmw-numbers-table" },
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            ["token", ...COLUMNS].map((name) => h("th", { scope: "col" }, name)),
          ),
        ),
        h(
          "tbody",
          null,
          rows.map(({ name, numbers }) =>
            h(
              "tr",
              null,
              h("th", { scope: "row" }, name),
              numbers.map((value) => h("td", null, number(value, 4))),
            ),
          ),
        ),
      ),
    );
  }

  function copyText() {
    const { space, sentences, state } = store;
    if (!space || !sentences[state.sentence]) return state.text;
    const rows = pointRows(space, sentences, state.sentence);
    const lines = rows.map(({ name, numbers }) =>
      [name, ...numbers.map((value) => Number(value.toPrecision(6)))].join("\t"),
    );
    return [["token", ...COLUMNS].join("\t"), ...lines].join("\n");
  }

  // State ---------------------------------------------------------------------------------------

  function showStatus() {
    const { status, model, space, state } = store;
    const alone = Boolean(model.lmwStandalone);
    const head = state.heads[0] ?? 0;
    const old =
      space &&
      (space.wire.layer !== state.layer ||
        space.wire.head !== head ||
        space.wire.method !== state.method);
    const frozen = alone
      ? "Only this head is in the page"
      : kernelGone
        ? "Needs a running kernel"
        : null;
    root.classList.toggle("lmw-waiting", status.state === "loading" || Boolean(old));
    frame.setStatus(status, {
      onStop: () => store.stop(),
      onExample: (text) => store.set({ text }),
    });
    const absent =
      old && frozen
        ? `layer ${store.figure.layer_numbers[space.wire.layer] ?? space.wire.layer}, head ${space.wire.head} is shown`
        : null;
    frame.badge(
      kernelGone ? `kernel not connected: ${absent ?? "showing the last state"}` : absent,
    );
    const found = matches()?.filter(Boolean).length ?? 0;
    tools.update(theme, { frozen, matches: found });
  }

  let stopTheme = () => {};
  function followTheme() {
    stopTheme();
    stopTheme = watchTheme(root, store.state.theme, (next) => {
      theme = next;
      redraw();
    });
  }

  followTheme();
  const stopKernel = watchKernel(store.model, el, (gone) => {
    kernelGone = gone;
    showStatus();
  });
  redraw();
  store.onChange((names) => {
    if (names.has("_space") || names.has("_tokens")) hovered = null;
    if (names.has("theme")) followTheme();
    redraw();
  });

  return () => {
    stopTheme();
    stopKernel();
    bus.destroy();
    tools.destroy();
    panel.words.destroy();
    plane.destroy();
    tip.destroy();
    frame.destroy();
  };
}

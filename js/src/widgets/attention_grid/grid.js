/** One view of an AttentionGrid: controls, sheet, the chosen head and the text, kept true to the store. */

import { isRightToLeft } from "../../attention/text.js";
import { div } from "../../core/dom.js";
import { clamp } from "../../core/format.js";
import { hotkeys } from "../../core/hotkeys.js";
import { watchKernel } from "../../core/kernel.js";
import { shell } from "../../core/shell.js";
import { watchTheme } from "../../core/theme.js";
import { together } from "../../core/together.js";
import { tooltip } from "../../core/tooltip.js";
import { arrange } from "./arrange.js";
import { captionText } from "./caption.js";
import { cellWords, inspector } from "./inspector.js";
import { cellsOf, known, sourceWords } from "./know.js";
import { BAR, columnsThatFit, metrics, narrowest, TALLEST } from "./layout.js";
import { globalEnd, palette } from "./painter.js";
import { sheet } from "./sheet.js";
import { brief } from "./statistics.js";
import { strip } from "./strip.js";
import { asText, headTable, headTip, headTitle, headWords, typeWords } from "./tips.js";
import { toolbar } from "./toolbar.js";
import { tagOf } from "./types_words.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types").Lit} Lit */
/** @typedef {import("../../core/types").Theme} Theme */

const ARRANGE = [
  "_thumbnails",
  "_statistics",
  "_types",
  "_figure",
  "statistic",
  "order",
  "flat",
  "descending",
  "at_least",
  "at_most",
  "show_types",
  "scale",
  "size",
];
const SIDE_BY_SIDE = 700;
const INSPECTOR = { least: 280, most: 560 };
const GAP = 28;

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @returns {() => void} cleanup
 */
export function createGrid(el, store) {
  const frame = shell(el, { name: "Attention grid" });
  const { root } = frame;
  const tip = tooltip(root);
  /** @type {Theme} */
  let theme = "light";
  let kernelGone = false;
  let width = 0;
  /** @type {import("./types").Arrangement | null} */
  let arrangement = null;
  /** @type {import("./painter.js").Palette} */
  let colours = palette(theme, false);
  /** @type {{hover: Lit[], head: number}} */
  let under = { hover: [], head: -1 };

  const tools = toolbar(frame, store, {
    onTable: toggleTable,
    copyText: () => asText((arrangement?.spots ?? []).map(({ head }) => known(store, head))),
  });
  const heads = sheet({ onHover: hoverHead, onPick: pick });
  const large = inspector({ onHover: hoverCell });
  const table = headTable(pick);
  const main = div("lmw-grid-main", heads.element, large.element);
  frame.picture.append(main, table.element);
  /** @type {ReturnType<typeof strip>[]} */
  let strips = [];
  const bus = together(store.model, {
    onHover(hover) {
      under = { hover: hover ? [hover] : [], head: -1 };
      light(true);
    },
  });

  // What is lit ---------------------------------------------------------------------------------

  /** @param {boolean} follow */
  function light(follow) {
    const { token, side } = store.state;
    /** @type {Lit[]} */
    const pinned = token === null ? [] : [{ side, index: token }];
    const lit = under.hover.length > 0 ? under.hover : pinned;
    heads.light(lit.slice(0, 1), under.head);
    large.map.light(lit);
    for (const each of strips) each.light(lit, follow);
  }

  /** @type {import("./sheet.js").SheetEvents["onHover"]} */
  function hoverHead(at, byKeyboard) {
    const { thumbnails, texts: pair, figure } = store;
    if (!at || !thumbnails || !pair) {
      under = { hover: [], head: -1 };
      bus.hover(null);
      tip.hide();
      return light(false);
    }
    const cell = byKeyboard
      ? thumbnails.strongest(at.head, figure.signed)
      : thumbnails.read(at.head, at.x, at.y, figure.signed);
    const ahead = !byKeyboard && figure.causal && cell.key > cell.query + cell.block[0] - 1;
    const words = ahead ? "a token does not look ahead" : cellWords(cell, pair, figure.signed);
    tip.show(at.box, headTip(known(store, at.head), byKeyboard ? `strongest ${words}` : words), {
      side: "right",
    });
    const down = at.y * thumbnails.rows * thumbnails.block[0];
    const index = Math.min(pair.query.text.length - 1, Math.floor(down));
    const same = under.head === at.head && under.hover[0]?.index === index;
    under = { hover: byKeyboard ? [] : [{ side: "query", index }], head: at.head };
    if (same) return;
    if (!byKeyboard) bus.hover({ side: "query", index });
    light(true);
  }

  /** @param {import("./types").CellRead | null} cell */
  function hoverCell(cell) {
    const { texts: pair, figure } = store;
    under = {
      hover: cell
        ? [
            { side: "query", index: cell.query },
            { side: "key", index: cell.key },
          ]
        : [],
      head: -1,
    };
    bus.hover(cell ? { side: "query", index: cell.query } : null);
    const words = cell && pair ? cellWords(cell, pair, figure.signed) : "";
    large.read(words);
    if (cell) frame.say(words);
    light(true);
  }

  /** @param {number} head */
  function pick(head) {
    const pair = store.thumbnails?.heads[head];
    if (pair) store.set({ layer: pair[0], heads: [pair[1]] });
  }

  // The picture ---------------------------------------------------------------------------------

  function rebuildTexts() {
    for (const each of strips) each.destroy();
    large.texts.replaceChildren();
    strips = [];
    const pair = store.texts;
    if (!pair) return;
    const same = pair.query === pair.key;
    for (const side of /** @type {import("./types").Side[]} */ (
      same ? ["query"] : ["query", "key"]
    )) {
      /** @type {import("./types").Side | null} */
      const lit = same ? null : side;
      const each = strip({
        label: same
          ? "Tokens"
          : side === "query"
            ? "Tokens that look"
            : "Tokens that are looked at",
        side: lit,
        onHover(index) {
          under = { hover: index === null ? [] : [{ side: lit, index }], head: -1 };
          bus.hover(index === null ? null : { side: lit, index });
          light(false);
        },
        onPick: (index) =>
          store.set({
            token: store.state.token === index ? null : index,
            ...(lit ? { side: lit } : {}),
          }),
      });
      each.set(pair[side], isRightToLeft(pair[side]));
      strips.push(each);
      large.texts.appendChild(each.element);
    }
  }

  /** Whether the chosen head stands beside the sheet, and what that leaves for the sheet. */
  function room() {
    const { state, figure } = store;
    const least = state.flat ? 0 : narrowest(Math.max(1, ...figure.heads));
    const beside = width >= Math.max(SIDE_BY_SIDE, least + INSPECTOR.least + GAP + BAR);
    main.classList.toggle("lmw-beside", beside);
    return { beside, sheet: (beside ? width - INSPECTOR.least - GAP : width) - BAR };
  }

  function draw() {
    const { thumbnails, statistics, state, figure, types } = store;
    if (!thumbnails || !statistics || width === 0) return;
    const available = room();
    const fits = columnsThatFit(available.sheet, state.size);
    const now = arrange(thumbnails, figure.layers, state, statistics, types.labels, fits);
    arrangement = now;
    const values = statistics.of(state.statistic);
    const most = largest(values);
    const sizes = metrics({
      width: available.sheet,
      rows: now.rows.length,
      columns: now.columns,
      size: state.size,
      flat: now.flat,
      named: !now.numbered,
      numbers: values !== null,
    });
    const end = globalEnd(thumbnails, figure.signed);
    const pair = store.texts;
    heads.draw(
      {
        thumbnails,
        arrangement: now,
        metrics: sizes,
        palette: colours,
        scale: state.scale,
        causal: figure.causal,
        counts: {
          query: pair?.query.text.length ?? 1,
          key: pair?.key.text.length ?? 1,
          cells: [thumbnails.rows * thumbnails.block[0], thumbnails.columns * thumbnails.block[1]],
          same: pair?.query === pair?.key,
          causal: figure.causal,
        },
        name: (head) => {
          const { layer, head: number } = known(store, head);
          return `L${layer} H${number}`;
        },
        describe: (head) =>
          headWords(
            known(store, head),
            state.statistic,
            pair ? cellWords(thumbnails.strongest(head, figure.signed), pair, figure.signed) : "",
          ),
        layerName: (layer) => String(figure.layer_numbers[layer] ?? layer),
        number: (head) => (values ? brief(state.statistic, values[head]) : ""),
        bar: (head) => (values?.[head] ? Math.max(0, values[head] / most) : 0),
        tag: (head) => tagOf(types.labels?.[head] ?? [], sizes.side),
      },
      theme,
      {
        empty: "No head passes the filters.",
        tallest: TALLEST[available.beside ? "beside" : width < SIDE_BY_SIDE ? "narrow" : "above"],
      },
    );
    tools.update(theme, { side: sizes.side, end: state.scale === "global" ? end : null });
    const facts = { state, figure, arrangement: now, thumbnails, end, bars: values !== null };
    frame.caption.textContent = captionText(facts);
    table.set(
      now.spots.map(({ head }) => head),
      (head) => known(store, head),
    );
    const used = available.beside
      ? Math.min(width - sizes.left - sizes.width - GAP - BAR, INSPECTOR.most)
      : Math.min(width, INSPECTOR.most);
    drawChosen(Math.max(INSPECTOR.least, used));
    root.dataset.lmwReady = "true";
  }

  let inspectorWidth = 0;

  function drawChosen(next = inspectorWidth) {
    inspectorWidth = next;
    const { thumbnails, state, figure, texts: pair } = store;
    if (!thumbnails || !pair || !next) return;
    large.element.style.width = `${next}px`;
    const index = state.heads.length > 0 ? thumbnails.find(state.layer, state.heads[0]) : -1;
    heads.choose(index);
    const cells = cellsOf(store, index);
    const label = tellChosen(index, cells);
    const own = state.scale === "head" || index < 0;
    const end = globalEnd(thumbnails, figure.signed);
    large.map.draw(cells, pair, colours, {
      causal: figure.causal,
      factor: own ? 1 : Math.sqrt(thumbnails.largest[index] / end),
      width: next,
      label,
    });
    large.read("");
    light(false);
  }

  /**
   * The words about the chosen head; returns its accessible name.
   * @param {number} index
   * @param {import("./heatmap.js").Cells | null} cells
   */
  function tellChosen(index, cells) {
    const { thumbnails, state, figure, model } = store;
    if (index >= 0) {
      const head = known(store, index);
      large.tell({
        title: headTitle(head),
        types: typeWords(head),
        statistics: head.statistics,
        note: sourceWords(cells, Boolean(model.lmwStandalone)),
      });
      return `Weights of ${headTitle(head).toLowerCase()}; arrow keys move from cell to cell`;
    }
    const why = thumbnails?.unreadable[state.layer];
    const layer = String(figure.layer_numbers[state.layer] ?? state.layer);
    large.tell({
      title: why ? `Layer ${layer}` : "No head chosen",
      types: why ?? "Click a head to see it here.",
      statistics: [],
      note: "",
    });
    return "No head chosen";
  }

  function toggleTable() {
    table.element.hidden = !table.element.hidden;
    table.set(
      (arrangement?.spots ?? []).map(({ head }) => head),
      (head) => known(store, head),
    );
    return !table.element.hidden;
  }

  // State ---------------------------------------------------------------------------------------

  function showStatus() {
    const { status, model, figure } = store;
    root.classList.toggle("lmw-waiting", status.state === "loading");
    frame.setStatus(status, {
      onStop: () => store.stop(),
      onExample: (text) => store.set({ text }),
    });
    frame.badge(kernelGone ? "kernel not connected: showing the last state" : null);
    const why = kernelGone ? "Editing needs a running kernel" : null;
    tools.setEdit({ shown: figure.editable && !model.lmwStandalone, why });
  }

  function recolour() {
    colours = palette(theme, store.figure.signed);
  }

  let stopTheme = () => {};
  function followTheme() {
    stopTheme();
    stopTheme = watchTheme(root, store.state.theme, (next) => {
      theme = next;
      recolour();
      draw();
    });
  }

  /** @param {Set<string>} names */
  function update(names) {
    const any = (/** @type {string[]} */ list) => list.some((name) => names.has(name));
    if (names.has("theme")) followTheme();
    if (names.has("_figure")) recolour();
    if (names.has("_tokens")) rebuildTexts();
    if (any([...ARRANGE, "_tokens"])) draw();
    else if (any(["layer", "heads", "_detail"])) drawChosen();
    if (any(["token", "side", "_tokens"])) {
      for (const each of strips) each.pin(store.state.token);
      light(true);
    }
    showStatus();
  }

  const observer = new ResizeObserver(() => {
    const next = Math.floor(frame.figure.clientWidth);
    if (frame.picture.clientWidth === 0)
      width = 0; // hidden: what comes meanwhile is drawn later
    else if (next !== width) {
      width = next;
      draw();
    }
  });
  recolour();
  rebuildTexts();
  followTheme();
  tools.update(theme, { side: 48, end: null });
  observer.observe(frame.figure);
  observer.observe(frame.picture);
  for (const each of strips) each.pin(store.state.token);
  const stopKernel = watchKernel(store.model, el, (gone) => {
    kernelGone = gone;
    showStatus();
  });
  showStatus();
  /** @param {1 | -1} step */
  function stepLayer(step) {
    const { thumbnails, state, figure } = store;
    const layer = clamp(state.layer + step, 0, figure.layers - 1);
    const head = Math.min(state.heads[0] ?? 0, (figure.heads[layer] ?? 1) - 1);
    store.set({ layer, heads: [head] });
    if (thumbnails) heads.bring(thumbnails.find(layer, head));
  }

  const stopKeys = hotkeys(root, {
    "[": () => stepLayer(-1),
    "]": () => stepLayer(1),
    Escape: () => store.set({ token: null, heads: [] }),
  });
  store.onChange(update);

  return () => {
    stopTheme();
    stopKernel();
    stopKeys();
    bus.destroy();
    observer.disconnect();
    for (const each of strips) each.destroy();
    heads.destroy();
    large.destroy();
    tip.destroy();
    frame.destroy();
  };
}

/** The largest number that is one. @param {Float32Array | null} values */
const largest = (values) => Math.max(...[...(values ?? [])].filter(Number.isFinite), 0) || 1;

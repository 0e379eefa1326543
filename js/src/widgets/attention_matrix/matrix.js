/** One view of an AttentionMatrix: controls, picture, caption and table, kept true to the store. */

import { aria, div, replace } from "../../core/dom.js";
import { frames } from "../../core/frames.js";
import { hotkeys } from "../../core/hotkeys.js";
import { watchKernel } from "../../core/kernel.js";
import { patience } from "../../core/patience.js";
import { shell } from "../../core/shell.js";
import { watchTheme } from "../../core/theme.js";
import { together } from "../../core/together.js";
import { tooltip } from "../../core/tooltip.js";
import { captionText, quantity } from "./caption.js";
import { legendRow } from "./legend_row.js";
import { createPicture } from "./picture.js";
import { watchPointer } from "./pointer.js";
import { headsShown, matrixOf } from "./source.js";
import { lineOf, weightsTable } from "./table.js";
import { tileCache } from "./tiles.js";
import { inWords, tip } from "./tips.js";
import { toolbar } from "./toolbar.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types").Spot} Spot */
/** @typedef {import("./types").Matrix} Matrix */
/** @typedef {import("./types").State} State */
/** @typedef {import("../../core/types").Theme} Theme */

const REBUILD = ["_tokens", "_attention", "_overview", "layer", "heads", "pool", "kind"];
/** Changes that leave the picture as it is. */
const SMALL = ["_tiles", "token", "side", "key", "_row"];
/** The caption and the table may come a moment after the picture. */
const AFTER = 120;

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @returns {() => void} cleanup
 */
export function createMatrix(el, store) {
  const frame = shell(el, { name: "Attention matrix" });
  const { root } = frame;
  /** @type {Theme} */
  let theme = "light";
  /** @type {Matrix | null} */
  let matrix = null;
  /** @type {Spot | null} */
  let hovered = null;
  /** @type {{row: number, column: number} | null} */
  let keyboard = null;
  let kernelGone = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const alone = () => Boolean(store.model.lmwStandalone);

  const jobs = frames();
  const tiles = tileCache(store, () => !alone() && !kernelGone);
  const picture = createPicture(tiles, {
    onPaint() {
      root.dataset.lmwReady = "true";
    },
    onView() {
      tools.showZoom();
      jobs.next(pointer.again);
      clearTimeout(timer);
      timer = setTimeout(showCaption, AFTER);
    },
  });
  const tooltipHere = tooltip(root);
  const colours = legendRow();
  const table = weightsTable(root, {
    onGo: ({ row, column }) => {
      picture.approach(row, column);
      pick({ rows: [row, row + 1], columns: [column, column + 1] }, false);
    },
  });
  const tools = toolbar(frame, store, {
    picture,
    onZoom: (step) => pointer.zoom(step),
    onTable: table.toggle,
    copyText: table.copyText,
  });
  frame.picture.append(div("lmw-main", picture.element, colours.element), table.element);
  const bus = together(store.model, {
    shares: ["layer", "heads", "token", "side", "key"],
    onHover(hover) {
      picture.light({ heard: hover && matrix ? heardSpot(hover) : null });
    },
  });

  // Hover and pin -------------------------------------------------------------------------------

  /** @param {import("../../core/together.js").Hover} hover @returns {Spot} */
  function heardSpot({ side, index }) {
    const { query, key } = /** @type {Matrix} */ (matrix);
    const range = (/** @type {import("./types").Axis} */ axis) => {
      if (index >= axis.tokens.text.length) return null; // of a longer linked text
      const at = axis.ofToken(index);
      return at < axis.count ? /** @type {[number, number]} */ ([at, at + 1]) : null;
    };
    return {
      rows: side === "key" ? null : range(query),
      columns:
        side === "query" || (side === null && key.tokens !== query.tokens) ? null : range(key),
    };
  }

  /** @param {Spot} spot */
  function readingOf({ rows, columns }) {
    if (rows && columns) return picture.read(rows[0], columns[0]);
    return { rows, columns, value: null, unseen: false };
  }

  /** @param {Spot | null} spot @param {boolean} byKeyboard or that what is there has changed */
  function hover(spot, byKeyboard) {
    const same = JSON.stringify(spot) === JSON.stringify(hovered);
    if (same && !byKeyboard) return;
    hovered = spot;
    picture.light({ hovered: spot });
    if (spot && matrix) return tell(spot, matrix, byKeyboard);
    tooltipHere.hide();
    if (!same) bus.hover(null);
  }

  /** @param {Spot} spot @param {Matrix} here @param {boolean} aloud */
  function tell(spot, here, aloud) {
    const { rows, columns } = spot;
    const reading = readingOf(spot);
    if (!reading) return;
    if (rows && columns) {
      keyboard = { row: rows[0], column: columns[0] };
      tooltipHere.show(picture.boxOf(spot), tip(reading, here, store.figure), { side: "right" });
    } else tooltipHere.hide();
    if (aloud) frame.say(inWords(reading, here, store.figure));
    const axis = rows ? here.query : here.key;
    const range = rows ?? columns;
    if (range) bus.hover({ side: axis.side, index: axis.firstToken(range[0]) });
  }

  /** A block in which single cells have come: its first. @param {Spot} spot */
  function exactSpot({ rows, columns }) {
    const at = rows && columns && picture.read(rows[0], columns[0]);
    return at ? { rows: at.rows, columns: at.columns } : { rows, columns };
  }

  /** The middle of a block. @param {[number, number]} range */
  const middle = ([from, to]) => Math.floor((from + to - 1) / 2);

  /** @param {Spot | null} spot @param {boolean} [toggle] */
  function pick(spot, toggle = true) {
    if (!spot || !matrix) return;
    const { query, key } = matrix;
    const row = spot.rows && query.firstToken(middle(spot.rows));
    const column = spot.columns && key.firstToken(middle(spot.columns));
    const { token, side, key: kept } = store.state;
    /** @type {Pick<State, "token" | "side" | "key">} */
    const next =
      row === null
        ? { token: column, side: "key", key: null }
        : { token: row, side: "query", key: column };
    const again = next.token === token && next.side === side && next.key === kept;
    store.set(again && toggle ? { token: null, key: null } : next);
  }

  /** What is pinned, in rows and columns of the matrix. */
  function pinned() {
    const { token, side, key } = store.state;
    if (!matrix || token === null) return { row: null, column: null };
    const inside = (
      /** @type {number | null} */ one,
      /** @type {import("./types").Axis} */ axis,
    ) => (one !== null && one >= 0 && one < axis.tokens.text.length ? axis.ofToken(one) : null);
    if (side === "key") return { row: null, column: inside(token, matrix.key) };
    return { row: inside(token, matrix.query), column: inside(key, matrix.key) };
  }

  function showPin() {
    const { row, column } = pinned();
    /** @param {number | null} at @returns {[number, number] | null} */
    const one = (at) => (at === null ? null : [at, at + 1]);
    const spot = row === null && column === null ? null : { rows: one(row), columns: one(column) };
    picture.light({ pinned: spot });
    showTable();
  }

  function showTable() {
    const now = pinned();
    const { figure } = store;
    table.show(matrix && { matrix, figure, pinned: now, line: lineOf(matrix, now, store.row) });
  }

  // Picture -------------------------------------------------------------------------------------

  function rebuild() {
    const next = matrixOf(store);
    if (!next && store.tokens && awaited()) return; // the matrix of before stays until then
    matrix = next;
    hover(null, false);
    keyboard = null;
    if (matrix) {
      const { rows, columns } = matrix;
      aria(
        picture.plot,
        "label",
        `Heat map, ${rows} rows (queries) by ${columns} columns (keys). Arrow keys go from cell to cell.`,
      );
      root.dataset.lmwLayer = String(matrix.layer);
    }
    picture.show(matrix);
  }

  function showCaption() {
    const { look } = picture;
    if (!matrix || !look) return replace(frame.caption);
    const { figure, state } = store;
    const text = captionText({
      matrix,
      figure,
      state,
      look,
      blocks: picture.blocks,
      alone: alone() || kernelGone,
    });
    if (frame.caption.textContent !== text) frame.caption.textContent = text;
  }

  function showLegend() {
    const { look } = picture;
    if (matrix && look)
      colours.show({ matrix, look, theme, scale: store.state.scale, unit: quantity(store.figure) });
  }

  // State ---------------------------------------------------------------------------------------

  const coming = patience(() => {
    rebuild();
    refresh();
  });

  /** What is asked for and not here; null when it is. */
  function missing() {
    const { state, figure, tokens } = store;
    if (!tokens || ["empty", "error"].includes(store.status.state) || matrixOf(store)) return null;
    return `layer ${state.layer} heads ${headsShown(state, figure)} ${state.pool}`;
  }

  const awaited = () => coming.awaits(alone() || kernelGone ? null : missing());

  function showStatus() {
    const { status, figure } = store;
    const lacks = missing();
    const waiting = awaited();
    root.classList.toggle("lmw-waiting", status.state === "loading" || lacks !== null);
    frame.setStatus(waiting ? { ...status, state: "loading" } : status, {
      onStop: () => store.stop(),
      onExample: (text) => store.set({ text }),
    });
    const absent = lacks && !waiting ? "not in this page: needs the notebook" : null;
    const blocks =
      matrix && matrix.level > 0 ? "single weights need the kernel" : "showing the last state";
    frame.badge(kernelGone ? `kernel not connected: ${absent ?? blocks}` : absent);
    const why = kernelGone ? "Editing needs a running kernel" : null;
    tools.setEdit({ shown: figure.editable && !alone(), why });
  }

  /** Why rows cannot be such units in a page without a kernel. @param {State["pool"]} pool */
  function whyNot(pool) {
    if (!alone() && !kernelGone) return null;
    const { state, data, overview } = store;
    const here = pool === "token" ? data?.has(state.layer) : overview?.pool === pool;
    return here || (pool === "token" && overview?.pool === pool) ? null : "needs the notebook";
  }

  function refresh() {
    tools.update(theme, whyNot);
    tools.showZoom();
    showLegend();
    showPin();
    showCaption();
    showStatus();
  }

  let stopTheme = () => {};
  function followTheme() {
    stopTheme();
    stopTheme = watchTheme(root, store.state.theme, (next) => {
      theme = next;
      restyle();
      refresh();
    });
  }
  const restyle = () => picture.restyle(theme, store.state.scale);

  /** @param {Set<string>} names */
  function update(names) {
    const any = (/** @type {string[]} */ list) => list.some((name) => names.has(name));
    if (names.has("theme")) followTheme();
    if (names.has("scale")) restyle();
    if (any([...REBUILD, "_figure"])) rebuild();
    if (names.has("_tiles")) takeTiles();
    if (![...names].every((name) => SMALL.includes(name))) refresh();
    else if (any(SMALL.slice(1))) showPin();
    const { token, key } = store.state;
    if (names.has("token") && token === null && key !== null) store.set({ key: null });
  }

  function takeTiles() {
    if (!tiles.take(store.tiles)) return;
    picture.refresh();
    if (hovered?.rows && hovered.columns) hover(exactSpot(hovered), false);
    pointer.again();
    showCaption();
  }

  const pointer = watchPointer(picture, {
    onHover: hover,
    onPick: (spot) => pick(spot),
    matrix: () => matrix,
    cursor() {
      const { row, column } = pinned();
      return (
        keyboard ?? { row: row ?? picture.seen.rows[0], column: column ?? picture.seen.columns[0] }
      );
    },
  });
  const stopKeys = hotkeys(root, {
    "[": () => tools.stepLayer(-1),
    "]": () => tools.stepLayer(1),
    Escape: () => store.set({ token: null, key: null }),
    "+": () => pointer.zoom(1),
    "=": () => pointer.zoom(1),
    "-": () => pointer.zoom(-1),
    0: () => pointer.zoom(0),
  });
  rebuild();
  followTheme();
  tiles.take(store.tiles);
  const stopKernel = watchKernel(store.model, el, (gone) => {
    kernelGone = gone;
    refresh();
  });
  refresh();
  const sized = new ResizeObserver(() => table.refresh());
  sized.observe(root);
  store.onChange(update);

  return () => {
    clearTimeout(timer);
    jobs.cancel();
    stopTheme();
    stopKernel();
    stopKeys();
    sized.disconnect();
    coming.destroy();
    bus.destroy();
    tiles.destroy();
    tools.destroy();
    picture.destroy();
    tooltipHere.destroy();
    frame.destroy();
  };
}

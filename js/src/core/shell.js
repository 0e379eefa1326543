/**
 * The frame all widgets share: a quiet header row, the picture, one caption line; and what stands
 * in the picture's place while it loads, when there is nothing to show, and after an error.
 */

import { append, div, h, replace, span } from "./dom.js";
import { duration } from "./format.js";
import { icon } from "./icons.js";
import { keepOwnKeys } from "./shortcuts.js";

/** @typedef {import("./types").Status} Status */
/** @typedef {import("./types").Progress} Progress */
/** @typedef {ReturnType<typeof shell>} Shell */

/**
 * @param {HTMLElement} el where the host wants the widget
 * @param {{name: string}} options name: what the widget is, for screen readers and the CSS class
 */
export function shell(el, { name }) {
  const title = div("lmw-title");
  const controls = div("lmw-controls");
  const actions = h("div", { class: "lmw-actions", role: "toolbar", "aria-label": "Actions" });
  const badgeElement = h("span", { class: "lmw-badge", hidden: true, role: "status" });
  const header = div("lmw-header", title, badgeElement, controls, actions);
  const picture = div("lmw-picture");
  const message = h("div", { class: "lmw-message", hidden: true });
  const progress = progressLine();
  const figure = div("lmw-figure", progress.element, picture, message);
  const caption = div("lmw-caption");
  const live = h("div", { class: "lmw-live", "aria-live": "polite", "aria-atomic": "true" });
  const slug = name.toLowerCase().replaceAll(" ", "-");
  const root = h(
    "section",
    { class: `lmw-root lmw-${slug}`, "aria-label": name },
    header,
    figure,
    caption,
    live,
  );
  el.appendChild(root);
  const releaseKeys = keepOwnKeys(root);

  /**
   * Show what state the widget is in. "empty" and "error" stand in the place of the picture;
   * "loading" leaves the picture and draws a thin line after 300 ms.
   * @param {Status} status
   * @param {{onStop?: () => void, onExample?: (example: string) => void}} [on]
   */
  function setStatus(status, on = {}) {
    root.dataset.lmwState = status.state;
    const speaks = status.state === "empty" || status.state === "error";
    picture.hidden = speaks;
    caption.hidden = speaks;
    message.hidden = !speaks;
    if (speaks) replace(message, messageNodes(status, on));
    progress.set(status.state === "loading", status.progress, status.message, on.onStop);
  }

  return {
    root,
    title,
    header,
    controls,
    actions,
    figure,
    /** The drawing area inside the figure: what messages replace. */
    picture,
    caption,
    setStatus,
    /** A small badge in the header, or none. @param {string | null} text */
    badge(text) {
      badgeElement.hidden = text === null;
      badgeElement.title = text ?? "";
      replace(badgeElement, text === null ? "" : [icon("unlink"), h("span", null, text)]);
    },
    /** Say something to screen readers only. @param {string} text */
    say(text) {
      live.textContent = text;
    },
    destroy() {
      releaseKeys();
      progress.destroy();
      root.remove();
    },
  };
}

/**
 * @param {Status} status
 * @param {{onExample?: (example: string) => void}} on
 */
function messageNodes(status, on) {
  const { example } = status;
  const nodes = [
    h(
      "p",
      { class: "lmw-message-what", role: status.state === "error" ? "alert" : null },
      status.message,
    ),
  ];
  if (status.remedy) nodes.push(h("p", { class: "lmw-message-remedy" }, status.remedy));
  if (example && on.onExample) {
    const run = on.onExample;
    const button = h(
      "button",
      { class: "lmw-button lmw-example", onclick: () => run(example) },
      example,
    );
    nodes.push(h("p", null, span("lmw-muted", "Try "), button));
  }
  return nodes;
}

/** A 2 px line over the picture, with words and a stop button when there is something to say. */
function progressLine() {
  const bar = div("lmw-progress-bar");
  const words = h("span", null);
  const stop = h("button", { class: "lmw-button lmw-stop" }, icon("stop"), "Stop");
  const note = div("lmw-progress-note", words, stop);
  const element = h("div", { class: "lmw-progress", hidden: true }, bar, note);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {(() => void) | undefined} */
  let onStop;
  stop.addEventListener("click", () => onStop?.());

  return {
    element,
    /**
     * @param {boolean} loading
     * @param {Progress | null} progress
     * @param {string} text
     * @param {(() => void) | undefined} stopHandler
     */
    set(loading, progress, text, stopHandler) {
      onStop = stopHandler;
      if (!loading) {
        clearTimeout(timer);
        timer = undefined;
        element.hidden = true;
        return;
      }
      timer ??= setTimeout(() => {
        element.hidden = false;
      }, 300);
      const share = progress && progress.total > 0 ? progress.done / progress.total : null;
      element.classList.toggle("lmw-progress-unknown", share === null);
      bar.style.setProperty("--lmw-done", String(share ?? 0));
      const left = progress?.seconds_left;
      const counted = progress ? `${progress.done} of ${progress.total}` : text;
      const said = left ? `${counted}, ${duration(left)} left` : counted;
      words.textContent = progress?.deaf ? `${said}; to stop, interrupt the kernel` : said;
      stop.hidden = !progress || progress.deaf === true || !stopHandler;
      note.hidden = words.textContent === "" && stop.hidden;
    },
    destroy() {
      clearTimeout(timer);
    },
  };
}

/**
 * A folding row under the header for controls that are rarely needed.
 * @param {Shell} frame
 * @param {{label: string}} options
 */
export function foldedRow(frame, { label }) {
  const element = h("div", {
    class: "lmw-folded",
    role: "group",
    "aria-label": label,
    hidden: true,
  });
  frame.figure.before(element);
  return {
    element,
    /** @param {...(Node | string)} children */
    add(...children) {
      append(element, children);
    },
    /** @param {boolean} open */
    toggle(open) {
      element.hidden = !open;
    },
  };
}

/**
 * What every view of an attribution does around its picture: messages and what mends them, the field
 * to write in, the theme, the keyboard's place.
 */

import { div } from "../core/dom.js";
import { watchTheme } from "../core/theme.js";
import { editing } from "./editing.js";
import { steadyFocus } from "./focus.js";
import { repair } from "./repair.js";

/** @typedef {import("../core/shell.js").Shell} Shell */
/** @typedef {import("./types").Theme} Theme */
/** @typedef {import("./repair.js").Mendable & {text: string, editable: boolean, badge: string | null,
 *   theme: import("./types").ThemePreference}} Drawable */
/** @typedef {import("./repair.js").Mending & {stop: () => void, submitText: (text: string) => void}} Asking */

/**
 * @template {Drawable} State
 * @param {Shell} frame
 * @param {object} options
 * @param {Asking} options.actions
 * @param {HTMLElement} options.text what the field stands in for
 * @param {() => HTMLElement | null} options.home where the keyboard is in the picture
 * @param {() => void} options.hush before the field opens
 * @param {(state: State, theme: Theme) => void} options.draw
 */
export function drawing(frame, { actions, text, home, hush, draw }) {
  /** @type {State | null} */
  let state = null;
  /** @type {Theme} */
  let theme = "light";
  /** @type {(() => void) | null} */
  let stopTheme = null;
  let preference = "";
  let request = 0;

  const slot = div("lmw-editor-slot");
  frame.picture.before(slot);
  const mend = repair(frame.figure, actions);
  const editor = editing({
    root: frame.root,
    text,
    slot,
    now: () => state,
    onOpen: hush,
    onSubmit: actions.submitText,
    onChange: redraw,
    onLeave: () => home()?.focus(),
  });
  const steadily = steadyFocus(frame.root, () => [
    mend.field,
    slot.querySelector("textarea"),
    mend.back,
    home(),
  ]);

  function redraw() {
    if (!state) return;
    const now = state;
    steadily(() => {
      const { status, busy, badge, editable } = now;
      frame.setStatus(busy ? { ...status, state: "loading" } : status, {
        onStop: actions.stop,
        onExample: actions.submitText,
      });
      frame.badge(badge);
      mend.draw(now);
      const troubled = status.state === "empty" || status.state === "error";
      editor.follow(troubled, editable && mend.needsText(now));
      frame.root.classList.toggle("lmw-editing", editor.open);
      draw(now, theme);
    });
    cancelAnimationFrame(request);
    request = requestAnimationFrame(() => {
      frame.root.dataset.lmwReady = "true";
    });
  }

  return {
    editor,
    redraw,
    get theme() {
      return theme;
    },
    /** @param {State} next */
    update(next) {
      state = next;
      if (next.theme !== preference) {
        preference = next.theme;
        stopTheme?.();
        let first = true; // it answers at once, and this update draws anyway
        stopTheme = watchTheme(frame.root, next.theme, (found) => {
          theme = found;
          if (!first) redraw();
        });
        first = false;
      }
      redraw();
    },
    destroy() {
      cancelAnimationFrame(request);
      stopTheme?.();
    },
  };
}

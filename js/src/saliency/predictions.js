/**
 * The model's strongest candidates as bars: click one to explain it, shift-click to compare; and a
 * field for any other token, phrase, class or part of the text.
 */

import { div, h, replace, span, take } from "../core/dom.js";
import { percent } from "../core/format.js";
import { roving } from "../core/keyboard.js";
import { visible } from "./words.js";

/** @typedef {import("./types").Candidate} Candidate */
/** @typedef {import("./types").Wanted} Wanted */
/** @typedef {"target" | "foil" | null} Part */
/**
 * @typedef {object} Shown
 * @property {Candidate[]} predictions
 * @property {Candidate | null} target
 * @property {Candidate | null} foil
 * @property {string} readout
 * @property {boolean} interactive
 * @property {boolean} signed
 * @property {string} [task] of the model
 * @property {boolean} [multi] whether each class has a probability of its own
 */

/**
 * What the trait holds when a candidate is asked for.
 * @param {Candidate | null} candidate
 * @returns {Wanted}
 */
export function wantedOf(candidate) {
  if (!candidate) return null;
  if (candidate.span) return candidate.span;
  return candidate.ids && candidate.ids.length > 1 ? candidate.ids : candidate.id;
}

/** A name for what a trait holds, to compare and to find again. @param {Wanted} wanted */
export function keyOf(wanted) {
  return Array.isArray(wanted) ? wanted.join("-") : String(wanted ?? "");
}

/** @param {Candidate | null} candidate */
const nameOf = (candidate) => keyOf(wantedOf(candidate));

/** @type {Record<string, string>} */
const HEADINGS = {
  "next token": "Next token",
  "masked token": "Masked token",
  class: "Class",
  "token label": "Label",
  span: "Answer",
};

/** @type {Record<string, string>} */
const PLACEHOLDERS = {
  class: "another class",
  "token label": "another label",
  span: "another part of the text",
};

/**
 * A field for what is not among the candidates.
 * @param {{onTarget?: (wanted: Wanted) => void, onFoil: (wanted: Wanted) => void}} on without
 *   `onTarget` there are foils only
 */
export function wantedEntry({ onTarget, onFoil }) {
  const field = h("input", {
    class: "lmw-field lmw-wanted",
    "aria-label": onTarget ? "Another target" : "Another foil",
    autocomplete: "off",
    spellcheck: "false",
    dir: "auto",
  });
  const send = (/** @type {(wanted: Wanted) => void} */ tell) => () => {
    if (field.value === "") return;
    const { value } = field;
    field.value = "";
    field.focus(); // the button goes with the words
    show();
    tell(value);
  };
  const explain = onTarget
    ? h("button", { class: "lmw-button", onclick: send(onTarget) }, "explain")
    : null;
  const versus = h("button", { class: "lmw-button", onclick: send(onFoil) }, "vs");
  const note = h("p", { class: "lmw-strip-hint lmw-wanted-note" });
  const element = h("div", { class: "lmw-wanted-row" }, field, explain, versus, note);
  field.addEventListener("input", show);
  field.addEventListener("keydown", (event) => {
    event.stopPropagation(); // a notebook's own shortcuts stay out of the field
    if (event.isComposing || event.key !== "Enter") return;
    event.preventDefault();
    const asFoil = event.shiftKey !== mendsFoil;
    send((asFoil ? onFoil : onTarget) ?? onFoil)();
  });
  let spaced = false;
  /** Whether a foil is mended, so that Enter asks for one. */
  let mendsFoil = false;

  /** A space before a word is a part of its token, and easily forgotten. */
  function show() {
    for (const button of [explain, versus]) if (button) button.hidden = field.value === "";
    const bare = spaced && /^[^\s]/.test(field.value);
    note.textContent = bare ? "No space before it: for a new word, begin with a space." : "";
    note.hidden = note.textContent === "";
  }
  show();

  return {
    element,
    field,
    /** @param {{interactive: boolean, readout: string, task?: string}} shown */
    draw({ interactive, readout, task }) {
      element.hidden = !interactive;
      field.placeholder = PLACEHOLDERS[readout] ?? "another token or phrase";
      spaced = readout === "next token" && task === "causal";
    },
    /** What could not be used, to be mended. @param {import("./types").Refused} refused */
    fill({ name, value }) {
      mendsFoil = name === "foil";
      field.value = typeof value === "string" ? value : "";
      show();
    },
  };
}

/**
 * @param {object} on
 * @param {(wanted: Wanted) => void} on.onTarget
 * @param {(wanted: Wanted) => void} on.onFoil
 */
export function predictionStrip({ onTarget, onFoil }) {
  const heading = span("lmw-strip-name");
  const list = h("ul", { class: "lmw-candidates" });
  const hint = h("p", { class: "lmw-strip-hint" });
  const column = h("span", null);
  const entry = wantedEntry({ onTarget, onFoil });
  const element = h(
    "section",
    { class: "lmw-strip", "aria-label": "Predictions" },
    div("lmw-strip-head", heading, column),
    list,
    hint,
    entry.element,
  );
  const keys = roving(list, "[data-prediction]", { orientation: "vertical" });
  list.addEventListener("keydown", (event) => {
    const row = event.target instanceof Element ? event.target.closest("li") : null;
    const buttons = row ? [...row.querySelectorAll("button")] : [];
    if (event.key === "ArrowRight") buttons[1]?.focus();
    else if (event.key === "ArrowLeft") buttons[0]?.focus();
    else return;
    take(event);
  });
  let drawn = "";

  /** @param {Candidate} candidate @param {Part} part @param {MouseEvent} event */
  function choose(candidate, part, event) {
    if (part === "target") return;
    if (event.shiftKey) onFoil(part === "foil" ? null : wantedOf(candidate));
    else onTarget(wantedOf(candidate));
  }

  /** @param {Candidate} candidate @param {Part} part @param {Shown} shown @param {number} most */
  function row(candidate, part, shown, most) {
    const words = [
      h("span", { class: "lmw-candidate-text", dir: "auto" }, visible(candidate.label)),
      span(
        "lmw-candidate-track",
        h("span", {
          class: "lmw-candidate-bar",
          style: { width: `${(100 * (candidate.probability || 0)) / most}%` },
        }),
      ),
      span("lmw-candidate-share", share(candidate.probability)),
      part && span("lmw-live", part),
    ];
    const main = shown.interactive
      ? h(
          "button",
          {
            class: "lmw-candidate",
            "aria-pressed": String(part === "target"),
            title: part === "target" ? "Explained now" : "Click: explain · Shift-click: compare",
            "data-prediction": nameOf(candidate),
            onclick: (/** @type {MouseEvent} */ event) => choose(candidate, part, event),
          },
          words,
        )
      : h("span", { class: "lmw-candidate", "data-prediction": nameOf(candidate) }, words);
    return h("li", { "data-part": part, dir: "ltr" }, main, tag(candidate, part, shown));
  }

  /** The column at the right: what the candidate is, or the way to compare with it. */
  function tag(
    /** @type {Candidate} */ candidate,
    /** @type {Part} */ part,
    /** @type {Shown} */ { interactive, target },
  ) {
    if (part === "target") return span("lmw-tag", "target");
    if (!interactive) return span("lmw-tag", part);
    const name = visible(candidate.label).trim();
    const foil = part === "foil";
    return h(
      "button",
      {
        tabindex: "-1",
        class: "lmw-tag lmw-vs",
        "aria-pressed": String(foil),
        "aria-label": foil ? `foil ${name}: stop comparing` : `vs ${name}: compare`,
        title: foil
          ? "Stop comparing"
          : `Why ${visible(target?.label ?? "").trim()} rather than ${name}?`,
        onclick: () => onFoil(foil ? null : wantedOf(candidate)),
      },
      foil ? ["foil", h("span", { "aria-hidden": "true" }, " ×")] : "vs",
    );
  }

  return {
    element,
    /** @param {Shown} shown */
    draw(shown) {
      const key = JSON.stringify(shown);
      if (key === drawn) return;
      drawn = key;
      const { predictions, target, foil, readout, interactive } = shown;
      element.hidden = predictions.length === 0 && !interactive;
      element.classList.toggle("lmw-strip-live", interactive);
      element.classList.toggle("lmw-strip-signed", shown.signed);
      heading.textContent = (HEADINGS[readout] ?? readout) || "Prediction";
      column.textContent = shown.multi ? "probability of each" : "probability";
      entry.draw(shown);
      const rows = withMissing(predictions, [target, foil]);
      const most = Math.max(...rows.map(({ probability }) => probability || 0), 1e-9);
      const focus = list.contains(focusedIn(list)) ? focusedIn(list) : null;
      const focusedId = focus
        ?.closest("li")
        ?.querySelector("[data-prediction]")
        ?.getAttribute("data-prediction");
      replace(
        list,
        rows.map((candidate) => row(candidate, partOf(candidate, target, foil), shown, most)),
      );
      hint.textContent = interactive ? "Click: explain · shift-click or “vs”: compare" : "";
      keys.refresh();
      if (focusedId) restoreFocus(focusedId);
    },
    destroy: () => keys.destroy(),
  };

  /** @param {string} id */
  function restoreFocus(id) {
    const again = /** @type {HTMLElement | null} */ (
      list.querySelector(`[data-prediction="${id}"]`)
    );
    if (again) keys.select(again, true);
  }
}

/** @param {HTMLElement} element @returns {Element | null} */
function focusedIn(element) {
  return /** @type {Document | ShadowRoot} */ (element.getRootNode()).activeElement ?? null;
}

/**
 * A target or foil that the model finds too unlikely for its top ten has a row all the same.
 * @param {Candidate[]} predictions
 * @param {(Candidate | null)[]} asked
 */
function withMissing(predictions, asked) {
  const known = new Set(predictions.map(nameOf));
  const missing = asked.filter((one) => one !== null && one.id >= 0 && !known.has(nameOf(one)));
  return [...predictions, .../** @type {Candidate[]} */ (missing)];
}

/** @param {Candidate} candidate @param {Candidate | null} target @param {Candidate | null} foil @returns {Part} */
function partOf(candidate, target, foil) {
  const name = nameOf(candidate);
  if (target && name === nameOf(target)) return "target";
  return foil && name === nameOf(foil) ? "foil" : null;
}

/** Short enough for its column. @param {number | null} probability */
function share(probability) {
  if (probability === null) return "–";
  return probability > 0 && probability < 0.001 ? "<\u00a00.1\u00a0%" : percent(probability);
}

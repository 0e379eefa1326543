/** The model's strongest candidates as bars: click one to explain it, shift-click to compare. */

import { div, h, replace, span, take } from "../../core/dom.js";
import { percent } from "../../core/format.js";
import { roving } from "../../core/keyboard.js";
import { visible } from "./words.js";

/** @typedef {import("./types").Candidate} Candidate */
/** @typedef {"target" | "foil" | null} Part */
/**
 * @typedef {object} Shown
 * @property {Candidate[]} predictions
 * @property {Candidate | null} target
 * @property {Candidate | null} foil
 * @property {string} readout
 * @property {boolean} interactive
 * @property {boolean} signed
 */

/**
 * @param {object} on
 * @param {(id: number) => void} on.onTarget
 * @param {(id: number | null) => void} on.onFoil
 */
export function predictionStrip({ onTarget, onFoil }) {
  const heading = span("lmw-strip-name");
  const list = h("ul", { class: "lmw-candidates" });
  const hint = h("p", { class: "lmw-strip-hint" });
  const element = h(
    "section",
    { class: "lmw-strip", "aria-label": "Predictions" },
    div("lmw-strip-head", heading, h("span", null, "probability")),
    list,
    hint,
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
    if (event.shiftKey) onFoil(part === "foil" ? null : candidate.id);
    else onTarget(candidate.id);
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
            "data-prediction": candidate.id,
            onclick: (/** @type {MouseEvent} */ event) => choose(candidate, part, event),
          },
          words,
        )
      : h("span", { class: "lmw-candidate", "data-prediction": candidate.id }, words);
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
        onclick: () => onFoil(foil ? null : candidate.id),
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
      element.hidden = predictions.length === 0;
      element.classList.toggle("lmw-strip-live", interactive);
      element.classList.toggle("lmw-strip-signed", shown.signed);
      heading.textContent = readout.charAt(0).toUpperCase() + readout.slice(1);
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
  const known = new Set(predictions.map(({ id }) => id));
  return [...predictions, ...asked.filter((one) => one !== null && !known.has(one.id))].filter(
    (one) => one !== null,
  );
}

/** @param {Candidate} candidate @param {Candidate | null} target @param {Candidate | null} foil @returns {Part} */
function partOf({ id }, target, foil) {
  if (id === target?.id) return "target";
  return id === foil?.id ? "foil" : null;
}

/** Short enough for its column. @param {number | null} probability */
function share(probability) {
  if (probability === null) return "–";
  return probability > 0 && probability < 0.001 ? "<\u00a00.1\u00a0%" : percent(probability);
}

/** The sentence of the pinned point, shaded by attention from it or to it, and its strongest partners. */

import { flow } from "../../attention/flow.js";
import { iconButton, segmented } from "../../core/controls.js";
import { div, h, replace, span } from "../../core/dom.js";
import { percent } from "../../core/format.js";
import { tokenElement } from "../../core/tokens.js";

/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {import("../../core/types").Theme} Theme */
/** @typedef {import("./types").Side} Side */
/** @typedef {import("./types").Point} Point */
/** @typedef {import("./data.js").Space} Space */

const LISTED = 6;

/**
 * @param {{onHover: (position: number | null, element: HTMLElement | null) => void,
 *   onPick: (position: number) => void, onSide: (side: Side) => void,
 *   onSentence: (step: 1 | -1) => void, onEscape: () => void}} on
 */
export function sentencePanel({ onHover, onPick, onSide, onSentence, onEscape }) {
  const words = flow({ label: "Tokens of the sentence", onHover, onPick, onEscape });
  const sides = segmented({
    label: "What the shading shows",
    options: [
      { value: "query", label: "looks at", title: "Where the token looks: its query" },
      { value: "key", label: "is looked at by", title: "What looks at the token: its key" },
    ],
    value: "query",
    onChange: (side) => onSide(/** @type {Side} */ (side)),
  });
  const number = span("lmw-value");
  const facts = h("p", { class: "lmw-space-facts" });
  const element = div(
    "lmw-space-sentence",
    div(
      "lmw-space-head",
      iconButton({ icon: "previous", label: "Previous sentence", onClick: () => onSentence(-1) }),
      number,
      iconButton({ icon: "next", label: "Next sentence", onClick: () => onSentence(1) }),
      sides.element,
    ),
    words.element,
    facts,
  );

  return {
    element,
    words,
    /**
     * @param {Space} space
     * @param {Tokens[]} sentences
     * @param {{sentence: number, point: Point | null, looked: Point | null, side: Side,
     *   theme: Theme}} state looked: pinned or hovered
     */
    show(space, sentences, { sentence, point, looked, side, theme }) {
      const tokens = sentences[sentence];
      number.textContent = `Sentence ${sentence + 1} of ${sentences.length}`;
      words.setTokens(tokens);
      sides.set(looked?.side ?? side);
      const first = space.starts[sentence];
      const values = new Float64Array(tokens.text.length);
      const partners = looked ? space.partners(looked) : [];
      for (const { token, weight } of partners) values[token - first] = weight;
      const high = values.reduce((most, value) => Math.max(most, value), 0);
      words.shade(looked ? values : null, high, theme, (value) => percent(value));
      words.select(point ? point.token - first : null);
      words.mark("lmw-lit", looked && looked !== point ? looked.token - first : null);
      if (!looked) {
        replace(facts, "Hover a point or a token for its attention; click keeps it.");
        return;
      }
      const verb = looked.side === "query" ? " looks at " : " is looked at by ";
      const name = (/** @type {number} */ token) =>
        h("b", null, tokenElement(tokens, token - first, { compact: true }));
      const list = partners
        .slice(0, LISTED)
        .filter(({ weight }, i) => i === 0 || weight > 0.005)
        .flatMap(({ token, weight }, i) => [i ? ", " : "", name(token), ` ${percent(weight)}`]);
      replace(facts, name(looked.token), verb, list.length ? list : "nothing that was sent", ".");
    },
  };
}

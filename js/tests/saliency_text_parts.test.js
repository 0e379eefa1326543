import { describe, expect, test } from "vitest";
import { contrast } from "../src/core/colour.js";
import { blocks } from "../src/saliency/blocks.js";
import { checkWords } from "../src/saliency/checks.js";
import { legend } from "../src/saliency/legend.js";
import { measure, place, share } from "../src/saliency/measure.js";
import { blockElement, groupText } from "../src/saliency/pieces.js";
import { colourAt } from "../src/saliency/shade.js";
import { captionWords, ordinal, question, tokenWords } from "../src/saliency/words.js";
import { asText, sorted } from "../src/widgets/saliency_text/table.js";
import { figure, NAMES, tokens } from "./saliency_text_fixtures.js";
import { SCENES } from "./saliency_text_scenes.js";

/** @param {number[]} scores @param {(string | Record<string, any>)[]} [pieces] */
function measured(scores, pieces = scores.map((_, i) => ` w${i}`)) {
  const made = tokens(pieces);
  return { tokens: made, m: measure(made, Float32Array.from(scores), true) };
}

describe("the scale", () => {
  test("is symmetric at the largest absolute score", () => {
    const { m } = measured([1, -4, 2]);
    expect(m.limit).toBe(4);
    expect([0, 1, 2].map((i) => place(m, i))).toEqual([0.25, -1, 0.5]);
    expect([...m.rank]).toEqual([3, 1, 2]);
    expect(share(m, 1)).toBeCloseTo(4 / 7);
  });

  test("is not stretched by special tokens, which are named instead", () => {
    const pieces = [{ text: "[CLS]", kind: "special", length: 0 }, "a", " b"];
    const { tokens: made, m } = measured([-9, 2, 1], pieces);
    expect(m.limit).toBe(2);
    expect([...m.beyond]).toEqual([0]);
    expect(place(m, 0)).toBe(-1);
    expect(captionWords(made, m, figure())).toContain("“[CLS]” (−9.0) lies beyond the scale");
  });

  test("shows one of few units as dominant, and one of many as beyond the end", () => {
    expect(measured([0.5, 8, -0.25]).m.limit).toBe(8);
    expect(measured([...new Array(30).fill(1), 80]).m.limit).toBe(80);
    const many = measured([...new Array(31).fill(1), -80]).m;
    expect([many.limit, [...many.beyond]]).toEqual([1, [31]]);
    expect(measured([...new Array(31).fill(1), 2]).m.limit).toBe(2);
    expect(measured([...new Array(99).fill(0), 3]).m.limit).toBe(3);
  });

  test("says in the legend on which side something lies beyond its end", () => {
    const scale = legend();
    scale.draw(measured([...new Array(31).fill(1), -80]).m, figure(), "light");
    expect(scale.element.textContent).toContain("≤ −1.0");
    expect(scale.element.textContent).not.toContain("≥");
  });

  test("holds without usable scores", () => {
    const { tokens: made, m } = measured([Number.NaN, Number.POSITIVE_INFINITY, 0]);
    expect(m.limit).toBe(0);
    expect(m.broken).toEqual([0, 1]);
    expect(place(m, 2)).toBe(0);
    expect(place(m, 0)).toBeNaN();
    const words = captionWords(made, m, figure());
    expect(words).toContain("All contributions are zero.");
    expect(words).toContain("2 tokens have no finite score (hatched).");
  });

  test("writes with an ink of at least 4.5:1 everywhere, in both themes", () => {
    for (const theme of /** @type {const} */ (["light", "dark"])) {
      for (const signed of [true, false]) {
        for (let t = -1; t <= 1; t += 0.05) {
          const { fill, ink } = colourAt(t, signed, theme);
          expect(contrast(fill, ink)).toBeGreaterThanOrEqual(4.5);
        }
      }
    }
  });
});

describe("words", () => {
  test("the question follows target, foil, readout and sign", () => {
    const asked = (/** @type {Record<string, any>} */ changes) =>
      question(figure(changes))
        .map(({ text }) => text)
        .join("");
    expect(asked({})).toBe("Why “Mary” rather than “John”?");
    expect(asked({ foil: null })).toBe("Why “Mary” next?");
    expect(asked({ foil: null, readout: "masked token" })).toBe("Why “Mary” here?");
    expect(asked({ foil: null, readout: "class" })).toBe("Why “Mary”?");
    expect(asked({ foil: null, signed: false })).toBe("What is “Mary” sensitive to?");
    expect(asked({ signed: false })).toBe("What is “Mary” against “John” sensitive to?");
    expect(asked({ target: NAMES[7], foil: null })).toBe("Why “⏎” next?");
    expect(asked({ target: null })).toBe("What each part contributes");
  });

  test("the check says good or poor in words", () => {
    expect(checkWords(figure())).toEqual({
      text: "Sums to 4.31 of 4.33 logits: gap 0.5\u00a0%",
      state: "good",
      verdict: "adds up",
    });
    const fit = { ...figure().check, name: "local fit", value: 0.9, passed: true };
    const own = { ...fit, relative: null, total: null, expected: null };
    expect(checkWords(figure({ check: own }))).toEqual({
      text: "local fit 0.90",
      state: "good",
      verdict: "passed",
    });
    expect(checkWords(figure({ check: { ...own, passed: false } }))?.verdict).toBe("not passed");
    const rough = { ...figure().check, relative: 0.08 };
    expect(checkWords(figure({ check: rough }))?.state).toBe("rough");
    const poor = { ...figure().check, relative: 0.3 };
    expect(checkWords(figure({ check: poor }))?.state).toBe("poor");
    const unknown = { ...figure().check, relative: null };
    expect(checkWords(figure({ check: unknown }))?.state).toBe("poor");
    expect(checkWords(figure({ check: null }))?.state).toBe("none");
  });

  test("a token is named with its numbers", () => {
    const { tokens: made, m } = measured([1, -4, 2]);
    expect(tokenWords(made, m, 1)).toBe("w1, −4.0, 1st of 3");
    expect([1, 2, 3, 4, 11, 12, 13, 21, 101, 111].map(ordinal).join(" ")).toBe(
      "1st 2nd 3rd 4th 11th 12th 13th 21st 101st 111th",
    );
  });
});

describe("the text", () => {
  /** @param {string} name */
  function drawn(name) {
    const made = SCENES[name]()._tokens;
    const parts = blocks(made).map((block) => blockElement(made, block));
    const element = document.createElement("div");
    element.append(...parts);
    return { made, element };
  }

  test("holds every character once and every token as an element", () => {
    const { made, element } = drawn("odd");
    expect(element.textContent).toBe(
      "Look 🙂 and 你好\n</script><img src=x onerror=alert(1)>\n\n\ttab    four cafe\u0301 zwj\u200d quokka",
    );
    const found = [...element.querySelectorAll("[data-token]")].map((item) =>
      Number(item.getAttribute("data-token")),
    );
    expect(found.sort((a, b) => a - b)).toEqual([...made.text.keys()]);
    expect(element.querySelector("script, img")).toBeNull();
  });

  test("leaves inserted tokens out of the text that is copied", () => {
    const { element } = drawn("classifier");
    expect(element.textContent).toBe("a surprisingly funny, warm and never sentimental film");
    expect(element.querySelector(".lmw-tok-special .lmw-fill")?.getAttribute("data-sign")).toBe(
      "[CLS]",
    );
  });

  test("a mask that the user wrote stays in the text", () => {
    expect(drawn("masked").element.textContent).toBe("The capital of France is [MASK].");
  });

  test("one character over several tokens is shown once", () => {
    const made = SCENES.odd()._tokens;
    const groups = blocks(made).flatMap((block) => block.groups);
    const split = groups.filter((group) => group.length > 1);
    expect(split.map((group) => groupText(made, group))).toEqual(["🙂", " 你", "好"]);
  });

  test("chat turns are blocks that open with their template tokens", () => {
    const made = SCENES.chat()._tokens;
    made.role = made.role.map((/** @type {string} */ role, /** @type {number} */ i) =>
      made.kind[i] === "special" ? null : role,
    );
    const turns = blocks(made);
    expect(turns.map(({ role }) => role)).toEqual(["system", "user", "assistant"]);
    expect(made.text[turns[1].groups[0][0]]).toBe("<|im_start|>");
  });
});

test("the table sorts by value and rank, broken scores last", () => {
  const { tokens: made, m } = measured([1, Number.NaN, -4, 2]);
  expect(sorted(m, { key: "value", descending: true })).toEqual([3, 0, 2, 1]);
  expect(sorted(m, { key: "rank", descending: false })).toEqual([2, 3, 0, 1]);
  expect(asText(made, m, "logit").split("\n").slice(0, 2)).toEqual([
    "position\ttoken\tlogit\trank",
    "1\tw0\t1\t3",
  ]);
});

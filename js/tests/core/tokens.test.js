import { describe, expect, test } from "vitest";
import { tokenElement, tokenName } from "../../src/core/tokens.js";
import { fakeTokens } from "../fake_attention.js";

/** @param {string} text @param {object} [more] */
const element = (text, more = {}) => tokenElement(fakeTokens([text], more), 0, { compact: true });
/** @param {string} text @param {object} [more] */
const name = (text, more = {}) => tokenName(fakeTokens([text], more), 0);

describe("nothing is ever read as HTML", () => {
  test.each([
    "</script><img src=x onerror=alert(1)>",
    "<b>bold</b>",
    "&lt;",
    "{{x}}",
    "<svg onload=alert(1)>",
  ])("%s", (text) => {
    for (const compact of [true, false]) {
      const shown = tokenElement(fakeTokens([text]), 0, { compact });
      expect(shown.textContent).toBe(text);
      expect(shown.querySelectorAll("*").length).toBe(0);
    }
  });
});

describe("what is odd is made visible", () => {
  test("newlines and tabs are signs", () => {
    const shown = element("\n\t");
    expect(shown.textContent).toBe("⏎⇥");
    expect(shown.querySelectorAll(".lmw-sign").length).toBe(2);
  });

  test("a newline inside a token keeps its neighbours", () => {
    expect(element("a\nb").textContent).toBe("a⏎b");
  });

  test("zero-width and combining characters alone are named", () => {
    expect(element("\u200d").textContent).toBe("U+200D");
    expect(element("\u0301").textContent).toBe("U+0301");
    expect(element("👩‍👩‍👧").textContent).toBe("👩‍👩‍👧");
  });

  test("only spaces are shown as such on a line of their own", () => {
    expect(element(" ").textContent).toBe("␣");
    expect(name("  ")).toBe("(2 spaces)");
  });

  test("byte fragments say which character they are of", () => {
    const more = { kind: ["bytes"], whole: ["😀"] };
    expect(element("F0 9F", more).className).toContain("lmw-token-bytes");
    expect(name("F0 9F", more)).toBe("bytes F0 9F of 😀");
  });

  test("special tokens keep their own text", () => {
    expect(element("[CLS]", { kind: ["special"] }).textContent).toBe("[CLS]");
  });
});

test("a leading space is dropped in a column and kept in flowing text", () => {
  expect(element(" the").textContent).toBe("the");
  expect(tokenElement(fakeTokens([" the"]), 0).textContent).toBe(" the");
});

test("a token of 10,000 characters is cut in a column and whole in flowing text", () => {
  const text = "x".repeat(10000);
  expect((element(text).textContent ?? "").length).toBeLessThan(100);
  expect(tokenElement(fakeTokens([text]), 0).textContent).toBe(text);
});

test("a cut never halves an emoji", () => {
  expect(element("😀".repeat(200)).textContent).toMatch(/^(😀)+…$/u);
});

test("right-to-left tokens are isolated", () => {
  const shown = element("مرحبا");
  expect(shown.dir).toBe("auto");
  expect(shown.dataset.token).toBe("0");
});

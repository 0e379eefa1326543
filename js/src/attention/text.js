/** What is said of a whole text: its turns and segments, its direction, its plain form. */

/** @typedef {import("../core/types").Tokens} Tokens */

const TEXTS = ["first text", "second text"];

/**
 * Stretches of tokens that belong together: chat turns, or the two texts of a pair.
 * @param {Tokens} tokens
 * @returns {{name: string, from: number, to: number}[]}
 */
export function runs(tokens) {
  const { role, segment } = tokens;
  const pair = segment?.some((value) => value !== segment[0]) ? segment : null;
  const nameOf = (/** @type {number} */ i) => {
    if (role?.[i]) return role[i];
    return pair ? (TEXTS[pair[i]] ?? `text ${pair[i] + 1}`) : null;
  };
  /** @type {{name: string, from: number, to: number}[]} */
  const found = [];
  for (let i = 0; i < tokens.text.length; i++) {
    const name = nameOf(i);
    if (!name) continue;
    const last = found[found.length - 1];
    if (last && last.name === name && last.to === i) last.to = i + 1;
    else found.push({ name, from: i, to: i + 1 });
  }
  return found;
}

/** Whether the text runs from right to left: by its first letter that has a direction. @param {Tokens} tokens */
export function isRightToLeft(tokens) {
  const first = /\p{L}/u.exec(tokens.text.filter((_, i) => tokens.kind[i] === "text").join(""));
  return Boolean(
    first &&
      /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u.test(first[0]),
  );
}

/**
 * What the model read, the texts of a pair on lines of their own.
 * @param {string} text
 * @param {Tokens | null} tokens
 */
export function wholeText(text, tokens) {
  const pair = tokens?.segment;
  if (!tokens || !pair) return text;
  const second = pair.findIndex((value, i) => i > 0 && value !== pair[i - 1]);
  const at = second < 0 ? 0 : tokens.start[second];
  if (at <= 0 || at >= text.length || /\s$/.test(text.slice(0, at))) return text;
  return `${text.slice(0, at)}\n${text.slice(at).trimStart()}`;
}

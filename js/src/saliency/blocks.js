/** A text in display order: turns of a chat, texts of a pair, an answer. */

/** @typedef {import("../core/types").Tokens} Tokens */

/** Key of the block that holds an answer. */
export const ANSWER = "answer";

/**
 * Tokens in display order, gathered into blocks (chat turns, segments of a pair) and, inside
 * them, groups: the byte fragments of one character stand together.
 * @param {Tokens} tokens
 * @param {number | null} [answer] first token of an answer, which is a block of its own
 * @returns {import("./types").Block[]}
 */
export function blocks(tokens, answer = null) {
  /** @type {import("./types").Block[]} */
  const result = [];
  const names = blockNames(tokens);
  if (answer !== null) names.fill(ANSWER, answer);
  let previousEnd = -1;
  for (let index = 0; index < tokens.text.length; index++) {
    let block = result.at(-1);
    if (!block || block.key !== names[index]) {
      block = { key: names[index], role: tokens.role?.[index] ?? null, groups: [] };
      result.push(block);
      previousEnd = -1;
    }
    block.role ??= tokens.role?.[index] ?? null;
    const group = block.groups.at(-1);
    const overlaps = tokens.kind[index] === "bytes" && tokens.start[index] < previousEnd;
    if (overlaps && group && tokens.kind[group[0]] === "bytes") group.push(index);
    else block.groups.push([index]);
    previousEnd = tokens.end[index];
  }
  return result;
}

/**
 * Which block each token is in. Template tokens without a role open the turn that follows them.
 * @param {Tokens} tokens
 * @returns {string[]}
 */
function blockNames({ role, segment, text }) {
  const names = /** @type {string[]} */ (new Array(text.length).fill(""));
  if (role) {
    let turn = 0;
    let current = /** @type {string | null} */ (null);
    for (let index = text.length - 1; index >= 0; index--) {
      const own = role[index];
      if (own && own !== current) {
        turn += 1;
        current = own;
      }
      names[index] = `turn ${Math.max(turn, 1)}`;
    }
  } else if (segment?.some((value) => value !== segment[0])) {
    for (let index = 0; index < text.length; index++) names[index] = `segment ${segment[index]}`;
  }
  return names;
}

/** The line over the picture: what is made of what. */

import { textButton } from "../../core/controls.js";
import { h } from "../../core/dom.js";
import { tokenName } from "../../core/tokens.js";
import { shareText, WORTH_A_NUMBER } from "./labels.js";
import { levelName, sourcesOf } from "./tips.js";
import { live, OF_WEIGHTS } from "./toolbar.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types").Trace} Trace */
/** @typedef {import("../../core/types").Tokens} Tokens */
/** @typedef {ReturnType<ReturnType<typeof import("./view.js").traces>["shown"]>} Shown */
/** @typedef {Node | string | null} Part */

/** A first token with a larger share hides all the others. */
export const SINK = 0.9;
/** What an output does with its sources, where "is made of" would say too much. @type {Record<string, string>} */
const VERB = { flow: " can draw on ", relevance: " takes relevance from " };

/**
 * @param {{tokens: Tokens, shown: Shown, hover: import("./types").Node | null, selected: Trace | null, store: Store}} now
 *   selected: what the selected node is made of
 * @returns {Part[]}
 */
export function sentence({ tokens, shown, hover, selected, store }) {
  const { trace, node } = shown;
  const name = (/** @type {number} */ token) => h("bdi", null, `“${tokenName(tokens, token, 24)}”`);
  if (trace && trace.source !== null) {
    const whole = selected?.levels[0][trace.source] ?? 0;
    const where = node
      ? [" makes ", h("b", null, shareText(Math.abs(whole))), " of ", name(node.token)]
      : [" goes this way through the layers"];
    return [h("b", null, name(trace.source)), ...where];
  }
  if (!node) return ["Hover a node to see what it is made of; click to keep it."];
  const { explains, method } = store.figure;
  const head = [
    explains ? `For ${explains}: ` : "",
    h("b", null, name(node.token)),
    ` ${levelName(node, store.figure)}`,
  ];
  if (!trace) return [...head, untraced(shown, store)];
  const sources = sourcesOf(trace, 5).filter(
    (source, i) => i === 0 || Math.abs(source.share) >= WORTH_A_NUMBER,
  );
  const made = sources.flatMap(({ token, share }, i) => [
    i > 0 ? ", " : "",
    name(token),
    ` ${shareText(Math.abs(share))}`,
  ]);
  const [top] = sources;
  const sinks = top?.token === 0 && top.share > SINK && node.token !== 0 && hover === null;
  const offered = sinks && live(store) && OF_WEIGHTS.includes(store.figure.method);
  return [...head, VERB[method] ?? " is made of ", ...made, offered ? withoutFirst(store) : null];
}

/** Why there are no sources of the node shown. @param {Shown} shown @param {Store} store */
function untraced({ local }, { figure, status }) {
  if (local) return ": what its layer lets in";
  if (figure.linear) return "";
  const coming = status.state === "loading";
  return coming ? ": its maximum flow is being computed" : ": its maximum flow was not computed";
}

/** A first token that takes all is a sink: the rest is one click away. @param {Store} store */
function withoutFirst(store) {
  const button = textButton({
    label: "leave the first token out",
    title: "Models rest their attention on the first token when they have nothing to do",
    onClick: () => store.set({ hide_first: true }),
  });
  button.classList.add("lmw-flow-offer");
  return button;
}

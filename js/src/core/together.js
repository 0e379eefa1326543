/**
 * Widgets that were linked speak to one another inside the page, so that a token lights up
 * everywhere with no kernel in between. Widgets are separate bundles: they share the document only.
 */

/** @typedef {import("./types").Model} Model */

const EVENT = "lmwidget:together";

/**
 * @typedef {object} Hover what the pointer or the keyboard is on
 * @property {"query" | "key" | null} side null: the token, whatever it does there
 * @property {number} index of the token
 */

/**
 * Join the group that Python named in the trait `_group`. Hovering always goes from widget to
 * widget; chosen values (layer, heads, token) only where no kernel links them.
 * @param {Model} model
 * @param {{onHover: (hover: Hover | null) => void, shares?: string[]}} options `shares`: traits
 *   that linked widgets have in common
 */
export function together(model, { onHover, shares = ["layer", "heads", "token", "side"] }) {
  const self = {};
  let receiving = false;
  const group = () => String(model.get("_group") ?? "");
  const alone = () => Boolean(model.lmwStandalone) || model.comm_live === false;

  /** @param {Record<string, unknown>} detail */
  const tell = (detail) => {
    if (!group()) return;
    document.dispatchEvent(
      new CustomEvent(EVENT, { detail: { ...detail, group: group(), from: self } }),
    );
  };

  /** @param {Event} event */
  function hear(event) {
    const { detail } = /** @type {CustomEvent} */ (event);
    if (detail.from === self || !group() || detail.group !== group()) return;
    if ("hover" in detail) onHover(detail.hover);
    if (!("trait" in detail) || !shares.includes(detail.trait) || !alone()) return;
    receiving = true;
    try {
      model.set(detail.trait, detail.value);
    } finally {
      receiving = false;
    }
  }
  document.addEventListener(EVENT, hear);

  const handlers = shares.map((trait) => {
    const handler = () => {
      if (!receiving && alone()) tell({ trait, value: model.get(trait) });
    };
    model.on(`change:${trait}`, handler);
    return () => model.off(`change:${trait}`, handler);
  });

  return {
    /** @param {Hover | null} hover what is hovered here; null: nothing any more */
    hover(hover) {
      tell({ hover });
    },
    destroy() {
      document.removeEventListener(EVENT, hear);
      for (const off of handlers) off();
    },
  };
}

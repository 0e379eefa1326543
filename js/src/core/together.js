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
    if (!("trait" in detail) || !alone()) return;
    const values = taken(detail, shares, model.get("_figure") ?? {});
    receiving = true;
    try {
      for (const [trait, value] of Object.entries(values)) model.set(trait, value);
    } finally {
      receiving = false;
    }
  }
  document.addEventListener(EVENT, hear);

  const handlers = shares.map((trait) => {
    const handler = () => {
      if (receiving || !alone()) return;
      const has = (/** @type {string} */ name) => shares.includes(name);
      tell({
        trait,
        value: model.get(trait),
        layer: model.get("_figure")?.layer_numbers?.[model.get("layer")],
        key: has("key") ? model.get("key") : null,
        side: has("side") ? model.get("side") : "query",
      });
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

/**
 * What a widget takes over of a value that was chosen elsewhere.
 * @param {{trait: string, value: any, layer?: number, key: number | null, side: string}} said
 *   layer: the model's own number of the layer chosen there
 * @param {string[]} shares
 * @param {{layer_numbers?: number[], heads?: number[]}} figure
 * @returns {Record<string, unknown>}
 */
function taken(said, shares, figure) {
  const { trait, value } = said;
  if (!shares.includes(trait)) return {};
  if (trait === "token") return takenToken(said, shares);
  if (trait === "layer") return takenLayer(said, figure.layer_numbers);
  if (trait !== "heads") return { [trait]: value };
  const most = Math.max(...(figure.heads ?? [Number.POSITIVE_INFINITY]));
  const there = value.filter((/** @type {number} */ head) => head < most);
  return there.length === 0 && value.length > 0 ? {} : { heads: there };
}

/** @param {{value: number, layer?: number}} said @param {number[]} [numbers] of the layers here */
function takenLayer({ value, layer }, numbers) {
  if (layer === undefined || !numbers) return { layer: value };
  const at = numbers.indexOf(layer);
  return at < 0 ? {} : { layer: at };
}

/**
 * A token means a query, unless its widget says that it is looked at.
 * @param {{value: any, key: number | null, side: string}} said
 * @param {string[]} shares
 */
function takenToken({ value, key, side }, shares) {
  const [sides, keys] = [shares.includes("side"), shares.includes("key")];
  if (!sides && keys && side === "key") return { key: value };
  return { ...(sides ? { side } : {}), token: value, ...(keys ? { key } : {}) };
}

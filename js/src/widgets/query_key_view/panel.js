/** The numbers of the plot as a table: for reading, and for screen readers. */

import { h, replace } from "../../core/dom.js";
import { number } from "../../core/format.js";
import { ordered, sums } from "./data.js";

/** @typedef {import("./types").Pair} Pair */

export function dimensionTable() {
  const element = h("div", {
    class: "lmw-table-panel",
    hidden: true,
    tabindex: "0",
    role: "region",
    "aria-label": "Table of dimensions",
  });
  return {
    element,
    /** @param {Pair} pair @param {import("./types").Order} order */
    show(pair, order) {
      if (element.hidden) return;
      const places = ordered(pair.product, order);
      const walk = sums(pair.product, places);
      const columns = ["dimension", "query", "key", "product", "sum so far"];
      replace(
        element,
        h(
          "table",
          { class: "lmw-numbers-table" },
          h(
            "thead",
            null,
            h(
              "tr",
              null,
              columns.map((name) => h("th", { scope: "col" }, name)),
            ),
          ),
          h(
            "tbody",
            null,
            places.map((place, i) =>
              h(
                "tr",
                null,
                h("th", { scope: "row" }, place),
                [pair.queryVector[place], pair.keyVector[place], pair.product[place], walk[i]].map(
                  (value) => h("td", null, number(value, 4)),
                ),
              ),
            ),
          ),
        ),
      );
    },
  };
}

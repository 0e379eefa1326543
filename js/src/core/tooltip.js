/**
 * One tooltip a widget. It lives in the browser's top layer where there is one, so a short
 * notebook output neither cuts it nor grows by it.
 */

import { h, replace } from "./dom.js";
import { clamp } from "./format.js";

const GAP = 8;

/**
 * @typedef {{left: number, right: number, top: number, bottom: number}} Box in viewport pixels
 * @typedef {{x: number, y: number}} Point
 */

/**
 * @param {HTMLElement} root
 */
export function tooltip(root) {
  const element = h("div", { class: "lmw-tooltip", role: "tooltip", popover: "manual" });
  root.appendChild(element);
  const layered = typeof element.showPopover === "function";
  let open = false;

  /**
   * @param {Box | Point} anchor
   * @param {Node | string} content
   * @param {{side?: "below" | "left" | "right"}} [options] where to try first
   */
  function show(anchor, content, { side = "below" } = {}) {
    replace(element, content);
    if (!open) {
      if (layered) element.showPopover();
      else element.classList.add("lmw-open");
      open = true;
    }
    const box =
      "left" in anchor
        ? anchor
        : { left: anchor.x, right: anchor.x, top: anchor.y, bottom: anchor.y };
    const { x, y } = place(box, element.offsetWidth, element.offsetHeight, side);
    const origin = layered ? { left: 0, top: 0 } : root.getBoundingClientRect();
    element.style.left = `${Math.round(x - origin.left)}px`;
    element.style.top = `${Math.round(y - origin.top)}px`;
  }

  function hide() {
    if (!open) return;
    open = false;
    if (layered) element.hidePopover();
    else element.classList.remove("lmw-open");
  }

  return {
    element,
    show,
    hide,
    destroy() {
      hide();
      element.remove();
    },
  };
}

/**
 * The top left corner: the wished side, else below, else above; always inside the viewport.
 * @param {Box} box
 * @param {number} width
 * @param {number} height
 * @param {"below" | "left" | "right"} side
 * @returns {Point}
 */
export function place(box, width, height, side) {
  const [W, H] = [document.documentElement.clientWidth, document.documentElement.clientHeight];
  const inside = (/** @type {number} */ v, /** @type {number} */ most) => clamp(v, 4, most - 4);
  const beside = side === "left" ? box.left - GAP - width : box.right + GAP;
  if (side !== "below" && beside >= 4 && beside + width <= W - 4) {
    return { x: beside, y: inside((box.top + box.bottom) / 2 - height / 2, H - height) };
  }
  const below = box.bottom + GAP;
  const y = below + height <= H - 4 || box.top - GAP - height < 4 ? below : box.top - GAP - height;
  return { x: inside((box.left + box.right) / 2 - width / 2, W - width), y };
}

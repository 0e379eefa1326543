/** The pointer over the picture: which node or edge it is on, and which node was picked. */

/** @typedef {import("./types").Node} Node */
/** @typedef {import("./types").Edge} Edge */
/** @typedef {import("./geometry.js").Geometry} Geometry */

/** The pointer crosses gaps between nodes: what it left stays for a moment. */
const LINGER = 70;

/** @param {Node | null} a @param {Node | null} b */
export const sameNode = (a, b) => a?.level === b?.level && a?.token === b?.token;

/**
 * @param {HTMLElement} scroller
 * @param {{place: () => Geometry, edges: () => Edge[], onHover: (node: Node | null) => void,
 *   onEdge: (edge: Edge | null, at: {x: number, y: number}) => void,
 *   onPick: (node: Node | null) => void}} on
 */
export function watchPointer(scroller, { place, edges, onHover, onEdge, onPick }) {
  /** @type {Node | null} */
  let last = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let frame = 0;
  let onAnEdge = false;

  /** @param {Node | null} node */
  function hover(node) {
    clearTimeout(timer);
    if (sameNode(node, last)) return;
    last = node;
    onHover(node);
  }
  /** @param {MouseEvent} event */
  function spot(event) {
    const origin = scroller.getBoundingClientRect();
    return { x: event.clientX - origin.left, y: event.clientY - origin.top };
  }
  /** @param {PointerEvent} event */
  function look(event) {
    const { x, y } = spot(event);
    const node = place().nodeAt(x, y);
    scroller.style.cursor = node ? "pointer" : "";
    if (node) hover(node);
    else {
      clearTimeout(timer);
      timer = setTimeout(() => hover(null), LINGER);
    }
    const edge = node ? null : place().edgeAt(edges(), x, y);
    if (edge || onAnEdge) onEdge(edge, { x: event.clientX, y: event.clientY });
    onAnEdge = edge !== null;
  }
  const move = (/** @type {PointerEvent} */ event) => {
    if (event.pointerType === "touch") return;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => look(event));
  };
  const leave = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    timer = setTimeout(() => hover(null), LINGER);
    onEdge(null, { x: 0, y: 0 });
    onAnEdge = false;
  };
  const click = (/** @type {MouseEvent} */ event) => {
    if (event.target instanceof Element && event.target.closest("button")) return;
    const { x, y } = spot(event);
    onPick(place().nodeAt(x, y));
  };
  scroller.addEventListener("pointermove", move);
  scroller.addEventListener("pointerleave", leave);
  scroller.addEventListener("click", click);
  return {
    destroy() {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      scroller.removeEventListener("pointermove", move);
      scroller.removeEventListener("pointerleave", leave);
      scroller.removeEventListener("click", click);
    },
  };
}

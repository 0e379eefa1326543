import type { Chosen, Side } from "../../attention/types";
import type { Envelope, Theme } from "../../core/types";

export type { AttentionWire, Figure, Side, TokenPair } from "../../attention/types";

/** What the reader chose; every field is a trait that Python sees too. */
export interface State extends Chosen {
  side: Side;
  threshold: number;
  top_k: number | null;
  hide_special: boolean;
  hide_first: boolean;
  renormalise: boolean;
  pair: "all" | "A→A" | "A→B" | "B→A" | "B→B";
  collapsed: number[];
  step: number | null;
  view: "columns" | "arcs" | "lines";
  search: string;
}

/** The trait `_focus`: every weight of the pinned token. */
export interface FocusWire {
  layer: number;
  heads: number[];
  side: Side;
  token: number;
  weights: Envelope;
}

/** Edges of one picture, strongest first, with the edges of each query and of each key. */
export interface EdgeSet {
  count: number;
  query: Uint32Array;
  key: Uint32Array;
  head: Uint16Array;
  weight: Float32Array;
  byQuery: EdgeIndex;
  byKey: EdgeIndex;
  /** The end of the scale: 1, or the largest absolute weight. */
  most: number;
}

export interface EdgeIndex {
  offsets: Uint32Array;
  edges: Uint32Array;
}

export type Line = import("../../attention/links.js").Link;

export interface Place {
  side: Side;
  index: number;
}

export interface Target {
  index: number;
  /** The largest weight over the heads shown, and the head that gives it. */
  weight: number;
  head: number;
}

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** One way to lay out tokens and edges; coordinates are those of its canvas. */
export interface View {
  element: HTMLElement;
  base: HTMLCanvasElement;
  ghost: HTMLCanvasElement;
  overlay: HTMLCanvasElement;
  numbers: HTMLElement;
  /** Measure again; returns the canvas size in CSS pixels. */
  measure(): { width: number; height: number };
  /** Whether an edge between these tokens would be seen at the present scroll position. */
  sees(query: number, key: number): boolean;
  /** Add the curve of an edge to the present path. */
  trace(context: CanvasRenderingContext2D, query: number, key: number): void;
  /** Where a token's text is on the canvas, or null when it is out of view. */
  box(side: Side, index: number): Rect | null;
  /** Where the number of a target goes, in the coordinates of `numbers`; null: nowhere. */
  numberPlace(
    side: Side,
    index: number,
  ): { x: number; y: number; align: "left" | "right" | "center" } | null;
  tokenElement(side: Side, index: number): HTMLElement | null;
  scrollTo(side: Side, index: number): void;
  /** Tokens of this side that are in view, first and one past the last. */
  range(side: Side): [number, number];
  groups: HTMLElement[];
  /** Which arrow keys move through a group, when not told by their number. */
  orientation?: "both";
  /** Where strong targets out of view are named, when not in the element itself. */
  edge?: HTMLElement;
  /** Paint the whole text in small: all edges, or where one token looks. */
  overview?(
    set: EdgeSet,
    ink: import("../../attention/ink.js").Ink,
    place: Place | null,
    targets: Target[],
  ): void;
  /** What only a window on a long text has. */
  window?: LongText;
  destroy(): void;
}

/** Chat turns that can be one row each. */
export interface Turns {
  collapsed: number[];
  onToggle(run: number): void;
}

export interface LongText {
  /** Bring rows and blocks up to date, before edges are painted. */
  layOut(theme: Theme): void;
  /** Tokens that are readable at any zoom: those asked about, and the strongest targets. */
  spotlight(now: {
    hover: Place | null;
    pinned: Place | null;
    shown: Place | null;
    targets: Target[];
    ink: import("../../attention/ink.js").Ink;
  }): void;
  /** Give a class to the tokens marked with 1, those out of view included. */
  flag(name: string, side: Side, marked: Uint8Array): void;
  watch(on: PointerEvents): PointerWatch;
  zoom(step: -1 | 0 | 1): void;
  /** Edges painted when nothing is isolated. */
  budget(moving: boolean): { starting: number; ending: number };
  /** How many neighbouring tokens share a line. */
  bundle(): number;
}

export interface PointerEvents {
  onHover(place: Place | null, byKeyboard: boolean): void;
  /** null: a click beside the tokens. */
  onPick(place: Place | null): void;
}

export interface PointerWatch {
  /** Make a token the one that Tab comes back to. */
  select(place: Place): void;
  destroy(): void;
}

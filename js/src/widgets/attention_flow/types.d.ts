import type { Figure as AttentionFigure, Chosen } from "../../attention/types";
import type { Envelope } from "../../core/types";

export type { AttentionWire, TokenPair } from "../../attention/types";

/** What the reader chose; every field is a trait that Python sees too. */
export interface State extends Omit<Chosen, "mean"> {
  method: string;
  target: string | number | null;
  foil: string | number | null;
  hide_first: boolean;
  hide_special: boolean;
  threshold: number;
  top_k: number | null;
  fold: boolean | null;
}

export interface Method {
  name: string;
  summary: string;
  /** Why it cannot be chosen here, or null. */
  why_not: string | null;
}

export interface Figure extends AttentionFigure {
  methods: Method[];
  /** The method that is drawn, its name in words, and what its numbers are. */
  method: string;
  label: string;
  unit: string;
  /** What a method with gradients explains, or empty. */
  explains: string;
  /** Share of the residual stream in each step, where the method has one. */
  residual: number | null;
  /** Whether a node begins with 1 of itself, which is left out. */
  minus_own: boolean;
  /** Whether traces are products of steps. */
  linear: boolean;
}

/** A token after a layer: level 0 is the input, level i + 1 is after the layer of index i. */
export interface Node {
  level: number;
  token: number;
}

/** An edge from `key` at the level `layer` to `query` at the next. */
export interface Edge {
  layer: number;
  query: number;
  key: number;
  /** Share of what passes its layer, 0 to 1. */
  share: number;
}

/** On which ways the sources of a node come to it; or where one input goes. */
export interface Trace {
  /** Share of each token at each level, from the input on. */
  levels: Float64Array[];
  /** What is in the node of each input, in the method's own unit. */
  row: Float64Array;
  /** Weakest first. */
  edges: Edge[];
  /** Where it ends. */
  end: Node | null;
  /** The one input that is followed; null: all. */
  source: number | null;
}

export interface TraceWire {
  token: number;
  layer: number;
  nodes: Envelope;
  layers: Envelope;
  queries: Envelope;
  keys: Envelope;
  weights: Envelope;
}

/** A line of the picture: a token, or tokens that are folded away. */
export type Row = { top: number; height: number; from: number; to: number; gap: boolean };

export interface Layout {
  rows: Row[];
  height: number;
  /** Middle of each token's row; of a folded one, of the gap it is in. */
  y: Float32Array;
  /** 1 for tokens that are folded away. */
  folded: Uint8Array;
}

/** Where things are, in CSS pixels of the stage. */
export interface Frame {
  width: number;
  height: number;
  /** x of the input and of the last layer. */
  from: number;
  to: number;
  scroll: number;
}

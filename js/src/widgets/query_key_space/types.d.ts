/** The traits of a QueryKeySpace; the Python side is widgets/query_key_wire.py. */

import type { Figure as AttentionFigure, Side } from "../../attention/types";
import type { Envelope, ThemePreference, Tokens } from "../../core/types";

export type { Side };

export type Method = "pca" | "tsne" | "umap";
export type Colour = "kind" | "position" | "token" | "sentence" | "norm";

export interface State {
  text: string;
  layer: number;
  heads: number[];
  method: Method;
  colour: Colour;
  sentence: number;
  token: number | null;
  side: Side;
  search: string;
  theme: ThemePreference;
}

export interface Figure extends AttentionFigure {
  /** Memory that Python holds for the queries and keys of all layers. */
  bytes: number;
}

export interface SpaceWire {
  layer: number;
  head: number;
  method: Method;
  explained: number[];
  scale: number;
  agreement: number | null;
  /** Keys sent of each query; null: all. */
  top: number | null;
  points: Envelope;
  sentence: Envelope;
  norms: Envelope;
  weights: Envelope;
  columns: Envelope;
  offsets: Envelope;
  rowscale: Envelope;
}

/** A point: the query or the key of one token of all sentences. */
export interface Point {
  side: Side;
  /** Counted over all sentences. */
  token: number;
}

/** Another token of the same sentence, and the weight between the two. */
export interface Partner {
  token: number;
  weight: number;
}

/** How points are coloured, and what that is called. */
export interface Colouring {
  /** Of a point. */
  of: (point: Point) => string;
  legend:
    | { form: "marks"; items: { name: string; colour: string; side?: Side }[]; note: string }
    | { form: "strip"; colours: string[]; low: string; high: string; unit: string };
}

export interface Sentences {
  sentences: Tokens[];
}

/** The traits of a QueryKeyView; the Python side is widgets/query_key_part.py. */

import type { Envelope, ThemePreference, Tokens } from "../../core/types";

export type Order = "dimension" | "contribution";

export interface State {
  text: string;
  layer: number;
  heads: number[];
  /** The query. */
  token: number | null;
  key: number | null;
  order: Order;
  kind: string;
  theme: ThemePreference;
}

export interface PartWire {
  layer: number;
  head: number;
  best: [query: number, key: number];
  /** Null: all. */
  queries: number[] | null;
  keys: number[] | null;
  query: Envelope;
  key: Envelope;
  rows: Envelope;
  weights: Envelope | null;
  names: string[][];
  symbols: string[][];
  notes: Record<string, string>;
  best_keys: number[];
  hidden: number[];
  sinks: ([score: number, share: number] | null)[];
}

/** Partner of each dimension under the rotation of positions, −1 for none; null when not known. */
export interface Rotary {
  used: boolean;
  partners: number[] | null;
}

export interface Step {
  name: string;
  symbol: string;
  note: string;
  value: number;
  /** For the keys that were sent. */
  row: Float32Array;
}

export interface Pair {
  query: number;
  key: number;
  queryVector: Float32Array;
  keyVector: Float32Array;
  product: Float64Array;
  steps: Step[];
  score: number;
  weight: number;
}

/** One key in the list. */
export interface KeyRow {
  key: number;
  score: number;
  weight: number;
  product: Float64Array;
}

/** All that is known of one query. */
export interface Row {
  keys: KeyRow[];
  /** What is not listed. */
  rest: { count: number; weight: number };
  hidden: number;
  sink: [score: number, share: number] | null;
  /** Largest |product| of a dimension over the keys listed. */
  largest: number;
}

/** Largest absolute values, and the extremes of the sums. */
export interface Scales {
  query: number;
  key: number;
  product: number;
  low: number;
  high: number;
}

export interface TokenSides {
  query: Tokens;
  key: Tokens;
}

/** What the widgets of attention have in common; the Python side is widgets/attention_widget.py. */

import type { Envelope, ThemePreference, Tokens } from "../core/types";

export type Side = "query" | "key";

/** What the reader chose in any widget of attention; every field is a trait. */
export interface Chosen {
  text: string;
  layer: number;
  heads: number[];
  mean: boolean;
  token: number | null;
  kind: string;
  theme: ThemePreference;
}

export interface Figure {
  model: string;
  title: string;
  /** One sentence on what was done to the weights, or empty. */
  note: string;
  /** Whether weights may be negative, as in a difference. */
  signed: boolean;
  /** What a weight is: "share" of a head's attention, or another quantity. */
  unit?: string;
  /** Of a text that the model wrote: the first token that was written. */
  start?: number | null;
  layers: number;
  layer_numbers: number[];
  heads: number[];
  kinds: string[];
  causal: boolean;
  editable: boolean;
  /** Keys sent of each query of what is shown; null when all were. */
  top_per_row: number | null;
}

export interface AttentionWire {
  layers: number[];
  /** Which heads were sent, in their order; null or absent: all of them. */
  heads?: number[] | null;
  format: "dense" | "csr";
  weights: Envelope;
  columns?: Envelope;
  offsets?: Envelope;
  rowscale?: Envelope;
  kept?: Envelope;
}

/** The trait `_sums`: what each query gives to groups of keys. */
export interface SumsWire {
  layers: number[];
  heads?: number[] | null;
  groups: Envelope;
  sums: Envelope;
}

export interface TokenPair {
  query: Tokens;
  key: Tokens | null;
}

import type { Figure as AttentionFigure, Side } from "../../attention/types";
import type { Envelope, ThemePreference, Tokens } from "../../core/types";

export type { Side, TokenPair } from "../../attention/types";

export interface Figure extends AttentionFigure {
  /** Whether Python can label the heads by what they do. */
  labels: boolean;
}

/** What the reader chose; every field is a trait that Python sees too. */
export interface State {
  text: string;
  kind: string;
  theme: ThemePreference;
  layer: number;
  heads: number[];
  token: number | null;
  side: Side;
  /** Name of the number under each head; empty for none. */
  statistic: string;
  order: "head" | "statistic" | "type";
  flat: boolean;
  descending: boolean;
  at_least: number | null;
  at_most: number | null;
  show_types: string[];
  scale: "head" | "global";
  size: number | null;
  types: boolean;
}

export interface ThumbnailsWire {
  cells: Envelope;
  largest: Envelope;
  heads: [layer: number, head: number][];
  block: [queries: number, keys: number];
  unreadable: Record<string, string>;
}

export interface StatisticsWire {
  names: string[];
  values: Envelope | null;
}

export interface TypesWire {
  /** For each thumbnail the names of its types; null before anybody asked. */
  labels: string[][] | null;
  /** How plainly, for each of the labels. */
  scores: number[][];
  /** What a head of each type looks at. */
  meanings: Record<string, string>;
  /** Why the heads could not be labelled. */
  error: string;
}

export interface DetailWire {
  heads: [layer: number, head: number][];
  block: [queries: number, keys: number];
  weights: Envelope;
}

/** A token that is hovered; side null: the token, wherever it stands. */
export interface Lit {
  side: Side | null;
  index: number;
}

/** Where a thumbnail is: a line of the sheet, and its place in it. */
export interface Spot {
  head: number;
  row: number;
  column: number;
}

/** What stands where. Rows that have no heads say why. */
export interface Arrangement {
  flat: boolean;
  spots: Spot[];
  /** Spot of each thumbnail, or -1. */
  spotOf: Int32Array;
  rows: { layer: number | null; spots: number[]; note: string }[];
  columns: number;
  /** Whether columns are head numbers: then they are written above. */
  numbered: boolean;
  /** 1 for the thumbnails that pass the filters. */
  passes: Uint8Array;
  shown: number;
}

/** Sizes in CSS pixels. */
export interface Metrics {
  side: number;
  pitchX: number;
  pitchY: number;
  /** Room for the names of layers and heads. */
  left: number;
  top: number;
  /** Height of the name above a thumbnail, and of what stands under it. */
  name: number;
  line: number;
  /** Of all thumbnails. */
  width: number;
  height: number;
  columns: number;
}

/** One weight that is pointed at; a block of them in long texts. */
export interface CellRead {
  weight: number;
  query: number;
  key: number;
  block: [number, number];
}

export interface Texts {
  query: Tokens;
  key: Tokens;
}

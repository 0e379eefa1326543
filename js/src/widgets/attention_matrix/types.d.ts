import type { Figure as AttentionFigure, Chosen, Side } from "../../attention/types";
import type { Envelope, Tokens } from "../../core/types";
import type { Cells } from "../../heat/cells";
import type { Scale } from "../../heat/paint";

export type { AttentionWire, Side, TokenPair } from "../../attention/types";

export type Pool = "token" | "word" | "sentence" | "turn";

/** What the reader chose; every field is a trait that Python sees too. */
export interface State extends Omit<Chosen, "mean"> {
  side: Side;
  key: number | null;
  scale: Scale;
  pool: Pool;
}

/** The trait `_overview`: the whole matrix, or blocks of it. */
export interface OverviewWire {
  number: number;
  layer: number;
  heads: number[];
  pool: Pool;
  level: number;
  shape: [number, number];
  tile: number;
  cells: Envelope;
  row_largest: Envelope;
  strongest: { row: Envelope; column: Envelope; weight: Envelope };
  starts: { query: Envelope; key: Envelope } | null;
}

export interface Strong {
  row: number;
  column: number;
  weight: number;
}

/** A matrix as it is drawn, whichever way it came. */
export interface Matrix {
  /** Tells the tiles of one matrix from those of another; 0 when it came whole. */
  number: number;
  layer: number;
  heads: number[];
  pool: Pool;
  rows: number;
  columns: number;
  /** The cells that are here: of 2^level × 2^level weights each. */
  level: number;
  cells: Cells;
  tile: number;
  rowLargest: Float32Array;
  strongest: Strong[];
  query: Axis;
  key: Axis;
  signed: boolean;
  causal: boolean;
  broken: number;
}

/** What the rows or the columns stand for. */
export interface Axis {
  side: Side;
  count: number;
  tokens: Tokens;
  /** Short: for the axis. */
  label(index: number): string;
  /** Longer: for tooltips and tables. */
  name(index: number): string;
  muted(index: number): boolean;
  firstToken(index: number): number;
  ofToken(token: number): number;
  bands: { name: string; from: number; to: number }[];
}

/** One cell, or a block of them where they are too small to be told apart. */
export interface Spot {
  /** First and one past the last; null: a whole row or column is meant. */
  rows: [number, number] | null;
  columns: [number, number] | null;
}

export interface Reading extends Spot {
  /** null: not known here; NaN: not a number. */
  value: number | null;
  unseen: boolean;
}

/** What part of the matrix is in view: first cell, and pixels of a cell. */
export interface View {
  x: number;
  y: number;
  sx: number;
  sy: number;
}

/** The plot in the stage, in CSS pixels, and the size of the matrix in cells. */
export interface Room {
  left: number;
  top: number;
  width: number;
  height: number;
  rows: number;
  columns: number;
  /** Whether labels of the keys are turned. */
  turned: boolean;
}

export type Figure = AttentionFigure & { unit?: string };

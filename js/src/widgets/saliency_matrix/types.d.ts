import type { Tokens } from "../../core/types";
import type {
  Candidate,
  Level,
  MapActions,
  Measure,
  Refused,
  SaliencyStatus,
  Theme,
  ThemePreference,
  Units,
} from "../../saliency/types";
import type { Answer, Figure as TextFigure } from "../saliency_text/types";

/** What Python says about the answer: as for SaliencyText, and how coarse the rows are. */
export interface MatrixAnswer extends Answer {
  level: string;
  /** First token behind what each row wrote. */
  ends?: number[];
}

export interface Figure extends Omit<TextFigure, "answer"> {
  answer: MatrixAnswer | null;
  /** What each row is contrasted with; empty when none is. */
  foils: (Candidate | null)[];
}

/** One row of the picture: something that was written. */
export interface Row {
  /** First step (row as it crossed) and the one behind the last. */
  steps: [number, number];
  /** First unit that holds what was written, and the one behind the last. */
  unit: number;
  end: number;
  /** Whether the row is just that unit. */
  exact: boolean;
  label: string;
  probability: number | null;
  /** The number that is explained; NaN when it is not known. */
  value: number;
  /** First column that had not been written yet. */
  until: number;
  scores: Float32Array;
}

/** Everything that is drawn at a level. */
export interface Grid {
  /** Of the columns. */
  level: string;
  rowLevel: string;
  /** Whether the columns are sums of what was computed. */
  sums: boolean;
  units: Units;
  rows: Row[];
  signed: boolean;
  /** Columns that are drawn: the last one that any row has seen ends them. */
  columns: number;
  /** Columns of the input. */
  input: number;
  /** First unit of the answer. */
  start: number;
  /** End of the scale that all rows have in common. */
  limit: number;
  /** Sum of the rows. */
  whole: Float32Array;
}

/** A cell; a row or a column alone when the other is null. */
export interface Spot {
  row: number | null;
  column: number | null;
}

/** Where everything is, in pixels of the picture's content. */
export interface Layout {
  cell: number;
  height: number;
  /** Room for the labels of the rows, and above the columns. */
  left: number;
  top: number;
  /** Whether every column has its label. */
  labelled: boolean;
  /** Whether labels of columns lie side by side. */
  upright: boolean;
  columns: number;
  input: number;
  rows: number;
  width: number;
  tall: number;
}

/** The strongest input of each row, and whether they follow an order. */
export interface Strongest {
  /** Column of each row; -1 where there is none. */
  columns: number[];
  /** Rank correlation of row and column, or null when it cannot be said. */
  correlation: number | null;
  /** What chance alone reaches in 95 of 100 cases. */
  chance: number;
}

/** Everything a view draws from; made from the traits in the entry file. */
export interface MatrixState {
  text: string;
  method: string;
  token: number | null;
  step: number | null;
  theme: ThemePreference;
  strongest: boolean;
  rowScale: boolean;
  /** What the rows are; null: the same as the columns. */
  rowLevel: string | null;
  tokens: Tokens | null;
  levels: Level[];
  grid: Grid | null;
  settings: Record<string, number | string | boolean | null>;
  figure: Figure;
  status: SaliencyStatus;
  refused: Refused | null;
  busy: boolean;
  checking: boolean;
  live: boolean;
  editable: boolean;
  badge: string | null;
}

/** What the parts of the widget may ask the entry file to do. */
export interface Actions extends Omit<MapActions, "setTarget"> {
  pin(values: { step?: number | null; token?: number | null }): void;
  /** Tell linked widgets which token is hovered. */
  hover(token: number | null): void;
  setStrongest(on: boolean): void;
  setRowScale(on: boolean): void;
  /** What the rows are; null: the same as the columns. */
  setRowLevel(name: string | null): void;
}

export type { Candidate, Level, Measure, SaliencyStatus, Theme, Tokens, Units };

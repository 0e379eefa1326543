import type { Status, Theme, ThemePreference, Tokens } from "../../core/types";

/** One candidate answer of the model. */
export interface Candidate {
  id: number;
  label: string;
  probability: number;
  logit?: number;
}

export interface MethodInfo {
  name: string;
  label: string;
  summary: string;
  signed: boolean;
  slow: boolean;
}

export interface Check {
  name: string;
  value: number;
  relative: number;
  total: number;
  expected: number;
  explanation: string;
}

/** What Python says about the picture as a whole. */
export interface Figure {
  model: string;
  method: string;
  signed: boolean;
  unit: string;
  methods: MethodInfo[];
  editable: boolean;
  /** A model stands behind the figure; without the flag, judged from the methods on offer. */
  live?: boolean;
  readout: string;
  target: Candidate | null;
  foil: Candidate | null;
  check: Check | null;
  cost: { passes: number; seconds: number };
  partial: boolean;
}

/** Everything a view draws from; made from the traits in the entry file. */
export interface SaliencyState {
  text: string;
  /** The method switched on: the one asked for while busy, else the one drawn. */
  method: string;
  /** The pinned token. */
  token: number | null;
  theme: ThemePreference;
  /** Null while a new text is on its way through the model. */
  tokens: Tokens | null;
  scores: Float32Array | null;
  predictions: Candidate[];
  /** Marked in the strip: what was asked for while busy, else what is drawn. */
  target: Candidate | null;
  foil: Candidate | null;
  figure: Figure;
  status: Status;
  /** What is drawn answers an older question. */
  busy: boolean;
  /** A model can answer new questions. */
  live: boolean;
  editable: boolean;
  badge: string | null;
}

export interface Measure {
  scores: Float32Array;
  signed: boolean;
  /** Largest absolute score on the scale. */
  limit: number;
  /** Sum of the absolute scores. */
  total: number;
  /** Indices of usable scores, strongest first. */
  order: number[];
  /** 1 for the strongest; 0 where the score is not a number. */
  rank: Uint32Array;
  /** Indices drawn at the end of the scale although they lie outside it. */
  beyond: number[];
  /** Indices whose score is not a number or infinite. */
  broken: number[];
}

/** A chat turn, one text of a pair, or the whole text. */
export interface Block {
  key: string;
  role: string | null;
  /** Token indices; several when they are the byte fragments of one character. */
  groups: number[][];
}

/** What the parts of the widget may ask the entry file to do. */
export interface Actions {
  pin(index: number | null): void;
  /** Tell linked widgets which token is hovered. */
  hover(index: number | null): void;
  setTarget(id: number): void;
  setFoil(id: number | null): void;
  setMethod(name: string): void;
  submitText(text: string): void;
  stop(): void;
}

export type { Status, Theme, Tokens };

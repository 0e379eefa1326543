import type { Envelope, Status, Theme, ThemePreference, Tokens } from "../core/types";

/** One candidate answer of the model. */
export interface Candidate {
  id: number;
  label: string;
  probability: number | null;
  logit?: number | null;
  /** Tokens of a phrase. */
  ids?: number[];
  /** First and last token of an answer inside the text. */
  span?: [number, number] | null;
}

/** What the trait `target` or `foil` holds. */
export type Wanted = number | string | number[] | null;

/** A target or foil that could not be used. */
export interface Refused {
  name: "target" | "foil";
  value: Wanted;
}

export interface SettingInfo {
  name: string;
  kind: "int" | "float" | "bool" | "str";
  default: number | string | boolean | null;
}

export interface MethodInfo {
  name: string;
  label: string;
  summary: string;
  signed: boolean;
  slow: boolean;
  needs?: string;
  group?: string;
  settings?: SettingInfo[];
}

export interface Check {
  name: string;
  value: number | null;
  explanation: string;
  relative: number | null;
  total: number | null;
  expected: number | null;
  random?: number | null;
  passed?: boolean | null;
  /** Share of the random maps that the map beats. */
  beaten?: number | null;
}

/** Checks computed on demand, and what they are of. */
export interface Checks {
  rows: Check[];
  level: string;
  where: number | null;
  seconds: number | null;
}

/** A level as it crosses: the unit of each of the model's own tokens, null for the tokens. */
export interface LevelWire {
  name: string;
  parts: Envelope | null;
}

export interface Level {
  name: string;
  parts: Int32Array | null;
}

/** Units on screen. */
export interface Units {
  tokens: Tokens;
  /** First of the model's own tokens in each unit. */
  first: ArrayLike<number>;
  /** Number of the model's own tokens in each unit. */
  size: ArrayLike<number>;
  /** Unit of each of the model's own tokens; null when each is one. */
  parts: Int32Array | null;
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
  beyond: Set<number>;
  /** Indices whose score is not a number or infinite. */
  broken: number[];
  /** Units from here on have no score: they had not been written yet. */
  reach: number;
}

/** A status that may say which traits an error is about, and whether there is a picture to go back to. */
export interface SaliencyStatus extends Status {
  about?: string[];
  back?: boolean;
}

/** What a reader may ask in any widget of attribution. */
export interface AnyActions {
  setLevel(name: string): void;
  setTarget(wanted: Wanted): void;
  setFoil(wanted: Wanted): void;
  submitText(text: string): void;
  back(): void;
  stop(): void;
}

/** What a reader may ask where one map is drawn. */
export interface MapActions extends AnyActions {
  setMethod(name: string): void;
  setSettings(settings: Record<string, number | string | boolean | null>): void;
  check(): void;
}

/** A chat turn, one text of a pair, an answer, or the whole text. */
export interface Block {
  key: string;
  role: string | null;
  /** Token indices; several when they are the byte fragments of one character. */
  groups: number[][];
}

/** What the words and the legend need to know of a picture. */
export interface Described {
  signed: boolean;
  unit: string;
  of?: string;
  readout?: string;
  target: Candidate | null;
  foil: Candidate | null;
  check?: Check | null;
  partial?: boolean;
  level?: string;
  /** "start" or "end", when only that of an answer is explained. */
  ends?: string | null;
  /** The token whose label is explained, as text. */
  at?: string | null;
}

export type { Envelope, Status, Theme, ThemePreference, Tokens };

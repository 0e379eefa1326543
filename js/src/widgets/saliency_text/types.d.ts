import type { Status, Theme, ThemePreference, Tokens } from "../../core/types";
import type {
  Candidate,
  Check,
  Checks,
  Level,
  MapActions,
  Measure,
  MethodInfo,
  Refused,
  SaliencyStatus,
  Units,
  Wanted,
} from "../../saliency/types";

/** How to step through an answer; tokens are the model's own. */
export interface Answer {
  /** First token of the answer. */
  start: number;
  /** Number of tokens that are input; less than `start` where a decoder has start tokens. */
  input: number;
  /** First token of what each row wrote. */
  places: number[];
  /** Number of tokens in front of what each row wrote. */
  seen: number[];
  predictions: Candidate[];
  /** What each row is contrasted with; empty when none is. */
  foils?: (Candidate | null)[];
  values: (number | null)[];
  /** Unit of each row: rows without a foil are no difference. */
  units?: string[];
  /** The own check of each row, for methods that have one. */
  checks?: (Check | null)[];
}

/** What Python says about the picture as a whole. */
export interface Figure {
  model: string;
  method: string;
  signed: boolean;
  unit: string;
  of: string;
  /** Level that the scores were computed at. */
  level: string;
  methods: MethodInfo[];
  editable: boolean;
  /** A model stands behind the figure; without the flag, judged from the methods on offer. */
  live?: boolean;
  task: string;
  multi_label: boolean;
  readout: string;
  target: Candidate | null;
  foil: Candidate | null;
  check: Check | null;
  checks: Checks | null;
  settings: Record<string, number | string | boolean | null>;
  /** Token at which the answer was read, where the text holds one. */
  position: number | null;
  /** "start" or "end", when only that of an answer is explained. */
  ends: string | null;
  masks: number[];
  answer: Answer | null;
  cost: { passes?: number; seconds?: number };
  partial: boolean;
}

/** What is on screen: the units of a level, their scores at a step. */
export interface Shown {
  level: string;
  /** Whether the scores are sums of finer ones. */
  sums: boolean;
  units: Units;
  scores: Float32Array | null;
  measured: Measure | null;
  /** First unit of the answer, or null. */
  start: number | null;
  /** Row of the answer that is explained; null for the whole. */
  step: number | null;
  /** Unit that the step explains. */
  written: number | null;
}

/** Everything a view draws from; made from the traits in the entry file. */
export interface SaliencyState {
  text: string;
  /** The method switched on: the one asked for while busy, else the one drawn. */
  method: string;
  /** The pinned token. */
  token: number | null;
  theme: ThemePreference;
  /** The model's own tokens; null while a new text is on its way through the model. */
  tokens: Tokens | null;
  /** Levels that can be shown. */
  levels: Level[];
  shown: Shown | null;
  predictions: Candidate[];
  /** Marked in the strip: what was asked for while busy, else what is drawn. */
  target: Candidate | null;
  foil: Candidate | null;
  /** Settings asked for. */
  settings: Record<string, number | string | boolean | null>;
  figure: Figure;
  status: SaliencyStatus;
  refused: Refused | null;
  /** What is drawn answers an older question. */
  busy: boolean;
  checking: boolean;
  /** A model can answer new questions. */
  live: boolean;
  editable: boolean;
  badge: string | null;
}

/** What the parts of the widget may ask the entry file to do. */
export interface Actions extends MapActions {
  pin(token: number | null): void;
  /** Tell linked widgets which token is hovered. */
  hover(token: number | null): void;
  setOf(of: string): void;
  /** Explain the label of a token, or another mask. */
  setPosition(position: number | string | null, token?: number | null): void;
  setStep(step: number | null): void;
}

export type { Candidate, Checks, Level, Measure, MethodInfo, Status, Theme, Tokens, Units, Wanted };

import type { ThemePreference, Tokens } from "../../core/types";
import type {
  AnyActions,
  Candidate,
  Check,
  Level,
  Measure,
  MethodInfo,
  Refused,
  SaliencyStatus,
  Theme,
  Units,
} from "../../saliency/types";

/** A method as it crosses. */
export interface RowWire {
  name: string;
  label: string;
  summary: string;
  slow: boolean;
  group: string;
  signed: boolean;
  unit: string;
  check: Check | null;
  checks: Check[];
  cost: { passes?: number; seconds?: number };
  partial: boolean;
  /** Mean rank correlation with the other maps. */
  agreement: number | null;
}

export interface Figure {
  model: string;
  level: string;
  readout: string;
  of: string;
  target: Candidate | null;
  foil: Candidate | null;
  rows: RowWire[];
  agreement: (number | null)[][];
  /** Methods that could not be used, and why. */
  failures: Record<string, string>;
  known: MethodInfo[];
  live: boolean;
  editable: boolean;
  cost: { passes?: number; seconds?: number };
  partial: boolean;
}

/** A row on screen. */
export interface Row extends RowWire {
  /** Place among the methods as they arrived. */
  place: number;
  measured: Measure;
}

export type Order = "menu" | "comprehensiveness" | "agreement";

export interface CompareState {
  text: string;
  token: number | null;
  theme: ThemePreference;
  methods: string[];
  tokens: Tokens | null;
  levels: Level[];
  level: string;
  /** Whether the scores on screen are sums of finer ones, whose checks these are not. */
  sums: boolean;
  units: Units | null;
  rows: Row[];
  figure: Figure;
  status: SaliencyStatus;
  refused: Refused | null;
  busy: boolean;
  live: boolean;
  editable: boolean;
  badge: string | null;
}

export interface Actions extends AnyActions {
  pin: (token: number | null) => void;
  hover: (token: number | null) => void;
  setMethods: (methods: string[]) => void;
}

export type { Candidate, Check, Level, Measure, MethodInfo, Theme, Tokens, Units };

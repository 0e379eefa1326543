/** Shapes of what crosses the wire; the Python side is lmwidget/wire.py and lmwidget/tokens.py. */

export type Theme = "light" | "dark";
export type ThemePreference = "auto" | Theme;

export type Bytes = DataView | Uint8Array | ArrayBuffer | null | undefined;
export type Numbers =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int16Array
  | Int32Array
  | Float32Array;

export interface Envelope {
  data: Bytes;
  dtype: string;
  shape: number[];
  axes: string[];
  scale: Envelope | null;
}

/** A decoded envelope; `scale` has one factor a row (shape without its last axis). */
export interface Decoded {
  data: Numbers;
  shape: number[];
  axes: string[];
  scale: Float32Array | null;
}

export type TokenKind = "text" | "special" | "bytes" | "unknown";

/** Tokens as parallel lists; `whole` is the complete character of a byte fragment. */
export interface Tokens {
  text: string[];
  kind: TokenKind[];
  raw: string[];
  id: number[];
  word: number[];
  role: (string | null)[] | null;
  segment: number[] | null;
  start: number[];
  end: number[];
  whole: (string | null)[];
}

export interface Progress {
  done: number;
  total: number;
  seconds_left: number | null;
  /** A cell runs it, so that the kernel hears no button. */
  deaf?: boolean;
}

export interface Status {
  state: "ready" | "loading" | "empty" | "error";
  message: string;
  remedy: string;
  example: string | null;
  progress: Progress | null;
}

/** The part of the anywidget model that widgets use. */
export interface Model {
  // biome-ignore lint/suspicious/noExplicitAny: traits have every type; each widget's entry file narrows them once
  get(name: string): any;
  set(name: string, value: unknown): void;
  save_changes(): void;
  // biome-ignore lint/suspicious/noExplicitAny: event payloads come from the host
  on(event: string, handler: (...args: any[]) => void): void;
  // biome-ignore lint/suspicious/noExplicitAny: event payloads come from the host
  off(event?: string | null, handler?: ((...args: any[]) => void) | null): void;
  send(content: unknown, callbacks?: unknown, buffers?: unknown[]): void;
  /** True in a published page (host.js): there never was a kernel. */
  lmwStandalone?: boolean;
  /** False when the notebook host lost the kernel or opened a saved notebook. */
  comm_live?: boolean;
}

export interface RenderContext {
  model: Model;
  el: HTMLElement;
  signal?: AbortSignal;
}

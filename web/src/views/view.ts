// What a view is given, and what it is.

export interface Visit {
  query: ReadonlyMap<string, string>;
  /** What cannot be read, or has no answer; "" takes it away. */
  say(text: string): void;
  /** The state has become this query. */
  save(query: readonly string[]): void;
}

export interface View {
  root: HTMLElement;
  close(): void;
}

export type Open = (visit: Visit) => View;

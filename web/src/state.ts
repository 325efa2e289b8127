// All state is in the address: #line?x=-1~0~1&y=0~1~0&lam=0.01, as in the served page.

export type Value = number | string | boolean | readonly number[];
export type Fields = Record<string, Value>;

export interface Place {
  view: string;
  query: Map<string, string>;
}

export function place(hash: string): Place {
  const [view = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const found = new Map<string, string>();
  for (const part of query.split("&")) {
    const at = part.indexOf("=");
    if (at > 0) found.set(decoded(part.slice(0, at)), decoded(part.slice(at + 1)));
  }
  return { view, query: found };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The defaults with what a query says of them; `problems` names what could not be read. */
export function read<T extends Fields>(defaults: T, query: ReadonlyMap<string, string>, problems: string[]): T {
  const found: Fields = { ...defaults };
  for (const [name, base] of Object.entries(defaults)) {
    const text = query.get(name);
    if (text === undefined) continue;
    const value = parsed(base, text);
    if (value === null) problems.push(`the address has ${name}=${text.slice(0, 60)}, which cannot be read; the default stays`);
    else found[name] = value;
  }
  return found as T;
}

function parsed(base: Value, text: string): Value | null {
  if (typeof base === "string") return text;
  if (typeof base === "boolean") return text === "yes" ? true : text === "no" ? false : null;
  if (typeof base === "number") return finite(text);
  const numbers = text.split("~").filter((part) => part !== "").map(finite);
  return numbers.some((one) => one === null) ? null : (numbers as number[]);
}

function finite(text: string): number | null {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) ? value : null;
}

/** The query of what differs from the defaults. */
export function written<T extends Fields>(defaults: T, state: T): string[] {
  return Object.entries(state)
    .filter(([name, value]) => said(value) !== said(defaults[name]))
    .map(([name, value]) => `${name}=${encodeURIComponent(said(value))}`);
}

function said(value: Value): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "object" ? value.join("~") : String(value);
}

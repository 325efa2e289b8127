// What minnorm has computed when the page was built.

export interface Bump {
  norm: number;
  low: number;
  high: number;
  lipschitz: number;
  profile: string;
  phi: string;
  atoms: string;
}

export interface Bumps {
  unit: number;
  between: number;
  end: number;
  plateaus: number[];
  dimensions: number[];
  /** By plateau, then dimension. */
  bumps: Bump[][];
}

export type Part =
  | { kind: "disc"; center: [number, number]; radius: number; label: number }
  | { kind: "ring"; center: [number, number]; inner: number; outer: number; label: number }
  | { kind: "polygon"; corners: [number, number][]; label: number };

export interface Between {
  within: number;
  low: number;
  high: number;
  error: number;
  neurons: string;
  scales: [number, number, number];
  offset: number;
}

export interface Drawing {
  name: string;
  says: string;
  view: number;
  parts: Part[];
  solutions: Between[];
}

export interface Drawings {
  unit: number;
  drawings: Drawing[];
}

interface Tables {
  bumps: Bumps;
  regions: Drawings;
}

let found: Tables | null = null;

export function tables(): Tables {
  found ??= JSON.parse(document.getElementById("tables")?.textContent ?? "") as Tables;
  return found;
}

/** 16-bit numbers, little-endian, in base64. */
export function unpacked(text: string): number[] {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 2 }, (_, k) => view.getInt16(2 * k, true));
}

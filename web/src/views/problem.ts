// Points, lam and penalty: what Line and Race have in common, in state, controls and plot.

import { choice, field, number, panel, type Slider, slider } from "../dom.ts";
import type { Plot, Span } from "../plot/plot.ts";
import type { Penalty, Problem } from "../solver/problem.ts";

export const MOST = 60; // points

export type Fields = {
  x: readonly number[];
  y: readonly number[];
  lam: number;
  bias: string;
  skip: string;
};

export const DEFAULTS: Fields = {
  x: [-1, -0.6, -0.2, 0.2, 0.6, 1],
  y: [0, 0.1, 0.6, 0.9, 0.4, 0.3],
  lam: 0,
  bias: "free",
  skip: "none",
};

/** What is wrong with a state that an address gave, mended in place. */
export function mended(state: Fields, problems: string[], defaults: Fields): void {
  if (state.x.length !== state.y.length) {
    problems.push(`the address has ${state.x.length} numbers x and ${state.y.length} numbers y; they must agree`);
    Object.assign(state, { x: defaults.x, y: defaults.y });
  }
  if (state.x.length > MOST) {
    problems.push(`the address has ${state.x.length} points; this page takes ${MOST}, minnorm any number`);
    Object.assign(state, { x: state.x.slice(0, MOST), y: state.y.slice(0, MOST) });
  }
  if (state.lam < 0) {
    problems.push(`the address has lam=${state.lam}; give a number >= 0`);
    state.lam = defaults.lam;
  }
  if (state.bias !== "free" && state.bias !== "penalised") {
    problems.push(`the address has bias=${state.bias}; give free or penalised`);
    state.bias = "free";
  }
  if (state.skip !== "none" && state.skip !== "free") {
    problems.push(`the address has skip=${state.skip}; give none or free`);
    state.skip = "none";
  }
}

export function problemOf(state: Fields): Problem {
  return { x: state.x, y: state.y, lam: state.lam, penalty: { bias: state.bias, skip: state.skip } as Penalty };
}

/** The first lines of the Python for a state. */
export function inPython(state: Fields): string[] {
  const list = (values: readonly number[]): string => `[${values.join(", ")}]`;
  return [
    "import minnorm as mn",
    "",
    `x = ${list(state.x)}`,
    `y = ${list(state.y)}`,
    `penalty = mn.PathNorm(bias="${state.bias}", skip="${state.skip}")`,
  ];
}

const [LEAST, DECADES, EACH] = [-5, 5, 10]; // lam from 1e-5 to 1

function lamAt(position: number, zero: boolean): number {
  if (zero && position === 0) return 0;
  return Number((10 ** (LEAST + (position - (zero ? 1 : 0)) / EACH)).toPrecision(3));
}

function positionOf(lam: number, zero: boolean): number {
  if (lam <= 0) return 0;
  const at = Math.round((Math.log10(lam) - LEAST) * EACH);
  return Math.min(Math.max(at, 0), DECADES * EACH) + (zero ? 1 : 0);
}

/** Controls for lam and the penalty; `zero`: whether lam may be 0. */
export function controls(state: Fields, zero: boolean, changed: () => void): { root: HTMLElement; refresh(): void } {
  const text = (position: number): string => {
    const lam = position === positionOf(state.lam, zero) ? state.lam : lamAt(position, zero);
    return lam === 0 ? "0: interpolate" : String(lam);
  };
  const exact = number(state.lam, (value) => {
    state.lam = value;
    refresh();
    changed();
  }, { min: zero ? "0" : "1e-6", max: "1000" });
  const lam: Slider = slider("λ, weight decay", DECADES * EACH + (zero ? 1 : 0), positionOf(state.lam, zero), text, (position) => {
    state.lam = lamAt(position, zero);
    exact.value = String(state.lam);
    changed();
  }, "0 goes through all points; more weighs the norm against the misfit");
  const bias = choice([["free", "free"], ["penalised", "penalised"]], state.bias, (value) => {
    state.bias = value;
    changed();
  });
  const skip = choice([["none", "none"], ["free", "free"]], state.skip, (value) => {
    state.skip = value;
    changed();
  });
  const refresh = (): void => {
    lam.set(positionOf(state.lam, zero));
    exact.value = String(state.lam);
    bias.value = state.bias;
    skip.value = state.skip;
  };
  const root = panel(
    "Minimise",
    lam.root,
    field("λ, exactly", exact),
    field("Biases", bias, "Penalised: biases are part of the norm, as with weight decay on all parameters"),
    field("Skip term", skip, "Free: a linear term v x costs nothing"),
  );
  return { root, refresh };
}

/** The spans that show all points, with room to drag them. */
export function spans(x: readonly number[], y: readonly number[]): [Span, Span] {
  const around = (values: readonly number[], margin: number): Span => {
    const low = values.length ? Math.min(...values) : -1;
    const high = values.length ? Math.max(...values) : 1;
    const room = margin * (high - low || Math.max(1, Math.abs(low)));
    return { low: low - room, high: high + room };
  };
  return [around(x, 0.15), around(y, 0.3)];
}

export function shows(plot: Plot, x: readonly number[], y: readonly number[]): boolean {
  const inside = (span: Span, value: number): boolean => span.low <= value && value <= span.high;
  return x.every((at, i) => inside(plot.x, at) && inside(plot.y, y[i]));
}

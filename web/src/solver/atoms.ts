// Neurons on the line, relu(facing (x - knot)) / cost, and how well a dual vector hears them.

import type { Vector } from "./algebra.ts";
import type { Penalty } from "./problem.ts";
import { cost } from "./problem.ts";

export interface Atom {
  facing: 1 | -1;
  knot: number;
}

export function active(atom: Atom, x: number): number {
  return Math.max(0, atom.facing * (x - atom.knot));
}

/** The column of an atom: its values at the points, per unit of cost. */
export function column(atom: Atom, x: readonly number[], penalty: Penalty): Vector {
  const each = cost(penalty, atom.knot);
  return Float64Array.from(x, (at) => active(atom, at) / each);
}

/** Atoms with which to begin; for free biases they are enough. `t` are the distinct points in order. */
export function first(t: readonly number[], penalty: Penalty): Atom[] {
  const last = t.length - 1;
  const knots = t.slice();
  if (penalty.bias === "penalised") {
    for (let i = 0; i < last; i++) {
      const [low, high] = [Math.atan(t[i]), Math.atan(t[i + 1])];
      const parts = Math.floor((high - low) / 0.1) + 2;
      for (let k = 1; k < parts; k++) knots.push(Math.tan(low + ((high - low) * k) / parts));
    }
  }
  const atoms: Atom[] = [];
  for (const knot of knots) {
    if (knot < t[last]) atoms.push({ facing: 1, knot });
    if (knot > t[0]) atoms.push({ facing: -1, knot });
  }
  if (penalty.bias === "penalised") {
    // Beyond the ends atoms are affine on the data: the nearest to the origin costs least.
    if (t[0] > 0) atoms.push({ facing: 1, knot: 0 });
    if (t[last] < 0) atoms.push({ facing: -1, knot: 0 });
  }
  return atoms;
}

/** The dual function of knots t for each facing, sum_i nu_i relu(facing (x_i - t)): affine between points. */
export function heard(nu: ArrayLike<number>, x: readonly number[], t: number): [number, number] {
  let right = 0;
  let left = 0;
  for (let i = 0; i < x.length; i++) {
    const ahead = x[i] - t;
    if (ahead > 0) right += nu[i] * ahead;
    else left -= nu[i] * ahead;
  }
  return [right, left];
}

export interface Summit extends Atom {
  /** h / cost there. */
  height: number;
  /** The cell: between points cell and cell + 1; -1 for points themselves and beyond the ends. */
  cell: number;
}

/**
 * All places where |h| / cost may be largest: points, the ends, and for penalised biases the one stationary point of
 * (p + q t) / sqrt(1 + t^2) between two points, t = q / p.
 */
export function summits(nu: ArrayLike<number>, t: readonly number[], x: readonly number[], penalty: Penalty): Summit[] {
  const found: Summit[] = [];
  const at = t.map((place) => heard(nu, x, place));
  const put = (facing: 1 | -1, knot: number, value: number, cell: number): void => {
    found.push({ facing, knot, height: value / cost(penalty, knot), cell });
  };
  t.forEach((place, i) => {
    put(1, place, at[i][0], -1);
    put(-1, place, at[i][1], -1);
  });
  if (penalty.bias === "free") return found;
  const last = t.length - 1;
  if (t[0] > 0) put(1, 0, heard(nu, x, 0)[0], -1);
  if (t[last] < 0) put(-1, 0, heard(nu, x, 0)[1], -1);
  for (let i = 0; i < last; i++) {
    for (const side of [0, 1] as const) {
      const q = (at[i + 1][side] - at[i][side]) / (t[i + 1] - t[i]);
      const p = at[i][side] - q * t[i];
      const knot = q / p;
      if (knot > t[i] && knot < t[i + 1]) put(side === 0 ? 1 : -1, knot, p + q * knot, i);
    }
  }
  return found;
}

// One interior-point method for interpolation and weight decay: the dual of a lasso with a free part.

import { add, dot, factor, largest, substitute, type Vector } from "./algebra.ts";

export interface Interior {
  /** Unknowns of the dual. */
  u: Vector;
  /** Mass of each column, signed. */
  mass: Vector;
}

const STEPS = 80;

/**
 * Mehrotra's predictor and corrector for
 *
 *     max y.u - rho/2 |u|^2    s.t.    |phi_k . u| <= 1 for all k
 *
 * whose multipliers are the masses of min sum |m_k| + |y - sum m_k phi_k|^2 / (2 rho), or of least sum |m_k| with
 * sum m_k phi_k = y for rho = 0. Columns and y are of size about 1; `gap` is the relative
 * one that ends it.
 */
export function interior(columns: readonly Vector[], y: Vector, rho: number, gap: number): Interior {
  const n = y.length;
  const m = columns.length;
  const u = new Float64Array(n);
  const start = Math.max(largest(y), 1e-300);
  const up = new Float64Array(m).fill(start);
  const down = new Float64Array(m).fill(start);
  const above = new Float64Array(m).fill(1); // 1 - phi.u
  const below = new Float64Array(m).fill(1); // 1 + phi.u
  const moved = new Float64Array(m);
  const change = { up: new Float64Array(m), down: new Float64Array(m) };
  const system = Array.from({ length: n }, () => new Float64Array(n));

  /** The direction for products s * mass = goal - bend; `change` and `moved` = phi.du are set. */
  const direct = (lower: Vector[], goal: number, bend: boolean): Vector => {
    const right = new Float64Array(n);
    for (let i = 0; i < n; i++) right[i] = y[i] - rho * u[i];
    const first = moved.slice();
    const before = { up: change.up.slice(), down: change.down.slice() };
    for (let k = 0; k < m; k++) {
      change.up[k] = (goal - (bend ? -first[k] * before.up[k] : 0)) / above[k] - up[k];
      change.down[k] = (goal - (bend ? first[k] * before.down[k] : 0)) / below[k] - down[k];
      add(right, columns[k], -(up[k] + change.up[k] - down[k] - change.down[k]));
    }
    const du = substitute(lower, right);
    for (let k = 0; k < m; k++) {
      moved[k] = dot(columns[k], du);
      change.up[k] += (up[k] * moved[k]) / above[k];
      change.down[k] -= (down[k] * moved[k]) / below[k];
    }
    return du;
  };
  const reach = (): [number, number] => {
    let primal = 1;
    let dual = 1;
    for (let k = 0; k < m; k++) {
      if (change.up[k] < 0) primal = Math.min(primal, -up[k] / change.up[k]);
      if (change.down[k] < 0) primal = Math.min(primal, -down[k] / change.down[k]);
      if (moved[k] > 0) dual = Math.min(dual, above[k] / moved[k]);
      if (moved[k] < 0) dual = Math.min(dual, -below[k] / moved[k]);
    }
    return [primal, dual];
  };

  for (let step = 0; step < STEPS; step++) {
    const tau = (dot(up, above) + dot(down, below)) / (2 * m);
    const value = Math.abs(dot(y, u));
    if (2 * m * tau <= gap * value) break;
    for (let i = 0; i < n; i++) {
      system[i].fill(0);
      system[i][i] = rho;
    }
    for (let k = 0; k < m; k++) {
      const column = columns[k];
      const weight = up[k] / above[k] + down[k] / below[k];
      for (let i = 0; i < n; i++) {
        const part = weight * column[i];
        if (part !== 0) for (let j = 0; j <= i; j++) system[i][j] += part * column[j];
      }
    }
    const lower = factor(system);
    direct(lower, 0, false);
    const [far, wide] = reach();
    let ahead = 0;
    for (let k = 0; k < m; k++) {
      ahead += (up[k] + far * change.up[k]) * (above[k] - wide * moved[k]);
      ahead += (down[k] + far * change.down[k]) * (below[k] + wide * moved[k]);
    }
    const centre = (ahead / (2 * m * tau)) ** 3;
    const du = direct(lower, centre * tau, true);
    let [primal, dual] = reach().map((length) => (length < 1 ? 0.995 * length : 1)) as [number, number];
    if (rho > 0) primal = dual = Math.min(primal, dual); // mass and residual are tied
    if (!(Math.max(primal, dual) > 1e-10) || !du.every(Number.isFinite)) break;
    add(u, du, dual);
    for (let k = 0; k < m; k++) {
      up[k] += primal * change.up[k];
      down[k] += primal * change.down[k];
      above[k] -= dual * moved[k];
      below[k] += dual * moved[k];
    }
  }
  return { u, mass: up.map((value, k) => value - down[k]) };
}

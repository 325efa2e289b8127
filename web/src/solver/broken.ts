// Free biases, in closed form: the least norm of a broken line's values, all minimisers, and the sparsest of them.

import { Curve } from "./problem.ts";

const ROUNDING = 4 * 2 ** -52;

/**
 * The broken line through points in order. A minimiser turns only as it does: where two neighbouring points turn the same
 * way it may lie anywhere between the chord and the chords beside it, extended. Without a free skip term, slopes beyond
 * the ends lack `missing` in all. The same as `minnorm.known.line_solutions`.
 */
export class Broken {
  readonly slopes: number[];
  readonly signs: number[];
  readonly missing: number;

  /** `turning` says how points turn where that is known better than from rounded values. */
  constructor(
    readonly t: readonly number[],
    readonly y: readonly number[],
    skip: boolean,
    turning?: readonly number[],
  ) {
    const n = t.length;
    const noise: number[] = [];
    this.slopes = [];
    for (let i = 0; i + 1 < n; i++) {
      const gap = t[i + 1] - t[i];
      this.slopes.push((y[i + 1] - y[i]) / gap);
      noise.push((ROUNDING * (Math.abs(y[i]) + Math.abs(y[i + 1]))) / gap);
    }
    this.signs = new Array<number>(n).fill(0);
    let bend = 0;
    for (let i = 1; i + 1 < n; i++) {
      const turn = this.slopes[i] - this.slopes[i - 1];
      bend += Math.abs(turn);
      this.signs[i] = turning ? turning[i] : Math.abs(turn) > noise[i - 1] + noise[i] ? Math.sign(turn) : 0;
    }
    const both = this.slopes[0] + this.slopes[n - 2];
    const missing = skip ? 0 : Math.max(0, (Math.abs(both) - bend) / 2);
    const lost = (turning ? 1e-12 : ROUNDING) * Math.abs(both) + noise[0] + noise[n - 2];
    this.missing = missing <= lost ? 0 : missing * Math.sign(both);
    if (this.missing !== 0) {
      this.signs[0] = Math.sign(this.missing);
      this.signs[n - 1] = -Math.sign(this.missing);
    }
    this.norm = bend + missing;
  }

  /** The least norm of functions with these values. */
  readonly norm: number;

  private loose(i: number): boolean {
    return this.signs[i] * this.signs[i + 1] > 0;
  }

  get unique(): boolean {
    return this.missing === 0 && this.slopes.every((_, i) => !this.loose(i));
  }

  /** The function that connects the dots. */
  get chords(): Curve {
    const last = this.slopes.length - 1;
    return new Curve(this.t, this.y, this.slopes[0], this.slopes[last]);
  }

  /** The least and the largest value of all minimisers at x. */
  band(x: number): [number, number] {
    const { t, y, slopes, missing } = this;
    const last = t.length - 1;
    const chord = this.chords.at(x);
    let far = chord;
    if (x < t[0]) far = y[0] + (slopes[0] - missing) * (x - t[0]);
    else if (x > t[last]) far = y[last] + (slopes[last - 1] - missing) * (x - t[last]);
    else {
      let i = 0;
      while (i < last - 1 && t[i + 1] <= x) i += 1;
      if (this.loose(i)) {
        const left = y[i] + (i > 0 ? slopes[i - 1] : slopes[0] - missing) * (x - t[i]);
        const right = y[i + 1] + (i + 1 < last ? slopes[i + 1] : slopes[last - 1] - missing) * (x - t[i + 1]);
        far = this.signs[i] > 0 ? Math.max(left, right) : Math.min(left, right);
      }
    }
    return chord < far ? [chord, far] : [far, chord];
  }

  /** A minimiser with as few knots as possible. */
  sparsest(): Curve {
    const { t, y, missing } = this;
    const n = t.length;
    const signs = this.signs.slice();
    let before = this.slopes[0];
    let after = this.slopes[n - 2];
    if (missing !== 0) {
      // The turn beyond an end costs no knot if a run of the same sign and odd length begins there.
      const inner = signs.slice(1, -1);
      const atLeft = !odd(inner.slice().reverse(), signs[n - 1]) || odd(inner, signs[0]);
      if (atLeft) {
        signs[n - 1] = 0;
        before -= missing;
      } else {
        signs[0] = 0;
        after -= missing;
      }
    }
    const steps = [before, ...this.slopes, after];
    const where: number[] = [];
    const level: number[] = [];
    let i = 0;
    while (i < n) {
      if (signs[i] === 0) {
        i += 1;
        continue;
      }
      let stop = i;
      while (stop < n && signs[stop] === signs[i]) stop += 1;
      if ((stop - i) % 2) {
        where.push(t[i]);
        level.push(y[i]);
        i += 1;
      }
      for (let k = i; k < stop; k += 2) {
        // The chords on both sides of cell k meet in it.
        const span = t[k + 1] - t[k];
        const meet = (y[k + 1] - y[k] - steps[k + 2] * span) / (steps[k] - steps[k + 2]);
        const into = Math.min(Math.max(meet, 0), span);
        where.push(t[k] + into);
        level.push(y[k] + steps[k] * into);
      }
      i = stop;
    }
    if (where.length === 0) return new Curve([t[0], t[n - 1]], [y[0], y[n - 1]], before, after);
    return new Curve(where, level, before, after);
  }
}

function odd(signs: readonly number[], sign: number): boolean {
  const other = signs.findIndex((value) => value !== sign);
  return (other < 0 ? signs.length : other) % 2 === 1;
}

/** The optimal dual vector of interpolation: h(1, -t) is the broken line with the values z at the points. */
export function dualOf(broken: Broken, skip: boolean): number[] {
  const { t, slopes } = broken;
  const n = t.length;
  let up = 0;
  let down = 0;
  const turns = slopes.slice(1).map((slope, i) => slope - slopes[i]);
  for (const turn of turns) {
    if (turn > 0) up += turn;
    else down -= turn;
  }
  let p = 0;
  if (!skip) p = slopes[0] > down ? 1 : -slopes[0] > up ? -1 : 0;
  const z = [p, ...turns.map((turn) => (turn > 0 ? Math.min(1, 1 + p) : turn < 0 ? Math.max(-1, p - 1) : 0)), 0];
  // Masses whose broken line has these values: its turns.
  const nu = new Array<number>(n).fill(0);
  let slope = 0;
  for (let i = 0; i + 1 < n; i++) {
    const next = (z[i + 1] - z[i]) / (t[i + 1] - t[i]);
    nu[i] = next - slope;
    slope = next;
  }
  nu[n - 1] = -slope;
  return nu;
}

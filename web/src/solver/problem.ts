// The problem on the line: points, penalty, lam; and functions on the line, as broken lines.

export interface Penalty {
  bias: "free" | "penalised";
  skip: "none" | "free";
}

export interface Problem {
  x: readonly number[];
  y: readonly number[];
  lam: number;
  penalty: Penalty;
}

/** What an atom with a knot at t and |w| = 1 costs. */
export function cost(penalty: Penalty, t: number): number {
  return penalty.bias === "penalised" ? Math.hypot(1, t) : 1;
}

/** A function that is affine between its corners t (ascending) and beyond them. */
export class Curve {
  constructor(
    readonly t: readonly number[],
    readonly y: readonly number[],
    readonly before: number,
    readonly after: number,
  ) {}

  at(x: number): number {
    const { t, y } = this;
    const last = t.length - 1;
    if (x <= t[0]) return y[0] + this.before * (x - t[0]);
    if (x >= t[last]) return y[last] + this.after * (x - t[last]);
    let low = 0;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (t[middle] <= x) low = middle;
      else high = middle;
    }
    const slope = (y[high] - y[low]) / (t[high] - t[low]);
    return x - t[low] <= t[high] - x ? y[low] + slope * (x - t[low]) : y[high] + slope * (x - t[high]);
  }
}

/** Distinct points in order; `group[i]` is the place of point i, `y` the mean of the values there. */
export interface Sorted {
  t: number[];
  y: number[];
  group: number[];
  agree: boolean;
}

export function sorted(x: readonly number[], y: readonly number[]): Sorted {
  const order = x.map((_, i) => i).sort((i, j) => x[i] - x[j]);
  const found: Sorted = { t: [], y: [], group: new Array<number>(x.length), agree: true };
  const counts: number[] = [];
  for (const i of order) {
    const last = found.t.length - 1;
    if (last >= 0 && found.t[last] === x[i]) {
      if (y[i] !== found.y[last]) found.agree = false;
      counts[last] += 1;
      found.y[last] += (y[i] - found.y[last]) / counts[last];
      found.group[i] = last;
    } else {
      found.t.push(x[i]);
      found.y.push(y[i]);
      counts.push(1);
      found.group[i] = last + 1;
    }
  }
  return found;
}

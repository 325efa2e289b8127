// Small dense linear algebra: what the line's solver needs for some dozens of points.

export type Vector = Float64Array<ArrayBuffer>;

export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** a += scale * b. */
export function add(a: Vector, b: Vector, scale: number): void {
  for (let i = 0; i < a.length; i++) a[i] += scale * b[i];
}

export function largest(a: ArrayLike<number>): number {
  let found = 0;
  for (let i = 0; i < a.length; i++) found = Math.max(found, Math.abs(a[i]));
  return found;
}

/** Orthonormal vectors with the span of `columns`; those that depend on earlier ones, up to `tolerance`, add none. */
export function orthonormal(columns: readonly Vector[], tolerance = 1e-12): Vector[] {
  const basis: Vector[] = [];
  for (const column of columns) {
    const rest = column.slice();
    const size = Math.sqrt(dot(rest, rest));
    for (let pass = 0; pass < 2; pass++) for (const q of basis) add(rest, q, -dot(q, rest));
    const left = Math.sqrt(dot(rest, rest));
    if (left > tolerance * size) basis.push(rest.map((value) => value / left));
  }
  return basis;
}

/** Orthonormal vectors that are orthogonal to `columns` and complete them to all of R^n. */
export function complement(columns: readonly Vector[], n: number): Vector[] {
  const basis = orthonormal(columns);
  const taken = basis.length;
  const rest = Array.from({ length: n }, (_, i) => {
    const unit = new Float64Array(n);
    unit[i] = 1;
    for (const q of basis) add(unit, q, -dot(q, unit));
    return unit;
  });
  while (basis.length < n) {
    // The longest remainder loses least to rounding.
    let best = 0;
    for (let i = 1; i < rest.length; i++) if (dot(rest[i], rest[i]) > dot(rest[best], rest[best])) best = i;
    const [q] = rest.splice(best, 1);
    for (const known of basis) add(q, known, -dot(known, q));
    const size = Math.sqrt(dot(q, q));
    for (let i = 0; i < n; i++) q[i] /= size;
    for (const other of rest) add(other, q, -dot(q, other));
    basis.push(q);
  }
  return basis.slice(taken);
}

/** The Cholesky factor of a symmetric matrix (rows), in place; a pivot that rounding has eaten drops its unknown. */
export function factor(matrix: Vector[]): Vector[] {
  const n = matrix.length;
  let top = 0;
  for (let i = 0; i < n; i++) top = Math.max(top, matrix[i][i]);
  for (let j = 0; j < n; j++) {
    const row = matrix[j];
    for (let k = 0; k < j; k++) row[j] -= row[k] * row[k];
    row[j] = row[j] > 1e-30 * top ? Math.sqrt(row[j]) : 1e64;
    for (let i = j + 1; i < n; i++) {
      const below = matrix[i];
      let sum = below[j];
      for (let k = 0; k < j; k++) sum -= below[k] * row[k];
      below[j] = sum / row[j];
    }
  }
  return matrix;
}

/** x with L L^T x = b. */
export function substitute(lower: readonly Vector[], b: Vector): Vector {
  const x = b.slice();
  const n = x.length;
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] -= lower[i][k] * x[k];
    x[i] /= lower[i][i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] -= lower[k][i] * x[k];
    x[i] /= lower[i][i];
  }
  return x;
}

/** The vector nearest to `near` with columns[k] . v = goals[k]; goals of columns that depend on others are left out. */
export function nearest(columns: readonly Vector[], goals: readonly number[], near: Vector): Vector {
  const basis: Vector[] = [];
  const levels: number[] = [];
  columns.forEach((column, k) => {
    const rest = column.slice();
    let goal = goals[k];
    const size = Math.sqrt(dot(rest, rest));
    for (let pass = 0; pass < 2; pass++) {
      basis.forEach((q, j) => {
        const share = dot(q, rest);
        add(rest, q, -share);
        goal -= share * levels[j];
      });
    }
    const left = Math.sqrt(dot(rest, rest));
    if (left > 1e-9 * size) {
      basis.push(rest.map((value) => value / left));
      levels.push(goal / left);
    }
  });
  const found = near.slice();
  basis.forEach((q, j) => add(found, q, levels[j] - dot(q, found)));
  return found;
}

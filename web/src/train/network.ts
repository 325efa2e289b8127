// A shallow network on the line with its gradient, in one array: inner weights, biases, outer weights, offset, skip weight.

export interface Net {
  width: number;
  /** w (m), b (m), a (m), c, v. */
  parts: Float64Array;
}

export interface Data {
  x: readonly number[];
  y: readonly number[];
  lam: number;
  biasesCost: boolean;
  skip: boolean;
}

/** Numbers in [0, 1) from a seed: mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Glorot's uniform weights, biases uniform on [-1, 1], all times `scale`; offset and skip weight 0. */
export function start(width: number, seed: number, scale: number): Net {
  const draw = random(seed);
  const parts = new Float64Array(3 * width + 2);
  const bound = Math.sqrt(6 / (1 + width));
  for (let k = 0; k < 3 * width; k++) {
    const biases = k >= width && k < 2 * width;
    parts[k] = scale * (biases ? 1 : bound) * (2 * draw() - 1);
  }
  return { width, parts };
}

export function evaluate({ width: m, parts }: Net, x: number): number {
  let sum = parts[3 * m] + parts[3 * m + 1] * x;
  for (let k = 0; k < m; k++) {
    const inner = parts[k] * x + parts[m + k];
    if (inner > 0) sum += parts[2 * m + k] * inner;
  }
  return sum;
}

/** 1/(2n) sum (f(x_i) - y_i)^2 + lam/2 (|a|^2 + |w|^2 (+ |b|^2)). */
export function objective(net: Net, data: Data): number {
  const { width: m, parts } = net;
  const n = data.x.length;
  let loss = 0;
  for (let i = 0; i < n; i++) loss += (evaluate(net, data.x[i]) - data.y[i]) ** 2;
  let squares = 0;
  for (let k = 0; k < m; k++) squares += parts[k] ** 2 + parts[2 * m + k] ** 2 + (data.biasesCost ? parts[m + k] ** 2 : 0);
  return loss / (2 * n) + 0.5 * data.lam * squares;
}

/** The gradient of the loss alone, into `out`; `lam` times what `decaying` leaves is that of the rest. */
export function gradient({ width: m, parts }: Net, data: Data, out: Float64Array): void {
  const n = data.x.length;
  out.fill(0);
  for (let i = 0; i < n; i++) {
    const x = data.x[i];
    let miss = parts[3 * m] + parts[3 * m + 1] * x - data.y[i];
    for (let k = 0; k < m; k++) {
      const inner = parts[k] * x + parts[m + k];
      if (inner > 0) miss += parts[2 * m + k] * inner;
    }
    miss /= n;
    for (let k = 0; k < m; k++) {
      const inner = parts[k] * x + parts[m + k];
      if (inner > 0) {
        const pull = miss * parts[2 * m + k];
        out[k] += pull * x;
        out[m + k] += pull;
        out[2 * m + k] += miss * inner;
      }
    }
    out[3 * m] += miss;
    if (data.skip) out[3 * m + 1] += miss * x;
  }
}

/** Whether weight decay acts on parameter k. */
export function decaying(k: number, m: number, biasesCost: boolean): boolean {
  return k < m || (k >= 2 * m && k < 3 * m) || (biasesCost && k < 3 * m);
}

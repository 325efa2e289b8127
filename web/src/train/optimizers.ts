// The four optimisers of the race, as minnorm.train has them: full batch, constant step size.

import { type Data, decaying, gradient, type Net } from "./network.ts";

export type Name = "gd" | "momentum" | "adam" | "muon";

/** One step of an optimiser: it changes the network, and what it remembers. */
export type Step = () => void;

const MOMENTUM = 0.9;
const [B1, B2, EPS] = [0.9, 0.999, 1e-8];
const MUON = 0.95;
const NEWTON_SCHULZ = [3.4445, -4.775, 2.0315] as const; // Jordan (2024), five times

export function optimizer(name: Name, net: Net, data: Data, rate: number): Step {
  const { width: m, parts } = net;
  const size = parts.length;
  const g = new Float64Array(size);
  const trace = new Float64Array(size);
  const square = new Float64Array(size);
  const decays = Array.from({ length: size }, (_, k) => (decaying(k, m, data.biasesCost) ? data.lam : 0));
  let count = 0;

  const adam = (k: number): number => {
    trace[k] = B1 * trace[k] + (1 - B1) * g[k];
    square[k] = B2 * square[k] + (1 - B2) * g[k] * g[k];
    return trace[k] / (1 - B1 ** count) / (Math.sqrt(square[k] / (1 - B2 ** count)) + EPS);
  };

  if (name === "muon") {
    return () => {
      gradient(net, data, g);
      count += 1;
      // Inner weights are a matrix of one column: orthogonal is of unit length, here as far as five steps bring it.
      let length = 0;
      const ahead = new Float64Array(m);
      for (let k = 0; k < m; k++) {
        trace[k] = MUON * trace[k] + g[k];
        ahead[k] = g[k] + MUON * trace[k];
        length += ahead[k] ** 2;
      }
      length = Math.sqrt(length);
      const unit = orthogonal(length / (length + EPS)) / Math.max(length, 1e-300);
      for (let k = 0; k < size; k++) {
        const direction = k < m ? Math.sqrt(m) * unit * ahead[k] : adam(k);
        parts[k] -= rate * (direction + decays[k] * parts[k]);
      }
    };
  }
  return () => {
    gradient(net, data, g);
    count += 1;
    for (let k = 0; k < size; k++) {
      g[k] += decays[k] * parts[k];
      if (name === "momentum") trace[k] = g[k] + MOMENTUM * trace[k];
      parts[k] -= rate * (name === "gd" ? g[k] : name === "momentum" ? trace[k] : adam(k));
    }
  };
}

/** What Newton and Schulz make of a singular value. */
function orthogonal(value: number): number {
  const [a, b, c] = NEWTON_SCHULZ;
  let s = value;
  for (let k = 0; k < 5; k++) s = a * s + b * s ** 3 + c * s ** 5;
  return s;
}

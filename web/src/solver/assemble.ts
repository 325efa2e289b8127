// Penalised biases: a network from the masses of many atoms, with one neuron for each cell, facing and sign.

import { complement, dot, factor, largest, substitute, type Vector } from "./algebra.ts";
import type { Atom } from "./atoms.ts";
import { active } from "./atoms.ts";
import { Curve, cost, type Penalty } from "./problem.ts";

/** mass relu(facing (x - knot)). */
export interface Neuron extends Atom {
  mass: number;
}

const NOTHING = 1e-13; // of all mass
const PASSES = 6;

/** Neurons of one cell, facing and sign added up, which only makes them cheaper. Masses are per unit of cost. */
export function gathered(atoms: readonly Atom[], mass: ArrayLike<number>, t: readonly number[], penalty: Penalty): Neuron[] {
  let total = 0;
  for (let k = 0; k < mass.length; k++) total += Math.abs(mass[k]);
  const groups = new Map<string, { facing: 1 | -1; weight: number; moment: number; point: number | null }>();
  atoms.forEach((atom, k) => {
    if (Math.abs(mass[k]) <= NOTHING * total) return;
    let cell = 0;
    while (cell < t.length && t[cell] <= atom.knot) cell += 1;
    const point = cell > 0 && t[cell - 1] === atom.knot;
    const beyond = cell === 0 || (cell === t.length && !point);
    const key = [point || beyond ? `at ${atom.knot}` : cell, atom.facing, Math.sign(mass[k])].join();
    const weight = mass[k] / cost(penalty, atom.knot);
    const group = groups.get(key) ?? { facing: atom.facing, weight: 0, moment: 0, point: point || beyond ? atom.knot : null };
    group.weight += weight;
    group.moment += weight * atom.knot;
    groups.set(key, group);
  });
  return [...groups.values()].map(({ facing, weight, moment, point }) => ({
    facing,
    knot: point ?? moment / weight,
    mass: weight,
  }));
}

/** The affine function that is nearest to what neurons miss; slope 0 unless it is free. */
function rest(x: readonly number[], missed: readonly number[], slopes: boolean): [number, number, number] {
  const n = x.length;
  const centre = x.reduce((sum, at) => sum + at, 0) / n;
  const level = missed.reduce((sum, value) => sum + value, 0) / n;
  if (!slopes) return [centre, level, 0];
  let above = 0;
  let below = 0;
  for (let i = 0; i < n; i++) {
    above += (x[i] - centre) * (missed[i] - level);
    below += (x[i] - centre) ** 2;
  }
  return [centre, level, above / below];
}

export function evaluate(neurons: readonly Neuron[], x: number): number {
  return neurons.reduce((sum, neuron) => sum + neuron.mass * active(neuron, x), 0);
}

/** Neurons with the free affine function, as a curve. */
export function curveOf(neurons: readonly Neuron[], x: readonly number[], goal: readonly number[], penalty: Penalty): Curve {
  const missed = x.map((at, i) => goal[i] - evaluate(neurons, at));
  const [centre, level, slope] = rest(x, missed, penalty.skip === "free");
  const knots = [...new Set([...neurons.map((neuron) => neuron.knot), Math.min(...x), Math.max(...x)])];
  knots.sort((a, b) => a - b);
  const values = knots.map((at) => level + slope * (at - centre) + evaluate(neurons, at));
  let before = slope;
  let after = slope;
  for (const { facing, mass } of neurons) {
    if (facing > 0) after += mass;
    else before -= mass;
  }
  return new Curve(knots, values, before, after);
}

/**
 * Neurons that meet the goal better, up to what is free: of all corrections of masses, and of knots between points, that of
 * least relative change, sum |m| ((dm / m)^2 + (dt / width)^2). It costs next to nothing: at the optimum both are stationary.
 */
export function improved(
  neurons: readonly Neuron[],
  x: readonly number[],
  t: readonly number[],
  goal: readonly number[],
  penalty: Penalty,
): Neuron[] {
  const free = [Float64Array.from(x, () => 1)];
  if (penalty.skip === "free") free.push(Float64Array.from(x));
  const basis = complement(free, x.length);
  const heard = (values: Vector): Vector => Float64Array.from(basis, (q) => dot(q, values));
  const missed = (now: readonly Neuron[]): Vector => heard(Float64Array.from(x, (at, i) => goal[i] - evaluate(now, at)));
  let best = neurons.slice();
  let error = largest(missed(best));
  for (let pass = 0; pass < PASSES && error > 0; pass++) {
    const moves: { k: number; root: number; knot: boolean; values: Vector }[] = [];
    best.forEach((neuron, k) => {
      const root = Math.sqrt(Math.abs(neuron.mass));
      moves.push({ k, root, knot: false, values: heard(Float64Array.from(x, (at) => root * active(neuron, at))) });
      const [low, high] = cell(neuron.knot, t);
      if (!(low < neuron.knot && root > 0)) return;
      const step = (high - low) / root;
      const pull = -neuron.facing * neuron.mass * step;
      moves.push({ k, root: step, knot: true, values: heard(Float64Array.from(x, (at) => (active(neuron, at) > 0 ? pull : 0))) });
    });
    const system = basis.map((_, i) =>
      Float64Array.from(basis, (_, j) => moves.reduce((sum, { values }) => sum + values[i] * values[j], 0)),
    );
    const size = Math.max(...system.map((row, i) => row[i]));
    system.forEach((row, i) => (row[i] += 1e-15 * size));
    const u = substitute(factor(system), missed(best));
    const next = best.map((neuron) => ({ ...neuron }));
    for (const { k, root, knot, values } of moves) next[k][knot ? "knot" : "mass"] += root * dot(values, u);
    const inside = next.every((neuron, k) => cell(neuron.knot, t)[0] === cell(best[k].knot, t)[0]);
    const now = largest(missed(next));
    if (!inside || !(now < error)) break;
    [best, error] = [next, now];
  }
  return best;
}

/** The best masses of neurons for lam > 0, with their knots and signs as they are; null if a sign would change. */
export function remassed(
  neurons: readonly Neuron[],
  x: readonly number[],
  y: readonly number[],
  rho: number,
  penalty: Penalty,
): Neuron[] | null {
  const free = [Float64Array.from(x, () => 1)];
  if (penalty.skip === "free") free.push(Float64Array.from(x));
  const basis = complement(free, x.length);
  const heard = (values: Vector): Vector => Float64Array.from(basis, (q) => dot(q, values));
  const columns = neurons.map((neuron) => heard(Float64Array.from(x, (at) => active(neuron, at))));
  const goal = heard(Float64Array.from(y));
  const system = columns.map((a, i) => Float64Array.from(columns, (b, j) => dot(a, b) * (i === j ? 1 + 1e-14 : 1)));
  const right = Float64Array.from(neurons, ({ knot, mass }, k) => dot(columns[k], goal) - rho * cost(penalty, knot) * Math.sign(mass));
  const found = substitute(factor(system), right);
  if (!neurons.every(({ mass }, k) => found[k] * mass > 0)) return null;
  return neurons.map((neuron, k) => ({ ...neuron, mass: found[k] }));
}

/** The points around a knot; for a knot on a point, or beyond the ends, the first is the knot itself. */
function cell(knot: number, t: readonly number[]): [number, number] {
  let i = 0;
  while (i < t.length && t[i] <= knot) i += 1;
  return i === 0 || i === t.length ? [knot, knot] : [t[i - 1], t[i]];
}

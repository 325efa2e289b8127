// The global minimiser on the line, with its dual: what the view Line shows and the race is measured against.

import { complement, dot, largest, nearest, type Vector } from "./algebra.ts";
import { curveOf, gathered, improved, type Neuron, remassed } from "./assemble.ts";
import { type Atom, column, first, heard, type Summit, summits } from "./atoms.ts";
import { Broken, dualOf } from "./broken.ts";
import { interior } from "./interior.ts";
import { cost, Curve, type Penalty, type Problem, sorted } from "./problem.ts";

export interface Answer {
  /** The least norm (lam = 0), or the least objective. */
  value: number;
  /** No function is below: from the dual vector, scaled until it is feasible. In double precision, so rounding may lift it above. */
  bound: number;
  norm: number;
  /** 1/(2n) sum_i (f(x_i) - y_i)^2. */
  loss: number;
  /** Whether there is no other minimiser; null: not known. */
  unique: boolean | null;
  curve: Curve;
  sparsest: Curve | null;
  band: ((x: number) => [number, number]) | null;
  /** Points of the dual vector, and its entries, in units in which the certificate stays within 1. */
  x: readonly number[];
  nu: ArrayLike<number>;
  /** Knots of neurons, and the sign of their mass. */
  neurons: { knot: number; sign: number }[];
}

const ROUNDS = 16;
const PASSES = 4;
const LOOSE = { free: 1e-9, penalised: 1e-4 }; // heights above 1 of a polished dual vector: knots that move need more than one pass
const OVER = 1e-12; // heights above 1 that are rounding errors
const CLOSE = 2e-10; // heights above 1 that contacts' polish mends
const HEARD = [1e-6, 1e-4]; // of the norm: neurons with more are those that touch, if that fits
const SEEN = 1e-7; // of all mass

export class Unsolvable extends Error {}

/** The certificate at t, for neurons that face right and left. */
export function certificate(answer: Answer, penalty: Penalty, t: number): [number, number] {
  const [right, left] = heard(answer.nu, answer.x, t);
  const each = cost(penalty, t);
  return [right / each, left / each];
}

/** The minimiser; `quick` stops where no eye sees the difference, for what is being dragged. */
export function solve(problem: Problem, quick = false): Answer {
  const { lam, penalty } = problem;
  const distinct = sorted(problem.x, problem.y);
  if (distinct.t.length < 2) throw new Unsolvable("there is one distinct x; add a point with another one");
  if (lam === 0 && !distinct.agree) {
    throw new Unsolvable("two points have the same x and different values: no function goes through both; use λ > 0");
  }
  const skip = penalty.skip === "free";
  if (lam === 0 && penalty.bias === "free") {
    const broken = new Broken(distinct.t, distinct.y, skip);
    const nu = dualOf(broken, skip);
    const bound = distinct.y.reduce((sum, value, i) => sum + value * nu[i], 0);
    return { value: broken.norm, bound, norm: broken.norm, loss: 0, x: distinct.t, nu, ...every(broken) };
  }
  const [x, y] = lam === 0 ? [distinct.t, distinct.y] : [problem.x, problem.y];
  const found = priced({ x, y, lam, penalty }, distinct.t, quick);
  return penalty.bias === "free" ? fitted(problem, distinct.t, distinct.group, found) : assembled({ x, y, lam, penalty }, found);
}

/** What all minimisers have in common, for free biases. */
function every(broken: Broken): Pick<Answer, "unique" | "curve" | "sparsest" | "band" | "neurons"> {
  const neurons = broken.t.flatMap((knot, i) => {
    const inner = i > 0 && i + 1 < broken.t.length;
    return inner && broken.signs[i] !== 0 ? [{ knot, sign: broken.signs[i] }] : [];
  });
  const { unique } = broken;
  const other = unique ? { sparsest: null, band: null } : { sparsest: broken.sparsest(), band: (at: number) => broken.band(at) };
  return { unique, curve: broken.chords, neurons, ...other };
}

interface Priced {
  nu: Vector;
  /** nu . y - rho/2 |nu|^2 of the scaled nu. */
  bound: number;
  atoms: Atom[];
  mass: Vector;
  t: readonly number[];
  rho: number;
  /** Masses below are rounding errors. */
  least: number;
}

/** A dual vector as far as it is feasible: times t with t |h| <= 1, as large as helps. */
function feasible(nu: Vector, y: readonly number[], rho: number, tops: readonly Summit[]): { nu: Vector; bound: number } {
  const peak = tops.reduce((most, top) => Math.max(most, Math.abs(top.height)), 0);
  const along = nu.reduce((sum, value, i) => sum + value * y[i], 0);
  const bent = rho * dot(nu, nu);
  const t = Math.min(1 / peak, bent > 0 ? along / bent : Infinity);
  if (!(t > 0) || t === Infinity) return { nu: nu.map(() => 0), bound: 0 };
  return { nu: nu.map((value) => t * value), bound: t * along - 0.5 * t * t * bent };
}

/** Column generation: atoms where the dual function is above 1 are added until there are none. */
function priced(problem: Problem, t: readonly number[], quick: boolean): Priced {
  const { x, y, lam, penalty } = problem;
  const rho = x.length * lam;
  const span = t[t.length - 1] - t[0];
  const free = [Float64Array.from(x, () => 1)];
  if (penalty.skip === "free") free.push(Float64Array.from(x, (at) => (at - t[0]) / span));
  const basis = complement(free, x.length);
  const goal = Float64Array.from(y);
  const heardGoal = Float64Array.from(basis, (q) => dot(q, goal));
  const size = largest(heardGoal);
  let atoms = first(t, penalty);
  const none = { nu: new Float64Array(x.length), bound: 0, atoms, mass: new Float64Array(atoms.length), t, rho, least: 0 };
  if (!(size > 1e-14 * largest(goal))) return none;
  const scaled = heardGoal.map((value) => value / size);
  const reduced = (atom: Atom): Vector => {
    const values = column(atom, x, penalty);
    return Float64Array.from(basis, (q) => dot(q, values) / span);
  };
  let columns = atoms.map(reduced);
  const least = (1e-10 * size) / span;
  let best: Priced = none;
  for (let round = 0; round < (quick ? 4 : ROUNDS); round++) {
    const { u, mass } = interior(columns, scaled, rho / (span * size), quick && penalty.bias === "penalised" ? 1e-6 : 1e-14);
    const nu = new Float64Array(x.length);
    basis.forEach((q, k) => q.forEach((value, i) => (nu[i] += (u[k] * value) / span)));
    const tops = summits(nu, t, x, penalty);
    const now = { ...feasible(nu, y, rho, tops), atoms, mass: mass.map((value) => (value * size) / span), t, rho, least };
    best = { ...now, ...(now.bound >= best.bound ? {} : { nu: best.nu, bound: best.bound }) };
    const fresh = tops.filter((top) => top.cell >= 0 && Math.abs(top.height) > 1 + OVER);
    if (fresh.every((top) => Math.abs(top.height) <= 1 + CLOSE)) break;
    atoms = [...atoms, ...fresh];
    columns = [...columns, ...fresh.map(reduced)];
  }
  return best;
}

/** The dual vector on which neurons touch exactly, if it is better. */
function polished(problem: Problem, found: Priced, neurons: readonly (Atom & { mass: number })[]): Priced {
  const { x, y, penalty } = problem;
  if (found.least === 0) return found; // nothing but a free function is needed
  const columns = [Float64Array.from(x, () => 1)];
  if (penalty.skip === "free") columns.push(Float64Array.from(x));
  const goals = columns.map(() => 0);
  const shares = neurons.map(({ knot, mass }) => Math.abs(mass) * cost(penalty, knot));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const near = found.rho > 0 ? Float64Array.from(y, (value) => value / found.rho) : found.nu;
  for (const least of HEARD) {
    const live = neurons.filter((_, k) => shares[k] > least * total);
    const touching = live.map((neuron) => column(neuron, x, penalty));
    const nu = nearest([...columns, ...touching], [...goals, ...live.map(({ mass }) => Math.sign(mass))], near);
    const tops = summits(nu, found.t, x, penalty);
    const peak = tops.reduce((most, top) => Math.max(most, Math.abs(top.height)), 0);
    const better = feasible(nu, y, found.rho, tops);
    if (peak < 1 + LOOSE[penalty.bias] && better.bound >= found.bound * (1 - 1e-12)) return { ...found, ...better };
  }
  return found;
}

/** Free biases, lam > 0: the minimisers are the least-norm interpolants of the fitted values, which they share. */
function fitted(problem: Problem, t: readonly number[], group: readonly number[], raw: Priced): Answer {
  const { x, y, lam, penalty } = problem;
  const total = raw.mass.reduce((sum, value) => sum + Math.abs(value), 0);
  const live = raw.atoms.map((atom, k) => ({ ...atom, mass: raw.mass[k] })).filter((one) => Math.abs(one.mass) > Math.max(SEEN * total, raw.least));
  const found = polished(problem, raw, live);
  const values = new Array<number>(t.length).fill(0);
  x.forEach((_, i) => (values[group[i]] = y[i] - found.rho * found.nu[i]));
  if (total === 0) line(x, y, t, penalty).forEach((value, i) => (values[i] = value));
  const turning = new Array<number>(t.length).fill(0);
  for (const { knot, mass } of live) turning[t.indexOf(knot)] = Math.sign(mass);
  const broken = new Broken(t, values, penalty.skip === "free", turning);
  const loss = x.reduce((sum, _, i) => sum + (values[group[i]] - y[i]) ** 2, 0) / (2 * x.length);
  const value = loss + lam * broken.norm;
  return { value, bound: bounded(found, lam, value, total), norm: broken.norm, loss, x, nu: found.nu, ...every(broken) };
}

/** The bound in units of the objective. Where no neuron is needed the least-squares fit is the proof. */
function bounded(found: Priced, lam: number, value: number, total: number): number {
  if (total === 0) return value;
  return (lam > 0 ? lam : 1) * found.bound;
}

/** The least-squares fit of what is free. */
function line(x: readonly number[], y: readonly number[], t: readonly number[], penalty: Penalty): number[] {
  const curve = curveOf([], x, y, penalty);
  return t.map((at) => curve.at(at));
}

/** Penalised biases: neurons at the summits of the dual function. */
function assembled(problem: Problem, raw: Priced): Answer {
  const { x, y, penalty } = problem;
  let found = raw;
  let neurons = gathered(raw.atoms, raw.mass, raw.t, penalty);
  const goal = (): number[] => y.map((value, i) => value - found.rho * found.nu[i]);
  let best = weighed(problem, found, improved(neurons, x, raw.t, goal(), penalty));
  for (let pass = 0; pass < PASSES; pass++) {
    const tops = summits(found.nu, found.t, x, penalty).filter((top) => top.cell >= 0);
    neurons = neurons.map((neuron) => {
      const top = tops.find(
        ({ cell, facing }) => facing === neuron.facing && found.t[cell] < neuron.knot && neuron.knot < found.t[cell + 1],
      );
      return top ? { ...neuron, knot: top.knot } : neuron;
    });
    found = polished(problem, found, neurons);
    neurons = improved(neurons, x, raw.t, goal(), penalty);
    const now = weighed(problem, found, neurons);
    if (now.value - now.bound <= best.value - best.bound) best = now;
  }
  const seen = HEARD[0] * best.norm;
  const live = neurons.filter((neuron) => Math.abs(neuron.mass) * cost(penalty, neuron.knot) > seen);
  const exact = found.rho > 0 ? remassed(live, x, y, found.rho, penalty) : null;
  const last = exact ? weighed(problem, found, exact) : best;
  return last.value < best.value ? last : best;
}

/** At most what it costs to mend what a network misses of the points: knots there, and one neuron for the slope. */
function missed(problem: Problem, curve: Curve): number {
  const { x, y, penalty } = problem;
  const broken = new Broken(x, y.map((value, i) => value - curve.at(x[i])), penalty.skip === "free");
  return 2 * broken.norm * Math.max(...x.map((at) => cost(penalty, at)));
}

/** What a network costs beside its bound. */
function weighed(problem: Problem, found: Priced, neurons: readonly Neuron[]): Answer {
  const { x, y, lam, penalty } = problem;
  const goal = y.map((value, i) => value - found.rho * found.nu[i]);
  const curve = curveOf(neurons, x, goal, penalty);
  const norm = neurons.reduce((sum, neuron) => sum + Math.abs(neuron.mass) * cost(penalty, neuron.knot), 0);
  const loss = lam > 0 ? x.reduce((sum, at, i) => sum + (curve.at(at) - y[i]) ** 2, 0) / (2 * x.length) : 0;
  const value = lam > 0 ? loss + lam * norm : norm + missed(problem, curve);
  const live = neurons.filter((neuron) => Math.abs(neuron.mass) * cost(penalty, neuron.knot) > SEEN * norm);
  return {
    value,
    bound: bounded(found, lam, value, norm),
    norm,
    loss,
    unique: penalty.skip === "free" ? true : null,
    curve,
    sparsest: null,
    band: null,
    x,
    nu: found.nu,
    neurons: places(live, found.t),
  };
}

/** Where neurons turn: those that face both ways at one place are one. */
function places(neurons: readonly Neuron[], t: readonly number[]): { knot: number; sign: number }[] {
  const near = SEEN * (t[t.length - 1] - t[0]);
  const ordered = neurons.toSorted((a, b) => a.knot - b.knot).map(({ knot, mass }) => ({ knot, sign: Math.sign(mass) }));
  return ordered.filter((one, k) => k === 0 || one.knot - ordered[k - 1].knot > near || one.sign !== ordered[k - 1].sign);
}

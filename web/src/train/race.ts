// A race: optimisers from the same start, with the objective and the network kept at steps that are even on a log axis.

import { type Data, type Net, objective, start } from "./network.ts";
import { type Name, optimizer, type Step } from "./optimizers.ts";

export const NAMES: readonly Name[] = ["gd", "momentum", "adam", "muon"];
const EACH = 40; // records in a factor of ten

export interface Course {
  data: Data;
  width: number;
  seed: number;
  scale: number;
  rates: Record<Name, number>;
  steps: number;
}

/** Steps at which there is a record: 0, 1, 2, ... ever further apart, and the last one. */
export function recorded(steps: number): number[] {
  const found = [0];
  for (let k = 0; ; k++) {
    const step = Math.round(10 ** (k / EACH));
    if (step >= steps) break;
    if (step > found[found.length - 1]) found.push(step);
  }
  found.push(steps);
  return found;
}

export class Race {
  readonly at: readonly number[];
  readonly objectives: Record<Name, number[]>;
  readonly networks: Record<Name, Net[]>;
  private readonly runs: { name: Name; net: Net; step: Step }[];
  private step = 0;

  constructor(readonly course: Course) {
    this.at = recorded(course.steps);
    this.objectives = { gd: [], momentum: [], adam: [], muon: [] };
    this.networks = { gd: [], momentum: [], adam: [], muon: [] };
    this.runs = NAMES.map((name) => {
      const net = start(course.width, course.seed, course.scale);
      return { name, net, step: optimizer(name, net, course.data, course.rates[name]) };
    });
    this.record();
  }

  /** How many records there are. */
  get length(): number {
    return this.objectives.gd.length;
  }

  get finished(): boolean {
    return this.length === this.at.length;
  }

  /** Train until the next record, or until the clock says so; whether there is a new record. */
  advance(until: number): boolean {
    const goal = this.at[this.length];
    if (goal === undefined) return false;
    while (this.step < goal) {
      for (const run of this.runs) run.step();
      this.step += 1;
      if (this.step % 16 === 0 && performance.now() > until) break;
    }
    if (this.step < goal) return false;
    this.record();
    return true;
  }

  private record(): void {
    for (const { name, net } of this.runs) {
      this.objectives[name].push(objective(net, this.course.data));
      this.networks[name].push({ width: net.width, parts: net.parts.slice() });
    }
  }
}

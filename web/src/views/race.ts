// Race: four optimisers from one start, against the floor that no network of any width can go below.

import { button, code, element, field, number, panel, readout, shown, slider } from "../dom.ts";
import { handles } from "../plot/handles.ts";
import { Plot, type Point } from "../plot/plot.ts";
import { type Answer, solve, Unsolvable } from "../solver/solve.ts";
import { read, written } from "../state.ts";
import { evaluate } from "../train/network.ts";
import type { Name } from "../train/optimizers.ts";
import { NAMES, Race } from "../train/race.ts";
import { controls, DEFAULTS as LINE, type Fields as LineFields, inPython, mended, MOST, problemOf, shows, spans } from "./problem.ts";
import type { View, Visit } from "./view.ts";

type Fields = LineFields & Record<`lr_${Name}`, number> & { width: number; steps: number; seed: number; scale: number };

const DEFAULTS: Fields = {
  ...LINE,
  lam: 0.001,
  width: 100,
  steps: 30000,
  seed: 0,
  scale: 1,
  lr_gd: 0.1,
  lr_momentum: 0.03,
  lr_adam: 0.01,
  lr_muon: 0.003,
};
const TITLES: Record<Name, string> = { gd: "gradient descent", momentum: "momentum", adam: "Adam", muon: "Muon" };
const SHORT: Record<Name, string> = { ...TITLES, gd: "gradient" };
const MOST_GHOSTS = 8;
const FRAME = 14; // milliseconds of training between two pictures
const DENSE = 240;

export function openRace(visit: Visit): View {
  const problems: string[] = [];
  const state: Fields = read(DEFAULTS, visit.query, problems);
  mended(state, problems, DEFAULTS);
  bounded(state, problems);
  let floor: Answer | null = null;
  let race: Race | null = null;
  let cursor = 0;
  let playing = false;
  let frame = 0;
  let ghosts: { at: readonly number[]; objectives: Record<Name, readonly number[]> }[] = [];

  const curves = new Plot({
    label: "Objective against steps",
    height: (width) => Math.min(Math.max(0.7 * width, 240), 400),
    x: { log: true, label: "step + 1" },
    y: { log: true, label: "objective" },
  });
  const picture = new Plot({
    label: "The functions at this step",
    height: (width) => Math.min(Math.max(0.7 * width, 200), 400),
    y: { label: "f(x)" },
  });
  curves.caption.textContent =
    "Loss plus weight decay, both axes logarithmic. The floor is the certified minimum over networks of every width: no run can cross it. Thin lines are earlier seeds.";
  picture.caption.textContent = "What each has learned at this step, over the function at the floor. Points can be dragged here too: then the race begins anew.";
  const numbers = readout(true);
  const python = code();

  const play = button("Play", () => (playing ? pause() : go()), { class: "primary" });
  const one = button("Step", () => {
    pause();
    if (race) {
      if (cursor < race.length - 1) cursor += 1;
      else if (race.advance(Infinity)) cursor = race.length - 1;
    }
    draw();
  });
  const again = button("New seed", () => {
    keepGhost();
    state.seed = (state.seed + 1) % 2 ** 32;
    seed.value = String(state.seed);
    reset();
    go();
  });
  const scrub = slider("Step", 1, 0, () => "", (position) => {
    pause();
    cursor = Math.min(position, (race?.length ?? 1) - 1);
    draw();
  });
  scrub.root.classList.add("wide");

  function keepGhost(): void {
    if (race && race.length > 1) ghosts = [...ghosts, { at: race.at, objectives: race.objectives }].slice(-MOST_GHOSTS);
  }
  function pause(): void {
    playing = false;
    cancelAnimationFrame(frame);
    play.textContent = "Play";
  }
  function go(): void {
    if (!race) return;
    if (race.finished && cursor >= race.length - 1) cursor = 0;
    playing = true;
    play.textContent = "Pause";
    frame = requestAnimationFrame(tick);
  }
  function tick(): void {
    if (!playing || !race) return;
    if (cursor < race.length - 1 || race.advance(performance.now() + FRAME)) cursor += 1;
    if (race.finished && cursor >= race.length - 1) pause();
    else frame = requestAnimationFrame(tick);
    draw();
  }

  /** A race from the start, on what the state says. */
  function reset(): void {
    pause();
    cursor = 0;
    try {
      floor = solve(problemOf(state));
      visit.say("");
    } catch (error) {
      if (!(error instanceof Unsolvable)) throw error;
      floor = race = null;
      visit.say(error.message);
      draw();
      return;
    }
    race = new Race({
      data: { x: state.x, y: state.y, lam: state.lam, biasesCost: state.bias === "penalised", skip: state.skip === "free" },
      width: state.width,
      seed: state.seed,
      scale: state.scale,
      steps: state.steps,
      rates: { gd: state.lr_gd, momentum: state.lr_momentum, adam: state.lr_adam, muon: state.lr_muon },
    });
    visit.save(written(DEFAULTS, state));
    python.show(pythonOf(state));
    draw();
  }
  /** Another problem: earlier seeds are not of it. */
  function renew(): void {
    ghosts = [];
    reset();
  }

  function draw(): void {
    curves.x = { low: 1, high: state.steps + 1 };
    const seen = race ? NAMES.flatMap((name) => race?.objectives[name] ?? []) : [];
    const all = [...seen, ...ghosts.flatMap((ghost) => NAMES.map((name) => ghost.objectives[name][0]))].filter(Number.isFinite);
    const least = floor && floor.value > 0 ? floor.value : 1e-3;
    const top = Math.min(Math.max(...all, 2 * least), 1e3 * Math.max(all[0] ?? 1, least));
    curves.y = { low: least / 1.6, high: 1.3 * top };
    curves.begin();
    for (const ghost of ghosts) {
      for (const name of NAMES) curves.line(ghost.objectives[name].map((value, k): Point => [ghost.at[k] + 1, value]), `${name} ghost`);
    }
    if (floor) curves.level(floor.value, "function");
    if (race) {
      const { at, objectives } = race;
      for (const name of NAMES) curves.line(objectives[name].map((value, k): Point => [at[k] + 1, value]), name);
      curves.upright(at[cursor] + 1, "bound");
    }
    curves.explain([...NAMES.map((name): [string, string] => [name, TITLES[name]]), ["function", "certified floor"]]);
    picture.begin();
    if (floor) {
      const { curve } = floor;
      const t = [picture.x.low, ...curve.t.filter((at) => at > picture.x.low && at < picture.x.high), picture.x.high];
      picture.line(t.map((x): Point => [x, curve.at(x)]), "function broad");
    }
    if (race) {
      for (const name of NAMES) {
        const net = race.networks[name][cursor];
        const at = Array.from({ length: DENSE + 1 }, (_, k) => picture.x.low + ((picture.x.high - picture.x.low) * k) / DENSE);
        picture.line(at.map((x): Point => [x, evaluate(net, x)]), name);
      }
    }
    grips.show(state.x.map((x, i): Point => [x, state.y[i]]));
    say();
  }
  function say(): void {
    if (!race || !floor) return numbers.show([["floor", "–"]]);
    const { value } = floor;
    const step = race.at[cursor];
    const last = race.at.length - 1;
    const input = scrub.root.querySelector("input") as HTMLInputElement;
    input.max = String(last);
    input.value = String(cursor);
    const text = step.toLocaleString("en");
    input.setAttribute("aria-valuetext", text);
    (scrub.root.querySelector("output") as HTMLOutputElement).textContent = text;
    const rows = NAMES.map((name): [string, string] => [TITLES[name], above(race?.objectives[name][cursor] ?? NaN, value)]);
    numbers.show([["certified floor", shown(value, 8)], ...rows], "How far each is above the floor at this step.");
  }

  const grips = handles(picture, {
    begin: () => {},
    move(index, [x, y], done) {
      const round = (at: number): number => Number(at.toPrecision(3));
      state.x = state.x.with(index, round(x));
      state.y = state.y.with(index, round(y));
      if (done) renew();
      else grips.show(state.x.map((at, i): Point => [at, state.y[i]]));
    },
    add([x, y]) {
      if (state.x.length >= MOST) return visit.say(`this page takes ${MOST} points; minnorm any number`);
      state.x = [...state.x, Number(x.toPrecision(3))];
      state.y = [...state.y, Number(y.toPrecision(3))];
      renew();
    },
    remove(index) {
      if (state.x.length <= 2) return visit.say("two points are the least");
      state.x = state.x.toSpliced(index, 1);
      state.y = state.y.toSpliced(index, 1);
      renew();
    },
    selected: () => {},
  });

  const set = (name: "width" | "steps" | "seed" | "scale" | `lr_${Name}`) => (value: number): void => {
    state[name] = value;
    if (name === "seed") keepGhost();
    else ghosts = [];
    reset();
  };
  const whole = { step: "1", min: "1" };
  const seed = number(state.seed, set("seed"), { ...whole, min: "0" });
  const training = panel(
    "Train",
    ...NAMES.map((name) => field(`Step size: ${SHORT[name]}`, number(state[`lr_${name}`], set(`lr_${name}`), { min: "0" }))),
    field("Width", number(state.width, set("width"), { ...whole, max: "1000" })),
    field("Steps", number(state.steps, set("steps"), { ...whole, max: "1000000" })),
    field("Scale of the start", number(state.scale, set("scale"), { min: "0" }), "Factor on all initial parameters: large is lazy"),
    field("Seed", seed),
  );
  const form = controls(state, false, renew);
  [picture.x, picture.y] = spans(state.x, state.y);
  curves.resized(draw);
  picture.resized(draw);
  reset();
  if (!shows(picture, state.x, state.y)) [picture.x, picture.y] = spans(state.x, state.y);
  if (problems.length) visit.say(problems.join("\n"));

  const actions = element("div", { class: "actions" }, play, one, again, scrub.root);
  const pair = element("div", { class: "pair" }, curves.root, picture.root);
  const middle = element("div", { class: "plots" }, numbers.root, actions, pair, python.root);
  return { root: element("div", { class: "view" }, middle, element("div", { class: "side" }, form.root, training)), close: pause };
}

function above(objective: number, floor: number): string {
  if (!Number.isFinite(objective)) return "diverged";
  const part = objective / floor - 1;
  if (part > 9) return `× ${shown(objective / floor, 3)}`;
  return `+${shown(Math.max(0, 100 * part), part < 0.001 ? 2 : 3)} %`;
}

function bounded(state: Fields, problems: string[]): void {
  const limits: [keyof Fields & ("width" | "steps" | "seed"), number, number][] = [["width", 1, 1000], ["steps", 1, 1e6], ["seed", 0, 2 ** 32 - 1]];
  for (const [name, low, high] of limits) {
    const value = state[name];
    if (Number.isInteger(value) && low <= value && value <= high) continue;
    problems.push(`the address has ${name}=${value}; give a whole number from ${low} to ${high}`);
    state[name] = DEFAULTS[name];
  }
  if (!(state.lam > 0)) state.lam = DEFAULTS.lam;
}

function pythonOf(state: Fields): string {
  return [
    ...inPython(state),
    `floor = mn.fit(x, y, lam=${state.lam}, penalty=penalty)`,
    `for optimizer, rate in {"gd": ${state.lr_gd}, "momentum": ${state.lr_momentum}, "adam": ${state.lr_adam}, "muon": ${state.lr_muon}}.items():`,
    "    runs = mn.train(",
    `        x, y, optimizer=optimizer, learning_rate=rate, weight_decay=${state.lam}, width=${state.width}, steps=${state.steps},`,
    `        scale=${state.scale}, penalty=penalty, dtype="float64",`,
    "    )",
    '    print(optimizer, float(runs["objective"].squeeze()[-1]) / floor.value - 1)',
  ].join("\n");
}

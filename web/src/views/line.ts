// Line: points to drag, their least-norm function with all others that have the least norm, and the certificate.

import { button, code, element, readout, shown } from "../dom.ts";
import { handles } from "../plot/handles.ts";
import { Plot, type Point } from "../plot/plot.ts";
import { type Answer, certificate, solve, Unsolvable } from "../solver/solve.ts";
import { read, written } from "../state.ts";
import { controls, DEFAULTS, type Fields, inPython, mended, MOST, problemOf, shows, spans } from "./problem.ts";
import { pointsTable } from "./table.ts";
import type { View, Visit } from "./view.ts";

const DENSE = 300;
const LEVELS = 1e-6; // relative gap below which value and bound are called equal
const MEMORY = 100; // gestures that can be undone

export function openLine(visit: Visit): View {
  const problems: string[] = [];
  const state: Fields = read(DEFAULTS, visit.query, problems);
  mended(state, problems, DEFAULTS);
  const past: Pick<Fields, "x" | "y">[] = [];
  let future: Pick<Fields, "x" | "y">[] = [];
  let answer: Answer | null = null;

  const top = new Plot({
    label: "The function through the points",
    height: (width) => {
      const most = document.querySelector(".card") ? Math.max(210, 0.25 * innerHeight) : Math.max(250, 0.4 * innerHeight);
      return Math.min(Math.max(0.52 * width, 210), most); // beside a question the certificate is to be seen, too
    },
    y: { label: "f(x)" },
  });
  const bottom = new Plot({
    label: "The dual certificate",
    height: (width) => Math.min(Math.max(0.27 * width, 170), 230),
    x: { label: "x; knot of a neuron" },
    y: { label: "certificate" },
  });
  bottom.caption.textContent =
    "The proof: a curve that stays between −1 and 1. No network is cheaper than it says, and neurons of a cheapest one sit where it touches.";
  const numbers = readout(true);
  const python = code();
  const table = pointsTable((x, y) => {
    remember();
    change(x, y, true);
  });

  const remember = (): void => {
    past.push({ x: state.x, y: state.y });
    if (past.length > MEMORY) past.shift();
    future = [];
    refreshButtons();
  };
  const back = (from: Pick<Fields, "x" | "y">[], to: Pick<Fields, "x" | "y">[]): void => {
    const was = from.pop();
    if (!was) return;
    to.push({ x: state.x, y: state.y });
    change(was.x, was.y, true);
    refreshButtons();
  };
  const grips = handles(top, {
    begin: remember,
    move(index, to, done) {
      const [x, y] = rounded(to);
      change(state.x.with(index, x), state.y.with(index, y), done);
    },
    add(at) {
      if (state.x.length >= MOST) return visit.say(`this page takes ${MOST} points; minnorm any number`);
      const [x, y] = rounded(at);
      remember();
      change([...state.x, x], [...state.y, y], true);
      grips.select(state.x.length - 1);
    },
    remove,
    selected: () => refreshButtons(),
  });
  function remove(index: number): void {
    if (index < 0 || state.x.length <= 2) return visit.say("two points are the least");
    remember();
    change(state.x.toSpliced(index, 1), state.y.toSpliced(index, 1), true);
    grips.select(Math.min(index, state.x.length - 1));
  }
  function rounded([x, y]: Point): Point {
    const step = (span: { low: number; high: number }): number => 10 ** (Math.floor(Math.log10(span.high - span.low)) - 2);
    const round = (value: number, unit: number): number => Number((Math.round(value / unit) * unit).toPrecision(12));
    return [round(x, step(top.x)), round(y, step(top.y))];
  }

  const undo = button("Undo", () => back(past, future));
  const redo = button("Redo", () => back(future, past));
  const drop = button("Delete point", () => remove(grips.selected));
  const insert = button("Add point", () => {
    const order = state.x.map((x, i): Point => [x, state.y[i]]).sort((a, b) => a[0] - b[0]);
    let widest = 0;
    for (let i = 1; i + 1 < order.length; i++) if (order[i + 1][0] - order[i][0] > order[widest + 1][0] - order[widest][0]) widest = i;
    const [a, b] = [order[widest], order[widest + 1]];
    remember();
    const [x, y] = rounded([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
    change([...state.x, x], [...state.y, y], true);
    grips.select(state.x.length - 1);
  });
  /** All points are seen, and where the function with the fewest knots bends, unless that is far away. */
  function fitAxes(): void {
    const [x, y] = spans(state.x, state.y);
    const size = y.high - y.low;
    for (const at of answer?.sparsest?.t ?? []) {
      const value = answer?.sparsest?.at(at) ?? 0;
      if (at < x.low || at > x.high || value < y.low - size / 2 || value > y.high + size / 2) continue;
      y.low = Math.min(y.low, value - 0.05 * size);
      y.high = Math.max(y.high, value + 0.05 * size);
    }
    [top.x, top.y] = [x, y];
    draw();
  }
  const fit = button("Fit axes", fitAxes);
  function refreshButtons(): void {
    undo.disabled = past.length === 0;
    redo.disabled = future.length === 0;
    drop.disabled = grips.selected < 0 || state.x.length <= 2;
  }

  function change(x: readonly number[], y: readonly number[], done: boolean): void {
    state.x = x;
    state.y = y;
    if (done && !shows(top, x, y)) [top.x, top.y] = spans(x, y);
    answered(!done);
    if (done) {
      visit.save(written(DEFAULTS, state));
      table.show(x, y);
      python.show(pythonOf(state));
    }
  }
  function answered(quick: boolean): void {
    try {
      answer = solve(problemOf(state), quick);
      visit.say("");
      numbers.show(facts(answer, state, quick), remark(answer));
    } catch (error) {
      if (!(error instanceof Unsolvable)) throw error;
      answer = null;
      numbers.show([["norm", "–"]], "");
      visit.say(error.message);
    }
    draw();
  }

  function draw(): void {
    bottom.x = top.x;
    bottom.y = { low: -1.3, high: 1.3 };
    top.begin();
    bottom.begin();
    bottom.level(1, "bound");
    bottom.level(-1, "bound");
    const how = "Drag a point, tap between points to add one.";
    top.caption.textContent = answer?.band
      ? `${how} The band holds every function of least cost; the dashed line is one with the fewest knots.`
      : how;
    if (answer) {
      drawFunction(top, answer);
      drawCertificate(bottom, answer, state);
    }
    grips.show(state.x.map((x, i): Point => [x, state.y[i]]));
  }
  top.resized(draw);
  bottom.resized(draw);

  const form = controls(state, true, () => change(state.x, state.y, true));
  const keys = (event: KeyboardEvent): void => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    if (event.shiftKey) back(future, past);
    else back(past, future);
  };
  document.addEventListener("keydown", keys);
  [top.x, top.y] = spans(state.x, state.y);
  answered(false);
  fitAxes();
  visit.save(written(DEFAULTS, state));
  table.show(state.x, state.y);
  python.show(pythonOf(state));
  refreshButtons();
  if (problems.length) visit.say(problems.join("\n"));

  const actions = element("div", { class: "actions" }, undo, redo, insert, drop, fit);
  const middle = element("div", { class: "plots" }, numbers.root, top.root, actions, bottom.root, python.root);
  const side = element("div", { class: "side" }, form.root, table.root);
  return { root: element("div", { class: "view" }, middle, side), close: () => document.removeEventListener("keydown", keys) };
}

/** Places at which a curve between two ends is drawn. */
function places(low: number, high: number, corners: readonly number[], dense: number): number[] {
  const found = Array.from({ length: dense + 1 }, (_, k) => low + ((high - low) * k) / dense);
  found.push(...corners.filter((at) => at > low && at < high));
  return found.sort((a, b) => a - b);
}

export function drawFunction(plot: Plot, answer: Answer): void {
  const { low, high } = plot.x;
  const entries: [string, string][] = [];
  const { band, sparsest, curve } = answer;
  if (band) {
    const at = places(low, high, [...curve.t, ...(sparsest?.t ?? [])], DENSE);
    plot.area(at.map((x) => [x, ...band(x)]), "area band");
    entries.push(["area band", "all of least norm"]);
  }
  const line = (t: readonly number[], of: (x: number) => number): Point[] => places(low, high, t, 1).map((x) => [x, of(x)]);
  if (sparsest) {
    plot.line(line(sparsest.t, (x) => sparsest.at(x)), "other dashed");
    entries.push(["other dashed", "fewest knots"]);
  }
  plot.line(line(curve.t, (x) => curve.at(x)), "function");
  entries.unshift(["function", "least norm"]);
  plot.explain(entries);
}

function drawCertificate(plot: Plot, answer: Answer, state: Fields): void {
  const { penalty } = problemOf(state);
  const at = places(plot.x.low, plot.x.high, answer.x, penalty.bias === "penalised" ? DENSE : 1);
  const curves = at.map((t) => certificate(answer, penalty, t));
  const differ = curves.some(([right, left]) => Math.abs(right - left) > 1e-9);
  const entries: [string, string][] = [];
  if (differ) {
    plot.line(at.map((t, k): Point => [t, curves[k][1]]), "soft dashed");
    entries.push(["function", "facing right"], ["soft dashed", "facing left"]);
  }
  plot.line(at.map((t, k): Point => [t, curves[k][0]]), "function");
  const touching = (sign: number): Point[] =>
    answer.neurons.filter((neuron) => neuron.sign === sign).map(({ knot }) => [knot, sign]);
  const [up, down] = [touching(1), touching(-1)];
  plot.dots(up, "dot other", 4.5);
  plot.squares(down, "square function", 4);
  if (up.length) entries.push(["dot other", "neurons, a > 0"]);
  if (down.length) entries.push(["square function", "neurons, a < 0"]);
  plot.explain(entries);
}

function facts(answer: Answer, state: Fields, quick: boolean): [string, string][] {
  const { value, bound, norm, loss } = answer;
  const agree = Math.abs(value - bound) <= LEVELS * value + 1e-12 * Math.max(...state.y.map(Math.abs));
  const rows: [string, string][] = [
    [state.lam > 0 ? "objective" : "least norm", shown(value, 8)],
    ["lower bound", shown(bound, 8)],
    ["they agree", agree ? "yes" : quick ? "…" : "no"],
  ];
  if (state.lam > 0) rows.push(["norm", shown(norm, 6)], ["loss", shown(loss, 3)]);
  const knots = answer.sparsest ? answer.sparsest.t.length : answer.neurons.length;
  rows.push([answer.sparsest ? "fewest knots" : "knots", String(knots)]);
  return rows;
}

function remark(answer: Answer): string {
  if (answer.unique === null) return "Whether another function costs as little is not known here.";
  return answer.unique
    ? "No other function costs as little."
    : "Every function in the band that bends as it does costs as little: the data do not decide.";
}

function pythonOf(state: Fields): string {
  const call = state.lam === 0 ? "known.line(x, y" : `fit(x, y, lam=${state.lam}`;
  return [
    ...inPython(state),
    `solution = mn.${call}, penalty=penalty)`,
    "print(solution.value, solution.certified)",
  ].join("\n");
}

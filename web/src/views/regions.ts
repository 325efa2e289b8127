// Regions: a function known on whole regions, and the least-norm function between them, for a few allowed errors.

import { choice, code, element, field, panel, readout, shown, slider } from "../dom.ts";
import { Plot, type Point } from "../plot/plot.ts";
import { read, written } from "../state.ts";
import { type Between, type Drawing, type Part, tables } from "../tables.ts";
import { painting } from "./painting.ts";
import type { View, Visit } from "./view.ts";

const DEFAULTS = { drawing: 0, within: 0.1 };

export function openRegions(visit: Visit): View {
  const { drawings, unit } = tables().regions;
  const problems: string[] = [];
  const state = read(DEFAULTS, visit.query, problems);
  if (!drawings[state.drawing]) {
    problems.push(`the address has drawing=${state.drawing}; this page has 0 to ${drawings.length - 1}`);
    state.drawing = 0;
  }
  const drawing = (): Drawing => drawings[state.drawing];
  const nearest = (within: number): number => {
    const apart = drawing().solutions.map((one) => Math.abs(one.within - within));
    return apart.indexOf(Math.min(...apart));
  };
  const chosen = (): Between => drawing().solutions[nearest(state.within)];
  if (chosen().within !== state.within) {
    problems.push(`the address has within=${state.within}; the nearest that this page has is ${chosen().within}`);
    state.within = chosen().within;
  }

  const picture = painting();
  const curve = new Plot({
    label: "Least norm against the allowed error",
    height: (width) => Math.min(Math.max(0.42 * width, 190), 260),
    x: { label: "within" },
    y: { label: "least norm" },
  });
  curve.caption.textContent = "The more exactly the regions must be met, the more it costs; the curve is convex.";
  const numbers = readout();
  const python = code();
  const says = element("p", { class: "note" });

  const within = slider("Within, the allowed error", 1, 0, (k) => String(drawing().solutions[k]?.within ?? ""), (k) => {
    state.within = drawing().solutions[k].within;
    show();
  });
  const names = choice(drawings.map(({ name }, k) => [String(k), name] as const), String(state.drawing), (text) => {
    state.drawing = Number(text);
    state.within = chosen().within;
    show();
  });
  const form = panel(
    "Regions",
    field("Drawing", names),
    within.root,
    says,
  );

  function show(): void {
    visit.save(written(DEFAULTS, state));
    const found = chosen();
    const input = within.root.querySelector("input") as HTMLInputElement;
    input.max = String(drawing().solutions.length - 1);
    within.set(nearest(state.within));
    says.textContent = drawing().says;
    numbers.show(
      [
        ["within", String(found.within)],
        ["least norm, from", shown(found.low, 6)],
        ["to", shown(found.high, 6)],
      ],
      "Proven from both sides: no network that keeps to all of the regions costs less than the first number, and the one drawn costs the second.",
    );
    python.show(pythonOf(drawing(), found.within));
    draw();
  }
  function draw(): void {
    picture.show(drawing(), chosen(), unit);
    const { solutions } = drawing();
    const top = Math.max(...solutions.map((one) => one.high));
    curve.x = { low: 0, high: 1.1 * Math.max(...solutions.map((one) => one.within)) };
    curve.y = { low: 0, high: 1.12 * top };
    curve.begin();
    curve.area(solutions.map((one) => [one.within, one.low, one.high] as const), "area band");
    curve.line(solutions.map((one): Point => [one.within, one.high]), "function");
    curve.dots(solutions.map((one): Point => [one.within, one.high]), "dot function", 3);
    const now = chosen();
    curve.dots([[now.within, now.high]], "dot other", 6);
    curve.explain([["function", "norm of a network"], ["area band", "down to the lower bound"]]);
  }
  curve.resized(draw);
  picture.resized(draw);
  show();
  if (problems.length) visit.say(problems.join("\n"));

  const middle = element("div", { class: "plots" }, numbers.root, element("div", { class: "pair" }, picture.root, curve.root), python.root);
  return { root: element("div", { class: "view" }, middle, element("div", { class: "side" }, form)), close: () => picture.close() };
}

function pythonOf(drawing: Drawing, within: number): string {
  const pair = (numbers: readonly number[]): string => `[${numbers.join(", ")}]`;
  const shape = (part: Part): string => {
    if (part.kind === "disc") return `mn.ball(${pair(part.center)}, ${part.radius})`;
    if (part.kind === "ring") return `mn.shell(${pair(part.center)}, ${part.inner}, ${part.outer})`;
    return `mn.polygon([${part.corners.map(pair).join(", ")}])`;
  };
  const rows = drawing.parts.map((part) => `    (${shape(part)}, ${part.label}),`);
  return [
    "import minnorm as mn",
    "",
    "K = mn.Regions([",
    ...rows,
    "])",
    `solution = mn.interpolate_regions(K, within=${within})`,
    "print(solution.lower_bound, solution.value)",
  ].join("\n");
}

// Bump: 1 at the origin or on a plateau, 0 outside the unit ball, of least norm; from tables of minnorm.known.

import { choice, code, element, field, panel, readout, shown, slider } from "../dom.ts";
import { Plot, type Point } from "../plot/plot.ts";
import { read, written } from "../state.ts";
import { type Bump, tables, unpacked } from "../tables.ts";
import type { View, Visit } from "./view.ts";

const DEFAULTS = { dim: 5, plateau: 0 };
const EDGE = 1.35;

export function openBump(visit: Visit): View {
  const { bumps, plateaus, dimensions, unit, between, end } = tables().bumps;
  const problems: string[] = [];
  const state = read(DEFAULTS, visit.query, problems);
  const last = dimensions[dimensions.length - 1];
  if (!dimensions.includes(state.dim)) {
    problems.push(`the address has dim=${state.dim}; give a whole number from 1 to ${last}`);
    state.dim = DEFAULTS.dim;
  }
  if (!plateaus.includes(state.plateau)) {
    problems.push(`the address has plateau=${state.plateau}; this page has ${plateaus.join(", ")}`);
    state.plateau = DEFAULTS.plateau;
  }
  const small = (width: number): number => Math.min(Math.max(0.5 * width, 190), 270);
  const profile = new Plot({ label: "The profile", height: small, x: { label: "r" }, y: { label: "f(r)" } });
  const norms = new Plot({
    label: "Norms in all dimensions",
    height: small,
    x: { label: "dimension d" },
    y: { log: true, label: "norm" },
  });
  const certificate = new Plot({
    label: "The dual certificate",
    height: (width) => Math.min(Math.max(0.25 * width, 190), 250),
    x: { label: "s" },
    y: { label: "certificate" },
  });
  profile.caption.textContent = "The function along a ray. Grey is where it is given: 1 inside, 0 outside; between, it is what costs least.";
  norms.caption.textContent =
    "Without a plateau the norm grows like 7.14 d; on any plateau, however small, exponentially. Each line is a plateau, the dot this bump.";
  certificate.caption.textContent =
    "The proof: an error curve of best approximation that touches ±1 as often as it can. The neurons' knots sit where it touches.";
  const numbers = readout();
  const python = code();

  const dim = slider("Dimension d", dimensions.length - 1, dimensions.indexOf(state.dim), (k) => String(dimensions[k]), (k) => {
    state.dim = dimensions[k];
    show();
  });
  const plateau = choice(plateaus.map((value) => [String(value), String(value)] as const), String(state.plateau), (text) => {
    state.plateau = Number(text);
    show();
  });
  const form = panel(
    "Bump",
    dim.root,
    field("Plateau, where f = 1", plateau),
  );

  function chosen(): Bump {
    return bumps[plateaus.indexOf(state.plateau)][dimensions.indexOf(state.dim)];
  }
  function show(): void {
    visit.save(written(DEFAULTS, state));
    const { norm, low, high, lipschitz } = chosen();
    numbers.show(
      [
        ["norm", norm >= 1e9 ? norm.toExponential(9) : norm.toPrecision(12)],
        ["norm / d", shown(norm / state.dim, 6)],
        ["Lipschitz constant", shown(lipschitz, 6)],
      ],
      `Proven: between ${low} and ${high}.`,
    );
    const options = state.plateau ? `, plateau=${state.plateau}` : "";
    python.show(`import minnorm as mn\n\nbump = mn.known.radial_bump(${state.dim}${options})\nprint(bump.norm, bump.norm_bounds)`);
    draw();
  }

  function draw(): void {
    const bump = chosen();
    drawProfile(bump);
    drawNorms(bump);
    drawCertificate(bump);
  }
  function drawProfile(bump: Bump): void {
    const values = unpacked(bump.profile).map((step) => (2 * step) / unit);
    profile.x = { low: 0, high: EDGE };
    profile.y = { low: -0.08, high: 1.12 };
    profile.begin();
    const known: [number, number][] = [[1, EDGE]];
    if (state.plateau > 0) known.push([0, state.plateau]);
    for (const [from, to] of known) profile.area([[from, -1, 2], [to, -1, 2]], "area known");
    const inside = values.map((value, k): Point => [state.plateau + ((1 - state.plateau) * k) / (values.length - 1), value]);
    profile.line([[0, 1], ...inside, [1, 0], [EDGE, 0]], "function");
    if (state.plateau === 0) profile.dots([[0, 1]], "dot point");
  }
  function drawNorms(bump: Bump): void {
    const tops = bumps.map((row) => row[row.length - 1].norm);
    norms.x = { low: 0, high: last + 1 };
    norms.y = { low: 3, high: Math.min(1e7, 2 * Math.max(...tops)) };
    if (bump.norm > norms.y.high) norms.y.high = 3 * bump.norm;
    norms.begin();
    bumps.forEach((row, p) => {
      const look = plateaus[p] === state.plateau ? "function" : "soft thin";
      norms.line(row.map(({ norm }, k): Point => [dimensions[k], norm]), look);
    });
    norms.dots([[state.dim, bump.norm]], "dot other", 5);
    norms.explain([["function", `plateau ${state.plateau}`], ["soft thin", `others: ${plateaus.filter((one) => one !== state.plateau).join(", ")}`]]);
  }
  function drawCertificate(bump: Bump): void {
    const odd = state.dim % 2 === 1;
    const atoms = unpacked(bump.atoms).map((step) => (2 * step) / unit);
    const phi = unpacked(bump.phi).map((step) => (2 * step) / unit);
    // The curve is kept at the ends, at the atoms, and evenly between these.
    const all = [...new Set([state.plateau, 1, ...(odd ? [] : [end]), ...atoms])].sort((a, b) => a - b);
    const corners = all.filter((at, k) => k === 0 || at - all[k - 1] > 4 / unit);
    certificate.x = { low: -EDGE, high: EDGE };
    certificate.y = { low: -1.3, high: 1.3 };
    certificate.begin();
    certificate.level(1, "bound");
    certificate.level(-1, "bound");
    if (state.plateau > 0) certificate.area([[-state.plateau, -2, 2], [state.plateau, -2, 2]], "area known");
    for (let k = 0; k + 1 < corners.length; k++) {
      const piece = smooth(corners[k], corners[k + 1], phi.slice(k * between, (k + 1) * between + 1));
      certificate.line(piece, "function");
      certificate.line(piece.map(([s, value]): Point => [-s, value]), "function");
    }
    const touches = (sign: number): Point[] =>
      corners.flatMap((at, k) => {
        const value = phi[k * between];
        return atoms.some((atom) => Math.abs(atom - at) <= 4 / unit) && Math.sign(value) === sign
          ? ([[at, value], [-at, value]] as Point[])
          : [];
      });
    certificate.dots(touches(1), "dot other", 3.5);
    certificate.squares(touches(-1), "square function", 3);
    certificate.explain([["dot other", "neurons, a > 0"], ["square function", "neurons, a < 0"]]);
  }
  for (const plot of [profile, norms, certificate]) plot.resized(draw);
  show();
  if (problems.length) visit.say(problems.join("\n"));

  const pair = element("div", { class: "pair" }, profile.root, norms.root);
  const middle = element("div", { class: "plots" }, numbers.root, pair, certificate.root, python.root);
  return { root: element("div", { class: "view" }, middle, element("div", { class: "side" }, form)), close: () => {} };
}

const FINE = 24; // places in a piece

/** The polynomial through values at even places between two ends. */
function smooth(from: number, to: number, values: readonly number[]): Point[] {
  const last = values.length - 1;
  return Array.from({ length: FINE + 1 }, (_, k): Point => {
    const at = (last * k) / FINE;
    let sum = 0;
    values.forEach((value, i) => {
      let part = value;
      for (let j = 0; j <= last; j++) if (j !== i) part *= (at - j) / (i - j);
      sum += part;
    });
    return [from + ((to - from) * k) / FINE, sum];
  });
}

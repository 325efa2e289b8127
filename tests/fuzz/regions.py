"""Brackets of random regions against what is known of them, and errors at random points against what is claimed.

    python tests/fuzz/regions.py --seconds 600 --seed 1
    python tests/fuzz/regions.py --seed 1 --case 17             # one case again

Discs and points in rings, scaled, moved and with other labels, within delta (`known.radial_within`) and as margins
(a cone's); two convex bodies with constant labels, exactly (2 s / g) and as margins (2 / g). A bracket that does not
hold the known number, a network that misses labels at one of the points by more than is claimed, or may be, and an
error are printed with seed and number.
"""

import argparse
import sys
import time
import warnings

import numpy as np

import minnorm as mn

WIDTHS = 1 << 22  # hidden values held at once


def ring(rng):
    """A disc or a point in a ring, and the radial programme's number, in between its own bounds."""
    eps = float(rng.choice([0.0, rng.uniform(0.05, 0.5)]))
    outer, within = float(rng.uniform(1.2, 3.0)), float(rng.uniform(0.04, 0.3))
    scale, at = float(np.exp(rng.uniform(-2, 2))), rng.normal(size=2) * 3
    size, base = float(rng.choice([-1, 1]) * np.exp(rng.uniform(-2, 2))), float(rng.normal())
    inner = mn.ball(at, eps * scale) if eps else mn.points(at[None])
    parts = [(inner, base + size), (mn.shell(at, scale, outer * scale), base)]
    known = mn.known.radial_within(2, eps, outer, within)
    low, high = (bound * abs(size) / scale for bound in known.norm_bounds)
    return mn.Regions(parts), {"within": within * abs(size), "tolerance": 0.05}, low, high


def sides(rng):
    """The same as sides 1 and -1: a cone."""
    eps, outer, scale = float(rng.uniform(0.05, 0.7)), float(rng.uniform(1.2, 3.0)), float(np.exp(rng.uniform(-2, 2)))
    at, sign = rng.normal(size=2) * 3, int(rng.choice([-1, 1]))
    parts = [(mn.ball(at, eps * scale), sign), (mn.shell(at, scale, outer * scale), -sign)]
    known = 4 / ((1 - eps) * 2 / np.pi) / scale
    return mn.Regions(parts), {"tolerance": 0.02}, known, known


def body(rng, side):
    """A convex body in side x_1 >= 0 that touches 0 and holds a piece of the line from there."""
    kind = int(rng.integers(4))
    if kind == 0:
        radius = float(rng.uniform(0.2, 2))
        return mn.ball([side * radius, 0.0], radius)
    if kind == 1:
        return mn.segment([0.0, 0.0], [side * float(rng.uniform(0.2, 2)), 0.0])
    if kind == 2:
        low, high = -rng.uniform(0.1, 1), rng.uniform(0.1, 1)
        ends = sorted([0.0, side * float(rng.uniform(0.2, 2))])
        return mn.box([ends[0], low], [ends[1], high])
    others = np.column_stack([side * rng.uniform(0.1, 2, size=6), rng.uniform(-1, 1, size=6)])
    return mn.polytope(np.concatenate([[[0.0, 0.0], [side * 1.0, 0.0]], others]))


def bodies(rng):
    """Two convex bodies: 2 s / g as values, 2 / g as margins."""
    gap, turn, at = float(np.exp(rng.uniform(-1.5, 1.5))), float(rng.uniform(0, 6.3)), rng.normal(size=2) * 3
    one, other = body(rng, -1.0), body(rng, 1.0).moved([gap, 0.0])
    one, other = (shape.rotated(turn).moved(at) for shape in (one, other))
    if rng.random() < 0.5:
        return mn.Regions([(one, -1), (other, 1)]), {"tolerance": 1e-3}, 2 / gap, 2 / gap
    base, step = float(rng.normal()), float(rng.choice([-1, 1]) * np.exp(rng.uniform(-2, 2)))
    known = 2 * abs(step) / gap
    return mn.Regions([(one, base), (other, base + step)]), {"within": 0.0, "tolerance": 1e-6}, known, known


KINDS = {"ring": ring, "sides": sides, "bodies": bodies}


def missed(sol, K, count, rng):
    """The largest error at points of K, half of them on boundaries."""
    x, y = K.sample(count // 2, rng)
    rims = [(p, label(p)) for shape, label in K for p in [shape.spread(count // (2 * len(K)))]]
    x, y = np.concatenate([x, *(p for p, _ in rims)]), np.concatenate([y, *(v for _, v in rims)])
    step, largest = max(1, WIDTHS // max(1, sol.network.width)), -np.inf
    for k in range(0, len(x), step):
        f = sol(x[k : k + step])
        error = 1 - y[k : k + step] * f if sol.margins else np.abs(f - y[k : k + step])
        largest = max(largest, float(np.max(error)))
    return largest, len(x)


def case(seed, number, count, kinds):
    """What is wrong with one case, and in words what it was."""
    rng = np.random.default_rng([seed, number])
    kind = kinds[number % len(kinds)]
    K, options, low, high = KINDS[kind](rng)
    sol = mn.interpolate_regions(K, **options) if "within" in options else mn.separate_regions(K, **options)
    error, seen = missed(sol, K, count, rng)
    faults = []
    if sol.lower_bound > high * (1 + 1e-9):
        faults.append(f"lower bound {sol.lower_bound!r} is above {high!r}")
    if sol.value < low * (1 - 1e-9):
        faults.append(f"value {sol.value!r} is below {low!r}")
    if error > sol.error:
        faults.append(f"error {error!r} at a point is above {sol.error!r}")
    rounding = 1e-9 * K.amplitude if options.get("within") == 0 else 0.0
    if np.isfinite(sol.value) and sol.error > sol.within + rounding:
        faults.append(f"a value is claimed for an error of {sol.error!r} within {sol.within!r}")
    return faults, f"{kind} {options}: [{sol.lower_bound:.6g}, {sol.value:.6g}], known {low:.6g}", sol.certified, seen


def main():
    """Cases until the time is over; 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--cases", type=int, default=10**9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int)
    parser.add_argument("--points", type=int, default=10**6)
    parser.add_argument("--kind", nargs="*", choices=list(KINDS), default=list(KINDS))
    asked = parser.parse_args()
    warnings.simplefilter("ignore", mn.UncertifiedWarning)
    end, done, certified, bad, points = time.monotonic() + asked.seconds, 0, 0, 0, 0
    numbers = [asked.case] if asked.case is not None else range(asked.cases)
    for number in numbers:
        if time.monotonic() > end:
            break
        try:
            faults, said, proved, seen = case(asked.seed, number, asked.points, asked.kind)
        except Exception as error:  # whatever it is, it is a fault
            faults, said, proved, seen = [f"{type(error).__name__}: {error}"], "", False, 0
        done, certified, points = done + 1, certified + proved, points + seen
        bad += bool(faults)
        if faults or asked.case is not None or not proved:
            print(f"seed {asked.seed} case {number}: {said}; {'; '.join(faults) or 'no fault'}", flush=True)
    print(f"{done} cases, {certified} certified, {points} points of regions, {bad} with faults")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

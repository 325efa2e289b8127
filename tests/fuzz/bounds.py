"""Bounds of sup |h| by branching and strips, stopped early or late, against the exact supremum and climbed values.

    python tests/fuzz/bounds.py --seconds 600 --seed 1

Few points in two to four dimensions: the supremum by all faces (`supremum.py`), 60 digits. More points: the largest of
many ascents, evaluated in rationals. Points are those of `cases.py`, at scales from 1e-150 to 1e150, with dual vectors
of many kinds. A bound that is below, or one that claims to be closed and is far above, is printed with its seed and
number.
"""

import argparse
import sys
import time
from fractions import Fraction

import mpmath
import numpy as np
from cases import POINTS
from supremum import DIGITS, integers, supremum

from minnorm import _native
from minnorm.objective.norm import PathNorm
from minnorm.verification import branching, lifting, space
from minnorm.verification.clock import ENDLESS
from minnorm.verification.exact import UP
from minnorm.verification.symmetry import chamber

EXACT = {2: 9, 3: 7, 4: 5}  # points, by dimensions of the supremum


def weights_of(rng, n):
    """Dual vectors: dense, sparse, whole, of very different sizes."""
    kind = int(rng.integers(4))
    if kind == 0:
        return rng.standard_normal(n)
    if kind == 1:
        return rng.standard_normal(n) * (rng.random(n) < 0.5)
    if kind == 2:
        return rng.integers(-2, 3, size=n).astype(float)
    return rng.standard_normal(n) * 10.0 ** rng.integers(-8, 1, size=n)


def true_supremum(points, weights, affine):
    """In integers, of all pivots if `affine`."""
    (whole, e), (nu, e_nu) = integers(points), integers(weights)
    fans = [whole - row for row in whole] if affine else [whole]
    with mpmath.workdps(DIGITS):
        best = mpmath.mpf(0)
        for fan in fans:
            best = max(best, supremum(fan, nu)[0])
        return best * mpmath.mpf(2) ** (-e - e_nu)


def climbed(points, weights, affine, rng, count=64):
    """The largest |h| / |u|, in rationals, at the ends of ascents in float64, with kinks at all points if `affine`."""
    k = points.shape[1]
    best = Fraction(0)
    exact = [[Fraction(t) for t in row] for row in points.tolist()]
    nu = [Fraction(t) for t in weights.tolist()]
    for _ in range(count):
        u = rng.standard_normal(k)
        for _ in range(30):
            shadow = points @ (u / np.linalg.norm(u))
            kinks = shadow if affine else np.zeros(1)
            values = np.maximum(shadow[None] - kinks[:, None], 0) @ weights
            i = int(np.argmax(np.abs(values)))
            active = weights * (shadow > kinks[i])
            slope = np.sign(values[i]) * (active @ (points - (points[i] if affine else 0)))
            if not np.any(slope):
                break
            u = u / np.linalg.norm(u) + slope / np.linalg.norm(slope)
        if not np.all(np.isfinite(u)) or not np.any(u):
            continue
        direction = [Fraction(t) for t in u.tolist()]
        shadow = [sum(a * b for a, b in zip(row, direction, strict=True)) for row in exact]
        square = sum(t * t for t in direction)
        for kink in set(shadow) if affine else {Fraction(0)}:
            value = sum(w * max(s - kink, Fraction(0)) for w, s in zip(nu, shadow, strict=True))
            best = max(best, value * value / square)
    return best  # a square


def _mirrored(rng, n, k):
    """About the origin, with the cross."""
    half = rng.integers(-2, 3, size=((n + 1) // 2, k)) / rng.choice([1.0, 3.0])
    return rng.permutation(np.concatenate([half, -half, np.eye(k), -np.eye(k)]))


def draw(seed, number):
    """Points, weights, whether affine."""
    rng = np.random.default_rng([seed, number, 7])
    k = int(rng.choice([2, 3, 4, 5, 6]))
    small = k in EXACT and rng.random() < 0.7
    n = int(rng.integers(1, EXACT[k] + 1)) if small else int(rng.integers(2, 25))
    kinds = [kind for kind in POINTS if k <= 4 or kind not in ("circle", "symmetric")] + ["mirrored"]
    kind = str(rng.choice(kinds))
    points = np.asarray(_mirrored(rng, n, k) if kind == "mirrored" else POINTS[kind](rng, n, k), dtype=np.float64)
    points = np.unique(points[:n], axis=0)
    weights = weights_of(rng, len(points))
    affine = bool(rng.random() < 0.5)
    if affine:
        weights[0] -= float(sum(Fraction(w) for w in weights.tolist()))
    return rng, kind, points, weights, affine, small


def faults(seed, number):
    """What is wrong with the bounds of one case."""
    rng, kind, points, weights, affine, small = draw(seed, number)
    if affine:  # a dual vector is orthogonal to constants exactly
        miss = sum(Fraction(w) for w in weights.tolist())
        if miss:
            return [], kind
    if not np.any(weights):
        return [], kind
    if small:
        true = true_supremum(points, weights, affine)
    else:
        square = climbed(points, weights, affine, rng)
        with mpmath.workdps(DIGITS):
            true = mpmath.sqrt(mpmath.mpf(square.numerator) / square.denominator)
    found = []
    rows = np.ascontiguousarray(chamber(points, weights)) if rng.random() < 0.5 else np.zeros((0, points.shape[1]))
    scale = 2.0 ** -int(np.frexp(np.max(np.abs(points)))[1]) if np.any(points) else 1.0
    seconds = float(rng.choice([0.0, 1e-4, 1e-3, 1e-2, 0.3]))
    ways = {"cones": _native.cover}
    ways["signs"] = lambda p, w, *rest: max(
        (_native.branch(p, s * w, *rest) for s in (1.0, -1.0)), key=lambda one: one[1]
    )
    if affine and points.shape[1] == 2:
        ways["strips"] = lambda p, w, _rows, _affine, *rest: _native.stripe(p, w, *rest)
    for name, way in ways.items():
        p = np.ascontiguousarray(points * scale)
        if not np.array_equal(p / scale, points):
            continue
        got = way(p, weights, rows, affine, 0.0, 0.0, 1e-6, 2, seconds)
        upper = mpmath.mpf(got[1]) / scale
        if not true <= upper:
            found.append(f"{name}: upper {got[1]!r} / {scale!r} below {mpmath.nstr(true, 20)}")
        total = float(np.abs(weights) @ np.linalg.norm(p, axis=1)) + 1e-300
        if name != "signs" and got[3] and small and upper * scale > true * scale * (1 + 1e-5) + 1e-11 * total:
            found.append(f"{name}: closed at {got[1]!r} / {scale!r}, far above {mpmath.nstr(true, 20)}")
    upper = mpmath.mpf(lifting.bound(points * scale, weights, affine, ENDLESS.within(seconds))) / scale
    if not true <= upper and np.array_equal(points * scale / scale, points):
        found.append(f"lifting: upper {mpmath.nstr(upper, 20)} below {mpmath.nstr(true, 20)}")
    # All of the judge's way, at any scale.
    shift = int(rng.integers(-500, 501))
    moved = np.ldexp(points, shift)
    if np.array_equal(np.ldexp(moved, -shift), points):
        penalty = PathNorm("free") if affine else None
        if penalty is not None:
            problem = space.reduce(moved, weights, np.zeros(len(points)), penalty)
            if problem.coordinates.shape[1] >= 2:
                clock = ENDLESS.within(seconds)
                _, upper = branching.bound(problem.coordinates, problem.weights, True, 0.0, clock)
                upper = (problem.stretch * upper + problem.price) * UP
                bound = mpmath.ldexp(mpmath.mpf(upper), problem.exponent - shift)
                if not true <= bound:
                    found.append(f"reduced: {mpmath.nstr(bound, 20)} below {mpmath.nstr(true, 20)}")
    return found, kind


def main():
    """Cases until the time is over."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int)
    given = parser.parse_args()
    began, number, bad = time.monotonic(), 0, 0
    cases = iter([given.case]) if given.case is not None else iter(range(10**9))
    for number in cases:
        wrong, kind = faults(given.seed, number)
        for text in wrong:
            bad += 1
            print(f"--seed {given.seed} --case {number} ({kind}): {text}", flush=True)
        if time.monotonic() - began > given.seconds:
            break
    print(f"{number + 1} cases, {bad} faults")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

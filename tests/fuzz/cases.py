"""Random problems: kinds of points, kinds of labels, penalties, lam and tolerances. A seed and a number make a case."""

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
from check import Objective, dual_norm_of, scaled_integers, spread, without_free_terms

MOST = {1: 30, 2: 30, 3: 22, 4: 9}
"""The most points in each dimension: what the check in integers enumerates in a second or two."""


@dataclass(frozen=True)
class Case:
    """One problem, and how it was made."""

    seed: int
    number: int
    points: str
    labels: str
    problem: Objective
    share: float  # of lam_max
    largest: float  # lam_max, where there is a lam
    tolerance: float
    twice: bool  # whether the minimum is found by another route, too

    @property
    def name(self) -> str:
        """What was drawn, in words."""
        p = self.problem
        n, d = p.x.shape
        lam = f"lam {p.lam!r} ({self.share:.3g} lam_max)" if p.lam else "interpolation"
        return (
            f"{self.points} points, {self.labels} labels, n = {n}, d = {d}, bias {p.bias}, skip {p.skip}, "
            f"offset {p.offset}, {lam}, tolerance {self.tolerance:.2g}{'' if p.weights is None else ', weights'}"
            f"{'' if p.rectifies else f', slopes {p.slopes}'}"
        )


def draw(seed: int, number: int, dims: tuple[int, ...], kinds: tuple[str, ...]) -> Case:
    """The case of this number, with d among `dims` and the points' kind among `kinds`."""
    rng = np.random.default_rng([seed, number])
    d = int(rng.choice(dims))
    n = int(np.exp(rng.uniform(np.log(2), np.log(MOST[d] + 1)))) if rng.random() > 0.02 else 1
    kind, label = str(rng.choice(kinds)), str(rng.choice(list(LABELS)))
    x = np.asarray(POINTS[kind](rng, n, d), dtype=np.float64)[: MOST[d]]
    y = np.asarray(LABELS[label](rng, _standard(x)), dtype=np.float64)
    bias, skip, offset = (
        str(rng.choice(options)) for options in (("free", "penalised"), ("none", "free"), ("free", "none"))
    )
    interpolates = rng.random() < 0.35
    share = 0.0 if interpolates else float(rng.choice([10 ** rng.uniform(-8, 0), rng.uniform(0, 2)]))
    tolerance = float(10 ** rng.uniform(-9, -3))
    if interpolates:
        _, first, group = np.unique(x, axis=0, return_index=True, return_inverse=True)
        y = y[first][group.reshape(-1)]
    slopes = _slopes(np.random.default_rng([seed, number, 3]))
    twice = len(x) <= 6 and d <= 2 and rng.random() < 0.3
    weights = None if interpolates else _weights(np.random.default_rng([seed, number, 2]), len(x))
    problem = Objective(x, y, bias, skip, offset, 0.0, weights, slopes)
    largest = 0.0 if interpolates else lam_max(problem)
    if share:
        problem = replace(problem, lam=share * (largest or 1.0))
    return Case(seed, number, kind, label, problem, share, largest, tolerance, twice)


def _weights(rng: np.random.Generator, n: int) -> np.ndarray | None:
    """How often points count, mostly once."""
    if rng.random() < 0.75:
        return None
    kind = int(rng.integers(3))
    weights = [rng.integers(0, 4, n), rng.uniform(0.1, 1, n), 10 ** rng.uniform(-6, 3, n)][kind].astype(np.float64)
    return weights if np.any(weights) else None


def _slopes(rng: np.random.Generator) -> tuple[float, float]:
    """The slopes of the neurons, mostly ReLU's."""
    if rng.random() < 0.6:
        return 1.0, 0.0
    near = float(np.round(rng.uniform(-0.99, 1), 2))
    return [(1.0, 1.0), (1.0, -0.01), (1.0, near), (float(rng.normal()), float(rng.normal())), (0.0, -2.0)][
        int(rng.integers(5))
    ]


def fitted(problem: Objective) -> bool:
    """Whether the free terms alone fit the labels, but for rounding errors: float64 says nothing about the rest."""
    return spread(problem) <= 2.0**-44 * float(np.max(np.abs(problem.y)))


def lam_max(problem: Objective) -> float:
    """The least lam at which no neuron is worth its cost: the dual norm of the mean residual of the free terms."""
    times = problem.times
    rest = without_free_terms(problem, [Fraction(float(label)) for label in problem.y], times)
    numbers, e = scaled_integers([p * part / sum(times) for p, part in zip(times, rest, strict=True)])
    if not np.any(numbers):
        return 0.0
    largest = dual_norm_of(problem, numbers) * mpmath.mpf(2) ** -e
    reach = float(np.max(np.abs(problem.x))) + 1.0
    return float(largest) if largest > 1e-60 * spread(problem) * reach else 0.0


def described(case: Case) -> dict:
    """What a report says of the case itself."""
    p = case.problem
    n, d = p.x.shape
    penalty = f"{p.bias}/{p.skip}/{p.offset}{'' if p.rectifies else '/other neurons'}"
    return {
        "seed": case.seed, "number": case.number, "name": case.name, "points": case.points, "labels": case.labels,
        "penalty": penalty, "n": n, "d": d, "lam": p.lam, "fitted": fitted(p),
    }  # fmt: skip


# Points, (n, d).


def _uniform(rng, n, d):
    return rng.random((n, d))


def _normal(rng, n, d):
    return rng.standard_normal((n, d))


def _grid(rng, n, d):
    return rng.integers(-2, 3, size=(n, d))


def _circle(rng, n, d):
    """Points of a circle, with rounding errors; on a line their shadows, twins; beyond the plane two circles."""
    angle = 2 * np.pi * np.arange(n) / n
    other = angle * rng.integers(1, 4)
    return np.column_stack([np.cos(angle), np.sin(angle), np.cos(other), np.sin(other)])[:, :d]


def _clustered(rng, n, d):
    centres = rng.standard_normal((int(rng.integers(1, 4)), d))
    return centres[rng.integers(len(centres), size=n)] + 10 ** rng.uniform(-12, -3) * rng.standard_normal((n, d))


def _flat(rng, n, d):
    x = rng.standard_normal((n, d))
    x[:, -1] *= 10 ** rng.uniform(-12, -3)
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
    return x @ turn if rng.random() < 0.5 else x


def _collinear(rng, n, d):
    """Exactly, or up to rounding errors, which a free skip term may use."""
    t = rng.integers(-9, 10, size=n) if rng.random() < 0.5 else np.round(2.0**20 * rng.standard_normal(n)) / 2.0**20
    direction = rng.integers(-3, 4, size=d) if rng.random() < 0.8 else rng.standard_normal(d)
    return np.outer(t, direction) + rng.integers(-1, 2, size=d)


def _twins(rng, n, d):
    x = rng.standard_normal(((n + 1) // 2, d))
    other = np.where(rng.random(x.shape) < 0.5, np.nextafter(x, rng.choice([-9.0, 9.0])), x)
    return np.concatenate([x, other])[:n]


def _far(rng, n, d):
    return rng.standard_normal((n, d)) + 10 ** rng.uniform(1, 9) * rng.choice([-1, 1], size=d)


def _symmetric(rng, n, d):
    cross = np.concatenate([np.eye(d), -np.eye(d)])
    cube = np.array(list(product((-1.0, 1.0), repeat=d)))
    angle = 2 * np.pi * np.arange(n) / n
    polygon = np.column_stack([np.cos(angle), np.sin(angle), np.zeros((n, 2))])[:, :d]
    mirrored = rng.standard_normal(((n + 1) // 2, d))
    shapes = [cross, cube, polygon, np.eye(d), np.concatenate([mirrored, -mirrored])]
    shape = shapes[int(rng.integers(len(shapes)))]
    return np.concatenate([np.zeros((1, d)), shape]) if rng.random() < 0.5 else shape


def _duplicates(rng, n, d):
    x = rng.standard_normal((max(1, n // 2), d))
    return x[rng.integers(len(x), size=n)]


POINTS = {
    "uniform": _uniform,
    "normal": _normal,
    "grid": _grid,
    "circle": _circle,
    "clustered": _clustered,
    "flat": _flat,
    "collinear": _collinear,
    "twins": _twins,
    "far": _far,
    "symmetric": _symmetric,
    "duplicates": _duplicates,
}


# Labels (n,), of points u in coordinates of size 1.


def _standard(x: np.ndarray) -> np.ndarray:
    size = np.std(x, axis=0)
    return (x - np.mean(x, axis=0)) / np.where(size > 0, size, 1.0)


def _smooth(rng, u):
    return np.sin(2 * u @ rng.standard_normal(u.shape[1]) + rng.uniform(0, 6))


def _random(rng, u):
    return rng.standard_normal(len(u))


def _integers(rng, u):
    return rng.integers(-3, 4, size=len(u))


def _constant(rng, u):
    return np.full(len(u), rng.choice([0.0, 1.0, -0.1, 1e6]))


def _affine(rng, u):
    return u @ rng.standard_normal(u.shape[1]) + rng.choice([0.0, 1.0])


def _nearly(rng, u):
    return _affine(rng, u) + 10 ** rng.uniform(-10, -3) * rng.standard_normal(len(u))


def _offset(rng, u):
    return _smooth(rng, u) + 10 ** rng.uniform(2, 12)


def _tiny(rng, u):
    return 1e-12 * rng.standard_normal(len(u))


def _spike(rng, u):
    y = np.zeros(len(u))
    y[rng.integers(len(u))] = rng.choice([1.0, -1.0])
    return y


LABELS = {
    "smooth": _smooth,
    "random": _random,
    "integer": _integers,
    "constant": _constant,
    "affine": _affine,
    "nearly affine": _nearly,
    "offset": _offset,
    "tiny": _tiny,
    "spike": _spike,
}

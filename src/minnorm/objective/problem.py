"""The data and objective of a problem, validated once, here."""

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.checks import check_points as check_points
from minnorm.checks import check_values as check_values
from minnorm.checks import numbers, strength
from minnorm.objective.norm import PathNorm
from minnorm.pictures import record

_WIDEST = 1e30  # the largest weight, in terms of the smallest


class TiesError(ValueError):
    """Equal points have different values, which no function interpolates; `ties` are their rows, a list for each."""

    def __init__(self, ties: list[list[int]], first: str, remedy: str) -> None:
        rest = "" if len(ties) == 1 else f" ({len(ties)} such points in all)"
        super().__init__(f"{first}{rest}; no function interpolates both: {remedy}")
        self.ties = ties


@dataclass(frozen=True, init=False, repr=False)
class Problem:
    r"""Minimum-norm interpolation (lam = 0) or weight-decay training (lam > 0).

        (P0)  min ||mu||                                  subject to  f(x_i) = y_i
        (PL)  min 1/(2S) sum_i p_i (f(x_i) - y_i)^2 + lam ||mu||,    S = sum_i p_i

    Arguments: `points` (n, d), or (n,) for d = 1; `values` (n,) or (n, 1); `penalty`; `lam` >= 0; `weights` p (n,), how
    often each point counts, None for once; `names`, what the caller calls points, values and lam. A point of weight 0
    is none: whoever solves or verifies leaves it out. Everything is copied to float64.

    Errors: ValueError naming the argument for wrong shapes, empty data, NaN, infinite, masked or missing entries,
    dates, strings, whole numbers that float64 cannot hold, a negative lam, weights below 0, all 0 or too far apart, and
    at lam = 0 for equal points with different values.

    >>> Problem([0.0, 1.0], [0.0, 2.0]).points.shape
    (2, 1)
    >>> Problem([0.0, 1.0], [0.0, 2.0], weights=[3.0, 1.0]).mean(np.array([0.0, 1.0]))
    0.25
    """

    points: Float[np.ndarray, "n d"]
    values: Float[np.ndarray, " n"]
    penalty: PathNorm
    lam: float
    weights: Float[np.ndarray, " n"]
    """Over a power of two, which changes nothing; 1 where all are equal."""

    def __init__(
        self,
        points: npt.ArrayLike,
        values: npt.ArrayLike,
        penalty: PathNorm | None = None,
        lam: float | int = 0.0,
        *,
        weights: npt.ArrayLike | None = None,
        names: tuple[str, str, str] = ("points", "values", "lam"),
    ) -> None:
        x, y = check_points(points, names[0]), check_values(values, names[1])
        if len(x) != len(y):
            raise ValueError(f"{names[0]} has {len(x)} rows and {names[1]} has {len(y)}; they must agree")
        lam = strength(names[2], lam)
        p = check_weights(weights, len(y), "weights" if names[0] == "points" else "sample_weight")
        if lam == 0:
            _reject_ties(x, y, names, np.flatnonzero(p))
        object.__setattr__(self, "points", x)
        object.__setattr__(self, "values", y)
        object.__setattr__(self, "penalty", PathNorm.given(penalty))
        object.__setattr__(self, "lam", lam)
        object.__setattr__(self, "weights", p)

    def __repr__(self) -> str:
        x, y, penalty = self.points, self.values, self.penalty
        counted = ", weighted" if self.weighted else ""
        facts = {
            "norm": str(penalty),
            "size": f"{len(x)} points in dimension {x.shape[1]}{counted}, the largest entry {np.max(np.abs(x)):.6g}",
            "values": f"from {np.min(y):.6g} to {np.max(y):.6g}, mean {np.mean(y):.6g}",
        }
        return record("Problem: interpolate" if self.lam == 0 else f"Problem: loss + {self.lam:g} norm", facts)

    @property
    def weighted(self) -> bool:
        """Whether points count differently."""
        return bool(np.any(self.weights != 1))

    @property
    def total(self) -> float:
        """S, the sum of the weights: the number of points where each counts once."""
        return float(np.sum(self.weights))

    def mean(self, terms: Float[np.ndarray, " n"]) -> float:
        """The mean over the points, each as often as it counts."""
        return float(self.weights @ terms) / self.total if self.weighted else float(np.mean(terms))

    def changed(self, **parts: Any) -> "Problem":
        """A problem with other parts, which are taken as they are."""
        made = object.__new__(Problem)
        for part in fields(self):
            object.__setattr__(made, part.name, parts.get(part.name, getattr(self, part.name)))
        return made

    def counting(self) -> "Problem":
        """The problem of the points that count at all."""
        live = self.weights > 0
        if np.all(live):
            return self
        return self.changed(points=self.points[live], values=self.values[live], weights=_unit(self.weights[live]))


def ties(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, " n"]) -> list[list[int]]:
    """The rows of equal points whose values differ, a list for each such point.

    >>> ties(np.array([[1.0], [2.0], [1.0], [2.0]]), np.array([0.0, 1.0, 3.0, 1.0]))
    [[0, 2]]
    """
    order = np.lexsort(x.T[::-1])
    same = np.all(x[order[1:]] == x[order[:-1]], axis=1)
    if not np.any(same & (y[order[1:]] != y[order[:-1]])):
        return []
    groups = np.split(order, np.flatnonzero(~same) + 1)
    return sorted(sorted(group.tolist()) for group in groups if group.size > 1 and np.any(y[group] != y[group[0]]))


def check_weights(weights: npt.ArrayLike | None, n: int, name: str = "sample_weight") -> Float[np.ndarray, " n"]:
    """How often each of n points counts; ValueError unless numbers >= 0, not all 0, up to 1e30 times each other."""
    if weights is None:
        return np.ones(n)
    p = numbers(weights, name)
    if p.shape != (n,):
        raise ValueError(f"{name} has shape {p.shape}; give {n} numbers, one for each point, or None")
    if not (np.all(np.isfinite(p)) and np.all(p >= 0) and np.any(p > 0)):
        wrong = p[~(np.isfinite(p) & (p >= 0))]
        said = f"contains {wrong[0]}" if wrong.size else "is zero for all points"
        raise ValueError(f"{name} {said}; give finite numbers >= 0, not all 0")
    least, most = float(np.min(p[p > 0])), float(np.max(p))
    if most > _WIDEST * least:
        raise ValueError(
            f"{name} ranges from {least} to {most}, which is too far for float64; give 0 to leave points out"
        )
    return _unit(p)


def _unit(p: np.ndarray) -> np.ndarray:
    """Weights over the power of two just above the largest; 1 where all that are not 0 are equal."""
    live = p > 0
    if np.all(p[live] == p[live][0]):
        return live.astype(np.float64)
    return np.ldexp(p, -math.frexp(float(np.max(p)))[1])


def _reject_ties(x: np.ndarray, y: np.ndarray, names: tuple[str, str, str], live: np.ndarray) -> None:
    """Among the rows `live`."""
    found = [live[rows].tolist() for rows in ties(x[live], y[live])]
    if found:
        i = found[0][0]
        j = next(row for row in found[0] if y[row] != y[i])
        raise TiesError(
            found,
            f"points {i} and {j} are equal but their values are {y[i]} and {y[j]}",
            f"remove one, average them, or use {names[2]} > 0",
        )

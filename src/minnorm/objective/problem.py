"""What is minimised: a loss on points, and the norm."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.checks import strength
from minnorm.objective.data import Points
from minnorm.objective.norm import PathNorm
from minnorm.pictures import record

_PARTS = {"x": "points", "y": "values", "weights": "weights"}


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

    data: Points
    penalty: PathNorm
    lam: float

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
        data = Points(points, values, weights, names=names[:2])
        lam = strength(names[2], lam)
        if lam == 0:
            data.reject_ties(names)
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "penalty", PathNorm.given(penalty))
        object.__setattr__(self, "lam", lam)

    @classmethod
    def of(cls, data: Points, penalty: PathNorm, lam: float) -> "Problem":
        """A problem of parts that have been checked, which are taken as they are."""
        made = object.__new__(cls)
        for name, part in (("data", data), ("penalty", penalty), ("lam", lam)):
            object.__setattr__(made, name, part)
        return made

    @property
    def points(self) -> Float[np.ndarray, "n d"]:
        """x."""
        return self.data.x

    @property
    def values(self) -> Float[np.ndarray, " n"]:
        """y."""
        return self.data.y

    @property
    def weights(self) -> Float[np.ndarray, " n"]:
        """p, over a power of two, which changes nothing; 1 where all are equal."""
        return self.data.weights

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
        return self.data.weighted

    @property
    def total(self) -> float:
        """S, the sum of the weights: the number of points where each counts once."""
        return self.data.total

    def mean(self, terms: Float[np.ndarray, " n"]) -> float:
        """The mean over the points, each as often as it counts."""
        return self.data.mean(terms)

    def changed(self, **parts: Any) -> "Problem":
        """A problem with other points, values, weights, penalty or lam, which are taken as they are."""
        of_data = {short: parts.pop(name) for short, name in _PARTS.items() if name in parts}
        data = self.data.changed(**of_data) if of_data else self.data
        return Problem.of(data, parts.pop("penalty", self.penalty), parts.pop("lam", self.lam), **parts)

    def counting(self) -> "Problem":
        """The problem of the points that count at all."""
        return Problem.of(self.data.counting(), self.penalty, self.lam)

"""Points and their values, validated once, here."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.checks import check_points, check_values, numbers

_WIDEST = 1e30  # the largest weight, in terms of the smallest


class TiesError(ValueError):
    """Equal points have different values, which no function interpolates; `ties` are their rows, a list for each."""

    def __init__(self, ties: list[list[int]], first: str, remedy: str, does: str = "interpolates") -> None:
        rest = "" if len(ties) == 1 else f" ({len(ties)} such points in all)"
        super().__init__(f"{first}{rest}; no function {does} both: {remedy}")
        self.ties = ties


@dataclass(frozen=True, init=False, eq=False)
class Points:
    """Points x (n, d), their values y (n,) and how often each counts, weights p (n,); S = sum_i p_i.

    Arguments: `x` (n, d), or (n,) for d = 1; `y` (n,) or (n, 1); `weights` (n,), None for once; `names`, what the
    caller calls the first two. Everything is copied to float64. A point of weight 0 is none: `counting` leaves it out.

    Errors: ValueError naming the argument for wrong shapes, empty data, NaN, infinite, masked or missing entries,
    dates, strings, whole numbers that float64 cannot hold, and weights below 0, all 0 or too far apart.

    >>> Points([0.0, 1.0], [0.0, 2.0]).x.shape
    (2, 1)
    >>> Points([0.0, 1.0], [0.0, 2.0], [3.0, 1.0]).mean(np.array([0.0, 1.0]))
    0.25
    """

    x: Float[np.ndarray, "n d"]
    y: Float[np.ndarray, " n"]
    weights: Float[np.ndarray, " n"]
    """Over a power of two, which changes nothing; 1 where all are equal."""

    def __init__(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        *,
        names: tuple[str, str] = ("points", "values"),
    ) -> None:
        places, values = check_points(x, names[0]), check_values(y, names[1])
        if len(places) != len(values):
            raise ValueError(f"{names[0]} has {len(places)} rows and {names[1]} has {len(values)}; they must agree")
        object.__setattr__(self, "x", places)
        object.__setattr__(self, "y", values)
        name = "weights" if names[0] == "points" else "sample_weight"
        object.__setattr__(self, "weights", check_weights(weights, len(values), name))

    def __len__(self) -> int:
        return len(self.y)

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

    def changed(self, **parts: Any) -> "Points":
        """Points with other parts, which are taken as they are."""
        made = object.__new__(Points)
        for name in ("x", "y", "weights"):
            object.__setattr__(made, name, parts.get(name, getattr(self, name)))
        return made

    def counting(self) -> "Points":
        """The points that count at all."""
        live = self.weights > 0
        if np.all(live):
            return self
        return self.changed(x=self.x[live], y=self.y[live], weights=_unit(self.weights[live]))

    def gathered(self) -> tuple["Points", np.ndarray]:
        """Distinct pairs of point and value, in lexicographic order, and the place of each point among them.

        Each counts as often as all that are equal to it.

        >>> points, place = Points([1.0, 0.0, 1.0], [2.0, 3.0, 2.0]).gathered()
        >>> points.x[:, 0].tolist(), (points.weights / points.weights[0]).tolist(), place.tolist()
        ([0.0, 1.0], [1.0, 2.0], [1, 0, 1])
        """
        rows = np.column_stack([self.x, self.y])
        _, first, place = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        place = place.reshape(-1)
        weights = _unit(np.bincount(place, self.weights))
        return self.changed(x=self.x[first], y=self.y[first], weights=weights), place

    def reject_ties(self, remedy: str, apart: float = 0.0, does: str = "interpolates") -> None:
        """TiesError where equal points that count have values more than `apart` from each other."""
        live = np.flatnonzero(self.weights)
        found = [live[rows].tolist() for rows in ties(self.x[live], self.y[live], apart)]
        if found:
            i, j = sorted((min(found[0], key=self.y.item), max(found[0], key=self.y.item)))
            said = f"points {i} and {j} are equal but their values are {self.y[i]} and {self.y[j]}"
            raise TiesError(found, said, remedy, does)


def ties(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, " n"], apart: float = 0.0) -> list[list[int]]:
    """The rows of equal points whose values differ, by more than `apart`, a list for each such point.

    >>> ties(np.array([[1.0], [2.0], [1.0], [2.0]]), np.array([0.0, 1.0, 3.0, 1.0]))
    [[0, 2]]
    """
    order = np.lexsort(x.T[::-1])
    same = np.all(x[order[1:]] == x[order[:-1]], axis=1)
    if not np.any(same & (y[order[1:]] != y[order[:-1]])):
        return []
    groups = np.split(order, np.flatnonzero(~same) + 1)
    return sorted(sorted(group.tolist()) for group in groups if np.ptp(y[group]) > apart)


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

"""The data and objective of a problem, validated once, here."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.checks import check_points as check_points
from minnorm.checks import check_values as check_values
from minnorm.checks import strength
from minnorm.penalty import PathNorm


class TiesError(ValueError):
    """Equal points have different values, which no function interpolates; `ties` are their rows, a list for each."""

    def __init__(self, ties: list[list[int]], first: str, remedy: str) -> None:
        rest = "" if len(ties) == 1 else f" ({len(ties)} such points in all)"
        super().__init__(f"{first}{rest}; no function interpolates both: {remedy}")
        self.ties = ties


@dataclass(frozen=True, init=False)
class Problem:
    r"""Minimum-norm interpolation (lam = 0) or weight-decay training (lam > 0).

        (P0)  min ||mu||                                  subject to  f(x_i) = y_i
        (PL)  min 1/(2n) sum_i (f(x_i) - y_i)^2 + lam ||mu||

    Arguments: `points` (n, d), or (n,) for d = 1; `values` (n,) or (n, 1); `penalty`; `lam` >= 0; `names`, what the
    caller calls points, values and lam. Everything is copied to float64.

    Errors: ValueError naming the argument for wrong shapes, empty data, NaN, infinite, masked or missing entries,
    dates, strings, whole numbers that float64 cannot hold, a negative lam, and at lam = 0 for equal points with
    different values.

    >>> Problem([0.0, 1.0], [0.0, 2.0]).points.shape
    (2, 1)
    """

    points: Float[np.ndarray, "n d"]
    values: Float[np.ndarray, " n"]
    penalty: PathNorm
    lam: float

    def __init__(
        self,
        points: npt.ArrayLike,
        values: npt.ArrayLike,
        penalty: PathNorm | None = None,
        lam: float | int = 0.0,
        *,
        names: tuple[str, str, str] = ("points", "values", "lam"),
    ) -> None:
        x, y = check_points(points, names[0]), check_values(values, names[1])
        if len(x) != len(y):
            raise ValueError(f"{names[0]} has {len(x)} rows and {names[1]} has {len(y)}; they must agree")
        lam = strength(names[2], lam)
        if lam == 0:
            _reject_ties(x, y, names)
        object.__setattr__(self, "points", x)
        object.__setattr__(self, "values", y)
        object.__setattr__(self, "penalty", PathNorm.given(penalty))
        object.__setattr__(self, "lam", lam)


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


def _reject_ties(x: np.ndarray, y: np.ndarray, names: tuple[str, str, str]) -> None:
    found = ties(x, y)
    if found:
        i = found[0][0]
        j = next(row for row in found[0] if y[row] != y[i])
        raise TiesError(
            found,
            f"points {i} and {j} are equal but their values are {y[i]} and {y[j]}",
            f"remove one, average them, or use {names[2]} > 0",
        )

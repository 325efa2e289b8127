"""The data and objective of a problem, validated once, here."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.penalty import PathNorm


@dataclass(frozen=True, init=False)
class Problem:
    r"""Minimum-norm interpolation (lam = 0) or weight-decay training (lam > 0).

        (P0)  min ||mu||                                  subject to  f(x_i) = y_i
        (PL)  min 1/(2n) sum_i (f(x_i) - y_i)^2 + lam ||mu||

    Arguments: `points` (n, d), or (n,) for d = 1; `values` (n,); `penalty`; `lam` >= 0. Everything is
    copied to float64. Errors: ValueError naming the argument for wrong shapes, empty data, NaN or infinite
    entries, a negative lam, and at lam = 0 for equal points with different values.

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
    ) -> None:
        x, y = check_points(points), check_values(values)
        if len(x) != len(y):
            raise ValueError(f"points has {len(x)} rows and values has {len(y)}; they must agree")
        number = np.ndim(lam) == 0 and np.asarray(lam).dtype.kind in "iuf"
        if not (number and np.isfinite(lam) and lam >= 0):
            raise ValueError(f"lam is {lam!r}; give a finite number >= 0 (0 interpolates)")
        if lam == 0:
            _reject_conflicts(x, y)
        object.__setattr__(self, "points", x)
        object.__setattr__(self, "values", y)
        object.__setattr__(self, "penalty", PathNorm() if penalty is None else penalty)
        object.__setattr__(self, "lam", float(lam))


def check_points(points: npt.ArrayLike, name: str = "points") -> Float[np.ndarray, "n d"]:
    """`points` as a new float64 array (n, d); ValueError unless n, d >= 1 and all entries are finite."""
    x = _as_float(points, name)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or x.shape[0] == 0 or x.shape[1] == 0:
        raise ValueError(f"{name} has shape {x.shape}; give (n, d) or (n,) with at least one point")
    _reject_not_finite(x, name)
    return x


def check_values(values: npt.ArrayLike, name: str = "values") -> Float[np.ndarray, " n"]:
    """`values` as a new float64 array (n,); ValueError unless it has one axis and finite entries."""
    y = _as_float(values, name)
    if y.ndim != 1:
        raise ValueError(f"{name} has shape {y.shape}; give one value for each point, shape (n,)")
    _reject_not_finite(y, name)
    return y


def _as_float(array: npt.ArrayLike, name: str) -> np.ndarray:
    try:
        raw = np.asarray(array)
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths; give (n, d) or (n,)") from None
    if np.iscomplexobj(raw):
        raise ValueError(f"{name} is complex; give real numbers")
    try:
        return np.array(raw, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is not an array of numbers (dtype {raw.dtype}); convert it to floats") from None
    except OverflowError:
        raise ValueError(f"{name} has numbers beyond the range of float64; rescale them") from None


def _reject_not_finite(array: np.ndarray, name: str) -> None:
    bad = ~np.isfinite(array)
    if np.any(bad):
        row = int(np.argwhere(bad)[0][0])
        raise ValueError(
            f"{name} has {int(bad.sum())} NaN or infinite entries, the first {array[bad][0]} in row {row}; "
            "remove or impute them"
        )


def _reject_conflicts(x: np.ndarray, y: np.ndarray) -> None:
    order = np.lexsort(x.T[::-1])
    same = np.all(x[order[1:]] == x[order[:-1]], axis=1) & (y[order[1:]] != y[order[:-1]])
    if np.any(same):
        k = int(np.argmax(same))
        i, j = sorted((int(order[k]), int(order[k + 1])))
        raise ValueError(
            f"points {i} and {j} are equal but their values are {y[i]} and {y[j]}; no function interpolates "
            "both: remove one, average them, or use lam > 0"
        )

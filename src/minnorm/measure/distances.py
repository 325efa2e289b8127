"""Distances between two functions on a sample of points."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from minnorm.checks import check_points, check_values, function, instance, numbers
from minnorm.network import ShallowReLU, as_network

Function = ShallowReLU | Callable[[npt.NDArray[np.float64]], npt.ArrayLike]
"""A network, or any callable that takes points (n, d) to values (n,): a `Solution`, a closed form."""


@dataclass(frozen=True)
class Distance:
    """The root mean square (`l2`) and the largest (`sup`) difference of two functions on one sample."""

    l2: float
    sup: float


def values_of(f: Function, points: npt.ArrayLike, name: str = "f") -> npt.NDArray[np.float64]:
    """f at points (n, d), as float64 values (n,): a network through `evaluate`, a callable by one call.

    Errors: ValueError, calling the function `name`, if it does not return exactly one value per point; a
    column (n, 1) would otherwise broadcast against (n,) without a word.

    >>> values_of(lambda x: x[:, 0] ** 2, [[1.0], [3.0]])
    array([1., 9.])
    """
    return _values(f, check_points(points), name)


def _values(f: Function, x: np.ndarray, name: str, label: str = "points") -> npt.NDArray[np.float64]:
    net = f if isinstance(f, ShallowReLU) else getattr(f, "network", None)
    if isinstance(net, ShallowReLU) and as_network(net, name).dim != x.shape[1]:
        raise ValueError(f"{name} takes points of dimension {net.dim}, and {label} has {x.shape[1]} columns")
    if not isinstance(f, ShallowReLU):
        function(name, f, "a ShallowReLU, or a function from points (n, d) to values (n,)")
    values = numbers(f.evaluate(x) if isinstance(f, ShallowReLU) else f(x), f"what {name} returned")
    if values.shape != (len(x),):
        raise ValueError(
            f"{name} returned shape {values.shape} for points of shape {x.shape}; "
            f"return one value per point, shape ({len(x)},)"
        )
    return values


def l2_distance(f: Function, g: Function, points: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
    r"""The root mean square of f - g over a test sample, an estimate of the distance in L2 of its law.

        sqrt( sum_i p_i (f(x_i) - g(x_i))^2 / sum_i p_i )

    Arguments: `f` and `g`, networks or callables (n, d) -> (n,); `points` (n, d), or (n,) for d = 1;
    `weights` p (n,), at least 0 with a positive sum (default: all equal). Where f or g is not finite, as
    after a diverged training run, the distance is inf or NaN.

    Errors: ValueError for weights that are negative, all zero or of another length, and for invalid points.

    >>> l2_distance(lambda x: x[:, 0], lambda x: 0 * x[:, 0], [3.0, 4.0], weights=[0.0, 1.0])
    4.0
    """
    x = check_points(points)
    if weights is None:
        return _root_mean_square(_difference(f, g, x), np.ones(len(x)))
    p = check_values(weights, "weights")
    if p.shape != (len(x),) or np.any(p < 0) or not np.any(p > 0):
        raise ValueError(
            f"weights has shape {p.shape}, least {p.min(initial=0.0)} and sum {p.sum()}; "
            f"give {len(x)} numbers >= 0, not all zero"
        )
    return _root_mean_square(_difference(f, g, x), p)


def sup_distance(f: Function, g: Function, points: npt.ArrayLike) -> float:
    r"""The largest difference on the sample, max_i |f(x_i) - g(x_i)|: a lower bound on the sup distance.

    Arguments and errors: as for `l2_distance`.

    >>> sup_distance(lambda x: x[:, 0], lambda x: 0 * x[:, 0], [-3.0, 2.0])
    3.0
    """
    return float(np.max(np.abs(_difference(f, g, check_points(points)))))


def distances(f: Function, g: Function, regions: Mapping[str, npt.ArrayLike]) -> dict[str, Distance]:
    r"""Both distances on each of several samples, by name: on the data, in the unknown region, and so on.

    Arguments: `f` and `g`, networks or callables; `regions`, a sample (n, d) for each name.

    Errors: ValueError that names the region whose points are invalid.

    >>> found = distances(lambda x: x[:, 0], lambda x: 0 * x[:, 0], {"data": [0.0], "unknown": [-2.0, 2.0]})
    >>> found["unknown"]
    Distance(l2=2.0, sup=2.0)
    """
    instance("regions", regions, Mapping, "a dictionary of points (n, d) under their names")
    found = {}
    for name, points in regions.items():
        label = f"regions[{name!r}]"
        gap = _difference(f, g, check_points(points, label), label)
        found[name] = Distance(_root_mean_square(gap, np.ones(len(gap))), float(np.max(np.abs(gap))))
    return found


def _difference(f: Function, g: Function, x: np.ndarray, label: str = "points") -> np.ndarray:
    left, right = _values(f, x, "f", label), _values(g, x, "g", label)
    with np.errstate(invalid="ignore", over="ignore"):
        return left - right


def _root_mean_square(values: np.ndarray, weights: np.ndarray) -> float:
    size = float(np.max(np.abs(values)))
    if size == 0 or not np.isfinite(size):
        return size
    return size * float(np.sqrt(weights @ (values / size) ** 2 / weights.sum()))

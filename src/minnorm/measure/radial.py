"""Radial means and deviations over directions, and the stretch that matches a known profile best."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from jaxtyping import Float
from scipy.optimize import minimize_scalar

from minnorm.checks import check_values, function, numbers, several, shown, whole
from minnorm.measure.distances import Function, values_of
from minnorm.network import ShallowReLU

_SCAN = 600  # stretches tried before the refinement: neighbours differ by 0.9 % on the default bracket
_MOST = 1 << 27  # numbers of the directions together
_COORDINATES = 1 << 22  # of points held at once


@dataclass(frozen=True)
class RadialProfile:
    """Mean and standard deviation of f(r w) over unit vectors w, for each radius r; all of shape (k,)."""

    radii: Float[np.ndarray, " k"]
    mean: Float[np.ndarray, " k"]
    std: Float[np.ndarray, " k"]


class Stretch(NamedTuple):
    """The best `stretch` s and the `residual`, the root mean square misfit that is left at it."""

    stretch: float
    residual: float


def directions(dim: int, count: int, key: int = 0) -> Float[np.ndarray, "k dim"]:
    r"""Unit vectors for averages over the sphere: random orthogonal frames, each vector with its negative.

    Frames are uniform (Haar) on the orthogonal group: every vector is uniform on the sphere and averages are
    unbiased. Odd functions average to 0, and where `count` is a multiple of 2 dim quadratic forms average to
    their mean over the sphere, |v|^2 / dim for (v . w)^2.

    Arguments: `dim` d >= 1; `count`, even and positive; `key` >= 0, the seed of the frames.

    Returns shape (count, dim), the second half being minus the first. For d = 1 the sphere has two points,
    and these are returned whatever the count.

    Errors: ValueError for other `dim`, `count` or `key`.

    >>> directions(1, 100)
    array([[ 1.],
           [-1.]])
    >>> w = directions(5, 10)
    >>> bool(np.allclose(w.T @ w, 2 * np.eye(5)))
    True

    Source: Mezzadri (2007), *How to generate random matrices from the classical compact groups*, for the law.
    """
    dim, key = whole("dim", dim, 1, _MOST), whole("key", key, 0)
    wanted = "an even number >= 2, as directions come in pairs w and -w"
    count = whole("count", count, 2, _MOST, wanted)
    if count % 2:
        raise ValueError(f"count is {count}; give {wanted}")
    if count * dim > _MOST:
        raise ValueError(f"count is {count} and dim {dim}; give fewer, up to {_MOST} numbers in all")
    if dim == 1:
        return np.array([[1.0], [-1.0]])
    generator = np.random.default_rng(key)
    frames = []
    for _ in range(-(-count // (2 * dim))):
        frame, triangle = np.linalg.qr(generator.standard_normal((dim, dim)))
        frames.append((frame * np.sign(np.diag(triangle))).T)
    half = np.concatenate(frames)[: count // 2]
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    return np.concatenate([half, -half])


def radial_profile(
    f: Function, dim: int, radii: npt.ArrayLike, *, count: int | None = None, key: int = 0
) -> RadialProfile:
    r"""Mean and standard deviation of f over spheres about the origin.

        mean(r) = average over w of f(r w),    std(r)^2 = average over w of (f(r w) - mean(r))^2

    Arguments: `f`, a network or a callable (n, d) -> (n,); `dim` d; `radii` r (k,), at least 0; `count`, the
    number of `directions`, the same for each radius (default: whole frames, at least 256); `key`, their seed.

    Errors: ValueError for negative radii, and for a network of another dimension.

    >>> profile = radial_profile(lambda x: x[:, 0], dim=4, radii=[0.0, 2.0])
    >>> profile.std
    array([0., 1.])
    """
    r, dim = _check_radii(radii), whole("dim", dim, 1, _MOST)
    if isinstance(f, ShallowReLU) and f.dim != dim:
        raise ValueError(f"f takes points of dimension {f.dim} and dim is {dim}; give dim={f.dim}")
    frame = 2 * max(1, dim)
    w = directions(dim, frame * -(-256 // frame) if count is None else count, key)
    several = max(1, _COORDINATES // w.size)  # radii at a time: one call costs more than its points
    samples = np.concatenate(
        [
            values_of(f, (r[i : i + several, None, None] * w).reshape(-1, dim)).reshape(-1, len(w))
            for i in range(0, len(r), several)
        ]
    )
    with np.errstate(invalid="ignore", over="ignore"):
        return RadialProfile(r, samples.mean(axis=1), samples.std(axis=1))


def best_stretch(
    mean: npt.ArrayLike,
    radii: npt.ArrayLike,
    exact_profile: Callable[[npt.NDArray[np.float64]], npt.ArrayLike],
    *,
    weight: npt.ArrayLike | None = None,
    bracket: tuple[float, float] = (0.1, 20.0),
) -> Stretch:
    r"""The factor s by which a known profile, stretched, fits a radial mean best.

        argmin_s || mean - f*(./s) ||,    ||g||^2 = int g(r)^2 p(r) dr / int p(r) dr

    The integral runs over the given radii by the trapezoidal rule. The default p = 1 is the norm in dr, along
    a ray, not the volume's r^(d-1) dr, in which for large d only the outermost radii would count.

    Arguments: `mean` (k,); `radii` r (k,), increasing; `exact_profile`, f* as a callable from radii (j,) to
    values (j,); `weight` p at the radii (k,), at least 0; `bracket`, the least and largest s.

    Returns a `Stretch` (stretch, residual): the misfit has the unit of f. A scan over s is refined by Brent's
    method about its best point. A stretch at an end of the bracket says that no stretch inside fits better.

    Errors: ValueError for arrays of different lengths, radii that do not increase, a weight that is negative
    or zero throughout, an empty bracket, and an exact profile that returns another shape or NaN.

    >>> r = np.linspace(0.0, 4.0, 81)
    >>> stretch, residual = best_stretch(np.exp(-r / 1.7), r, lambda r: np.exp(-r))
    >>> round(stretch, 6)
    1.7

    Source: Park, Pelakh & Wojtowytsch (2023), *Minimum norm interpolation by
    perceptra*, for the use.
    """
    r, values = _check_radii(radii), check_values(mean, "mean")
    if values.shape != r.shape or r.size < 2 or np.any(np.diff(r) <= 0):
        raise ValueError(f"radii has {r.size} entries, mean {values.size}; give two or more, increasing, for both")
    p = np.ones(r.size) if weight is None else check_values(weight, "weight")
    if p.shape != r.shape or np.any(p < 0) or not np.any(p > 0):
        raise ValueError(f"weight has shape {p.shape}; give {r.size} numbers >= 0, not all zero")
    ends = several(bracket)
    if ends.shape != (2,) or not 0 < ends[0] < ends[1] < np.inf:
        raise ValueError(f"bracket is {shown(bracket)}; give (least, largest) stretch, 0 < least < largest")
    low, high = ends.tolist()
    function("exact_profile", exact_profile, "a function from radii (j,) to values (j,)")
    step = np.diff(r)
    p = p * (np.append(step, 0.0) + np.append(0.0, step)) / 2
    p /= p.sum()

    def misfit(stretches: np.ndarray) -> np.ndarray:
        scaled = (r / stretches[:, None]).reshape(-1)
        exact = numbers(exact_profile(scaled), "what exact_profile returned")
        if exact.shape != scaled.shape or not np.all(np.isfinite(exact)):
            raise ValueError(
                f"exact_profile returned shape {exact.shape} for {scaled.size} radii, or NaN; "
                "return one finite value per radius"
            )
        return (values - exact.reshape(stretches.size, r.size)) ** 2 @ p

    scan = np.geomspace(low, high, _SCAN)
    error = misfit(scan)
    k = int(np.argmin(error))
    refined: Any = minimize_scalar(
        lambda s: float(misfit(np.array([s]))[0]),
        bounds=(scan[max(k - 1, 0)], scan[min(k + 1, _SCAN - 1)]),
        method="bounded",
        options={"xatol": 1e-11 * scan[k]},
    )
    best, least = (refined.x, refined.fun) if refined.fun < error[k] else (scan[k], error[k])
    return Stretch(float(best), float(np.sqrt(least)))


def _check_radii(radii: npt.ArrayLike) -> np.ndarray:
    r = check_values(radii, "radii")
    if r.size == 0 or np.any(r < 0):
        raise ValueError(f"radii has {r.size} entries, the least {r.min(initial=0.0)}; give one or more, all >= 0")
    return r

"""The global minimum that a training run is compared with: certified by the solver, or exact for a radial law."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from minnorm import advice, known
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solution import Solution
from minnorm.solve.minimise import minimise
from minnorm.training.margins import learnt

_MOST = {1: 100_000, 2: 300, 3: 120}  # points by dimension that the solver certifies in seconds
_SECONDS = 60.0


@dataclass(frozen=True)
class Optimum:
    """A global minimum: the objective's value there, a lower bound, whether `verify` certified them, and the norm."""

    value: float
    lower_bound: float
    certified: bool
    norm: float
    solution: Solution | None = None


def solvable(points: Float[np.ndarray, "n d"]) -> bool:
    """Whether the solver is sure to certify a problem with these points, within seconds."""
    return len(points) <= _MOST.get(points.shape[1], 0)


def least(
    points: Float[np.ndarray, "n d"],
    values: Float[np.ndarray, " n"],
    penalty: PathNorm,
    lam: float,
    loss: str = "squared",
) -> Optimum | None:
    """The minimum of (PL), or for lam = 0 of (P0), on finite data; None where the solver is not sure to certify it.

    For lam = 0 a loss of margins y f asks for the least norm with all of them 1 or more. None too for lam = 0 where
    equal points have different values. The last answers are kept.
    """
    if lam == 0:
        loss = "margin" if learnt(loss) else "squared"
    if not solvable(points):
        return None
    digest = hashlib.sha256(points.tobytes() + values.tobytes()).hexdigest()
    return _kept(
        f"{digest} {points.shape} {penalty} {lam!r} {loss}", lambda: _solved(points, values, penalty, lam, loss)
    )


def _solved(
    points: Float[np.ndarray, "n d"], values: Float[np.ndarray, " n"], penalty: PathNorm, lam: float, loss: str
) -> Optimum | None:
    try:
        problem = Problem(points, values, penalty, lam, loss=loss)
    except ValueError:
        return None  # labels that contradict each other; anything else `train` would have refused
    found = minimise(problem, time_limit=_SECONDS)
    return Optimum(found.value, found.lower_bound, found.certified, penalty.value(found.network), found)


def least_radial(law: tuple[np.ndarray, np.ndarray, np.ndarray], dim: int, lam: float) -> Optimum:
    """The minimum of (PL) for a law of radii with uniform directions, lam > 0: the limit of infinitely many points.

    For finitely many points drawn from the law the minimum is lower on average, since a network may follow their
    directions. The last answers are kept.
    """
    if not (lam > 0 and math.isfinite(lam)):
        raise ValueError(f"lam is {lam}; give a finite number > 0")
    digest = hashlib.sha256(np.concatenate(law).tobytes()).hexdigest()
    found = _kept(f"radial {digest} {dim} {lam!r}", lambda: _solved_radial(law, dim, lam))
    assert found is not None
    return found


def _solved_radial(law: tuple[np.ndarray, np.ndarray, np.ndarray], dim: int, lam: float) -> Optimum:
    radii, labels, weights = law
    with advice.silent():
        found = known.radial_fit(radii, labels, dim, lam, weights)
    return Optimum(found.value, found.lower_bound, found.certified, found.norm)


def _kept(key: str, solve: Callable[[], Optimum | None]) -> Optimum | None:
    """The answer of this key, solved for if it is not among the last ones."""
    if key not in _KEPT:
        answer = solve()
        while len(_KEPT) >= _MOST_KEPT:
            del _KEPT[next(iter(_KEPT))]
        _KEPT[key] = answer
    return _KEPT[key]


_KEPT: dict[str, Optimum | None] = {}
_MOST_KEPT = 512

"""One shard of a study that solves: the global minimum for each lam, certified, and how far it is from the target."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from minnorm import advice, known, losses, measure
from minnorm.known import RadialFit
from minnorm.objective.data import Points
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solution import Solution
from minnorm.solve.minimise import minimise
from minnorm.solve.routes import Warm
from minnorm.study.specification.spec import SolveShard
from minnorm.study.specification.target import Target

Progress = Callable[[int, int], None]

_SAMPLE = 2000

_DESCRIPTION = {
    "value": "the objective at the minimiser: its norm for lam = 0",
    "lower_bound": "a bound below the global minimum",
    "gap": "relative distance of the two",
    "certified": "whether the gap is certified within its tolerance",
    "norm": "path norm of the minimiser",
    "training_loss": "1/(2n) sum_i (f(x_i) - y_i)^2",
    "neurons": "neurons of the minimiser",
    "l2_unknown": "root mean square distance to the exact interpolant where the target is not known",
    "sup_unknown": "largest distance to the exact interpolant where the target is not known",
}


def run_solve(
    shard: SolveShard, progress: Progress | None = None, threads: int | None = None, checkpoint: Any = None
) -> xr.Dataset:
    """Solve a shard's problems, from the largest lam to the smallest, each started from the one before.

    Problems are short: no checkpoint is kept, and the solver decides how many threads it takes.

    The dataset has the dimension lam, in the order given; its attributes say which data, and the exact norm.
    """
    data, target, there = shard.task.data(), shard.task.interpolant(), shard.task.region(_SAMPLE)
    found: dict[float, dict[str, float]] = {}
    points = Points(data.points, data.values)
    warm = Warm()
    for lam in sorted(shard.lams, reverse=True):
        if shard.solve.method == "radii":
            radii = np.linalg.norm(data.points, axis=1)
            try:
                with advice.silent():
                    fit: Any = known.radial_fit(radii, data.values, data.points.shape[1], lam)
            except ValueError:  # radii so close that double precision does not interpolate them: said by NaN
                found[lam] = dict.fromkeys(_DESCRIPTION, math.nan) | {"certified": 0.0}
                continue
            described = _described(fit, fit.norm, fit.knots.size)
        else:
            problem = Problem(
                data.points, data.values, PathNorm(**shard.solve.penalty.model_dump()), lam, loss=shard.solve.loss
            )
            fit = minimise(problem, warm=warm)
            described = _described(fit, fit.penalty.value(fit.network), fit.network.width)
        described["training_loss"] = Problem.of(points, PathNorm(), lam, losses.of(shard.solve.loss)).paid(
            fit(data.points)
        )
        found[lam] = described | _distances(fit, target, there)
        if progress is not None:
            progress(len(found), len(shard.lams))
    names = list(found[shard.lams[0]])
    variables = {
        name: ("lam", np.array([found[lam][name] for lam in shard.lams]), {"long_name": _DESCRIPTION[name]})
        for name in names
    }
    attributes = {
        "points": len(data.values),
        "dim": data.points.shape[1],
        "method": shard.solve.method,
        "exact_norm": target.norm if target is not None else math.nan,
    }
    return xr.Dataset(variables, {"lam": ("lam", np.array(shard.lams))}, attributes)


def _described(fit: Solution | RadialFit, norm: float, neurons: int) -> dict[str, float]:
    return {
        "value": fit.value,
        "lower_bound": fit.lower_bound,
        "gap": fit.gap,
        "certified": float(fit.certified),
        "norm": norm,
        "neurons": float(neurons),
    }


def _distances(fit: Any, target: Target | None, there: np.ndarray | None) -> dict[str, float]:
    if target is None or there is None:
        return {}
    return {
        "l2_unknown": measure.l2_distance(fit, target.function, there),
        "sup_unknown": measure.sup_distance(fit, target.function, there),
    }


def numbers() -> int:
    """How many numbers are measured of a problem at most."""
    return len(_DESCRIPTION)

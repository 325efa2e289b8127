"""The band: between which values all minimum-norm interpolants lie at given points."""

import dataclasses
from collections.abc import Callable
from typing import get_args

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from minnorm import advice
from minnorm.checks import check_points, choice, flag, function, optional, real, suggesting
from minnorm.datasets import penalty_attributes, provenance
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.resources import moment, one_blas_thread, past
from minnorm.solution import Ending
from minnorm.solve.extent.ends import Ends, Line, Places, Unique
from minnorm.solve.extent.planes import Planes
from minnorm.solve.freepart import FreePart
from minnorm.solve.minimise import NAMES, OnInterrupt
from minnorm.solve.pricing.pricers import EXACT_RANK
from minnorm.solve.reduction import reduce

Progress = Callable[[int, int], None]
"""Called with (query points done, query points in all) after each."""


@suggesting
def band(
    X: "ArrayLike",
    y: "ArrayLike",
    query: "ArrayLike",
    *,
    penalty: PathNorm | None = None,
    tolerance: float | int = 1e-6,
    time_limit: float | int | None = None,
    certify: bool = True,
    progress: "Progress | None" = None,
    on_interrupt: OnInterrupt = "return",
) -> xr.Dataset:
    r"""The smallest and the largest value of all minimum-norm interpolants at each query point.

        lower(q), upper(q) = min, max { f(q) : f(x_i) = y_i, [f] = N }      N = min { [f] : f(x_i) = y_i }

    They are the ends of {v : N(v) <= N}, where N(v) is the least norm with f(q) = v as well. For any dual vector nu on
    the data and q with h = sum_i nu_i relu(w . x_i + b), nu orthogonal to the free terms and nu_q > 0,

        upper <= (N sup |h| / cost - sum_i nu_i y_i) / nu_q

    and the best nu for a small nu_q = kappa solves min_v N(v) - kappa v, whose v is attained.

    Arguments: `X` (n, d) or (n,) of affine rank up to 3 (penalised biases: rank); `y` (n,); `query` (k, d), or (k,) for
    d = 1; `penalty`; `tolerance`, relative to max |y|, of the distance between bound and attained value; `time_limit`
    in seconds, after which bounds are rough but still bounds, infinite where there was no time at all; `certify=False`
    takes the solver's word for them; `progress`, called with (done, all); `on_interrupt`, "raise" if Ctrl-C is to raise
    KeyboardInterrupt, where by default what is left is returned as if the time were over.

    Returns an `xarray.Dataset` with dimension query: `lower` and `upper`, bounds of all minimum-norm interpolants;
    `lower_attained` and `upper_attained`, values of interpolants whose norm is at most `excess` (an attribute) beyond
    the minimum, relative to it; `gap`, the larger distance of the two; `certified`, whether `verify` confirmed the
    bounds and the gap is within tolerance; `value`, of one minimum-norm interpolant. Where N(v) grows like
    (v - upper)^2 instead of |v - upper|, such interpolants, and the bounds, reach about sqrt(excess) too far.

    At a data point the band is the label. Off the affine hull of the data it is the band of the projection, and with
    a free skip term the whole line. For data on a line and free biases it is a closed form.

    Errors: ValueError naming the argument; one `UncertifiedWarning` if some points are not certified.

    >>> ds = band([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 3.0], [0.5, 1.0, 1.5, 4.0])
    >>> ds.lower.values.round(6).tolist(), ds.upper.values.round(6).tolist()
    ([0.0, 0.0, 0.0, 5.0], [0.0, 0.0, 0.5, 5.0])

    Source: Debarre, Denoyelle, Unser & Fageot (2022), *Sparsest piecewise-linear regression of one-dimensional data*,
    for all solutions on the line; the duality is that of `verify`.
    """
    problem = Problem(X, y, PathNorm.of_relu_alone(penalty, "band"), names=NAMES)
    points = check_points(query, "query")
    if points.shape[1] != problem.points.shape[1]:
        raise ValueError(f"query has {points.shape[1]} columns and X has {problem.points.shape[1]}; they must agree")
    tolerance = real("tolerance", tolerance, "a number above 0 and below 1", lambda gap: 0 < gap < 1)
    certify = flag("certify", certify)
    optional(function, "progress", progress, "a function of (query points done, all), or None", 2)
    kept = choice("on_interrupt", on_interrupt, get_args(OnInterrupt)) == "return"
    deadline = moment(time_limit)
    part = FreePart.of(problem)
    reduced = reduce(Problem(problem.points, part.rest(problem.points, problem.values), problem.penalty), part=False)
    places = Places(reduced)
    if reduced.rank > EXACT_RANK:
        raise ValueError(f"X has affine rank {reduced.rank}; the band is computed up to rank {EXACT_RANK}")
    on_line = reduced.rank == 1 and problem.penalty.biases_are_free
    if reduced.rank == 0 or reduced.fitted_by_free_terms:
        method = Unique(reduced)
    elif on_line:
        method = Line(reduced)
    else:
        method = Planes(reduced, tolerance, deadline, certify)
    ending: Ending = "interrupted" if isinstance(method, Planes) and method.found.ending == "interrupted" else "closed"
    ends: list[Ends] = []
    levels = np.sum(part.at(points), axis=0)
    with one_blas_thread():
        while len(ends) < len(points):
            if ending == "interrupted" and not kept:
                raise KeyboardInterrupt
            point, level = points[len(ends)], float(levels[len(ends)])
            try:
                if isinstance(method, Planes) and (ending == "interrupted" or past(deadline)):
                    ending = "time" if ending == "closed" else ending
                    end = places.known(point) or method.rough(places.reduced(point))
                else:
                    end = places.known(point) or method.at(places.reduced(point))
                ends.append(end.raised(level))
                if progress is not None:
                    progress(len(ends), len(points))
            except KeyboardInterrupt:
                if ending == "interrupted":
                    raise
                ending = "interrupted"
    found = _dataset(problem, points, ends, tolerance, method).assign_attrs(ending=ending)
    if certify:
        advice.say(_said(found, ending, float(np.max(np.abs(problem.values))) or 1.0))
    return found


def _said(found: xr.Dataset, ending: Ending, size: float) -> str:
    """One line of what is not certified, for labels of a size."""
    missing, words = int((~found.certified).sum()), advice.words()
    if missing == 0 or words is None:
        return ""
    largest = float(found.gap.max()) / size
    way = f"give a {words.tolerance} above {largest:.1e}"
    if ending == "interrupted":
        way = "it was interrupted: ask again"
    elif ending == "time" or not np.isfinite(largest):
        way = f"give more {words.time_limit}"
    many = f"{missing} of {found.sizes['query']} points of the band are not certified"
    return f"{many}: the largest relative gap is {largest:.1e}, {words.tolerance} is {found.tolerance:.1e}; {way}"


def _dataset(
    problem: Problem, points: np.ndarray, ends: list[Ends], tolerance: float, method: Unique | Line | Planes
) -> xr.Dataset:
    column = {f.name: np.array([getattr(e, f.name) for e in ends]) for f in dataclasses.fields(Ends)}
    whole = ~np.isfinite(column["upper"]) & ~np.isfinite(column["upper_attained"])
    with np.errstate(invalid="ignore"):
        gap = np.maximum(column["upper"] - column["upper_attained"], column["lower_attained"] - column["lower"])
    gap[whole] = 0.0
    scale = float(np.max(np.abs(problem.values))) or 1.0
    described = {
        "lower": "a bound below all minimum-norm interpolants",
        "upper": "a bound above all minimum-norm interpolants",
        "lower_attained": "the least value found, of an interpolant within excess of the minimum norm",
        "upper_attained": "the largest value found, of an interpolant within excess of the minimum norm",
        "value": "one minimum-norm interpolant",
    }
    variables = {name: ("query", column[name], {"long_name": text}) for name, text in described.items()}
    variables["gap"] = ("query", gap, {"long_name": "the larger distance of bound and attained value"})
    proved = column["proved"].astype(bool) & (gap <= tolerance * scale)
    variables["certified"] = ("query", proved, {"long_name": "bounds confirmed by verify, gap within tolerance"})
    data = xr.Dataset(variables).assign(points=(("query", "coordinate"), points))
    return data.assign_attrs(
        **penalty_attributes(problem.penalty),
        tolerance=tolerance,
        method=method.name,
        scope=method.scope,
        norm=method.norm,
        norm_lower_bound=method.norm_lower_bound,
        excess=method.excess,
        **provenance(),
    )

"""The band: between which values all minimum-norm interpolants lie at given points."""

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import numpy.typing as npt
import xarray as xr
from threadpoolctl import threadpool_limits

from minnorm.penalty import PathNorm
from minnorm.problem import Problem, check_points
from minnorm.solution import Solution
from minnorm.solve import master, oracle, support
from minnorm.solve.generate import Found, Pool, generate, thinned
from minnorm.solve.minimise import as_solution
from minnorm.solve.reduction import Reduced, reduce
from minnorm.verify import verify

Progress = Callable[[int, int], None]
"""Called with (query points done, query points in all) after each."""

_EXACT_RANK = 3  # up to here the oracle is exact
_FINE = 5e-10  # relative gap to which the minimum norm is solved, since an error e of it moves the band by sqrt(e)
_EXCESS = 2e-9  # what attained values may cost beyond the minimum norm, relative to it
_SAME = 1e-10  # distances below this share of the data's size are rounding errors
_FIRST_SLOPE, _LAST_SLOPE = 0.03, 1e-6  # kappa, relative to the largest for which the programme is bounded
_ROUNDS = 100
_KEPT = 3  # atoms per point that one programme leaves for the next
_INTERIOR = 0.95
_APART = 0.1


def band(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    query: npt.ArrayLike,
    *,
    penalty: PathNorm | None = None,
    tolerance: float = 1e-6,
    time_limit: float | None = None,
    certify: bool = True,
    progress: Progress | None = None,
) -> xr.Dataset:
    r"""The smallest and the largest value of all minimum-norm interpolants at each query point.

        lower(q), upper(q) = min, max { f(q) : f(x_i) = y_i, [f] = N }      N = min { [f] : f(x_i) = y_i }

    They are the ends of {v : N(v) <= N}, where N(v) is the least norm with f(q) = v as well. For any dual vector nu on
    the data and q with h = sum_i nu_i relu(w . x_i + b), nu orthogonal to the free terms and nu_q > 0,

        upper <= (N sup |h| / cost - sum_i nu_i y_i) / nu_q

    and the best nu for a small nu_q = kappa solves min_v N(v) - kappa v, whose v is attained.

    Arguments: `X` (n, d) or (n,) of affine rank up to 3 (penalised biases: rank); `y` (n,); `query` (k, d), or (k,) for
    d = 1; `penalty`; `tolerance`, relative to max |y|, of the distance between bound and attained value; `time_limit`
    in seconds, after which bounds are rough but still bounds; `certify=False` takes the solver's word for them;
    `progress`, called with (done, all).

    Returns an `xarray.Dataset` with dimension query: `lower` and `upper`, bounds of all minimum-norm interpolants;
    `lower_attained` and `upper_attained`, values of interpolants whose norm is at most `excess` (an attribute) beyond
    the minimum, relative to it; `gap`, the larger distance of the two; `certified`, whether `verify` confirmed the
    bounds and the gap is within tolerance; `value`, of one minimum-norm interpolant. Where N(v) grows like
    (v - upper)^2 instead of |v - upper|, such interpolants, and the bounds, reach about sqrt(excess) too far.

    At a data point the band is the label. Off the affine hull of the data it is the band of the projection, and with
    a free skip term the whole line. For data on a line and free biases it is a closed form.

    Errors: ValueError naming the argument.

    >>> ds = band([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 3.0], [0.5, 1.0, 1.5, 4.0])
    >>> ds.lower.values.round(6).tolist(), ds.upper.values.round(6).tolist()
    ([0.0, 0.0, 0.0, 5.0], [0.0, 0.0, 0.5, 5.0])

    Source: Debarre, Denoyelle, Unser & Fageot (2022), *Sparsest piecewise-linear regression of one-dimensional data*,
    for all solutions on the line; the duality is that of `verify`.
    """
    problem = Problem(X, y, penalty)
    points = check_points(query, "query")
    if points.shape[1] != problem.points.shape[1]:
        raise ValueError(f"query has {points.shape[1]} columns and X has {problem.points.shape[1]}; they must agree")
    if not (isinstance(tolerance, int | float) and 0 < tolerance < 1):
        raise ValueError(f"tolerance is {tolerance!r}; give a number above 0 and below 1")
    if time_limit is not None and not time_limit >= 0:
        raise ValueError(f"time_limit is {time_limit!r}; give seconds >= 0, or None")
    deadline = time.monotonic() + (math.inf if time_limit is None else time_limit)
    reduced = reduce(problem)
    places = _Places(reduced)
    if reduced.rank > _EXACT_RANK:
        raise ValueError(f"X has affine rank {reduced.rank}; the band is computed up to rank {_EXACT_RANK}")
    on_line = reduced.rank == 1 and problem.penalty.bias == "free"
    if reduced.rank == 0 or places.fitted_by_free_terms:
        method = _Unique(reduced)
    elif on_line:
        method = _Line(reduced)
    else:
        method = _Planes(reduced, tolerance, deadline, certify)
    ends = []
    with threadpool_limits(1, "blas"):
        for k, point in enumerate(points):
            ends.append(places.known(point) or method.at(places.reduced(point)))
            if progress is not None:
                progress(k + 1, len(points))
    return _dataset(problem, points, ends, tolerance, method)


@dataclass(frozen=True)
class _Ends:
    """The band at one point, in the problem's own units."""

    lower: float
    upper: float
    lower_attained: float
    upper_attained: float
    value: float
    proved: bool = True


def _exactly(lower: float, upper: float, value: float) -> _Ends:
    return _Ends(lower, upper, lower, upper, value)


class _Places:
    """Where a query point lies relative to the data."""

    def __init__(self, reduced: Reduced) -> None:
        self.of = reduced
        self.free_terms = np.linalg.pinv(reduced.free)
        left = reduced.values - reduced.free @ (self.free_terms @ reduced.values)
        self.fitted_by_free_terms = float(np.max(np.abs(left))) <= 1e-13 * float(np.max(np.abs(reduced.values)))

    def reduced(self, point: np.ndarray) -> np.ndarray:
        """Coordinates of the projection on the span of the data.

        No minimum-norm interpolant has a neuron whose weights leave that span: leaving would cost and change
        nothing on the data.
        """
        return (point - self.of.centre) @ self.of.basis / self.of.radius

    def known(self, point: np.ndarray) -> _Ends | None:
        """The label at a data point or above one, the whole line where free terms are undetermined."""
        problem = self.of.problem
        same = np.flatnonzero(np.all(problem.points == point, axis=1))
        if same.size:
            label = float(problem.values[same[0]])
            return _exactly(label, label, label)
        place = self.reduced(point)
        if problem.penalty.skip == "free":
            moved = point - self.of.centre
            off = float(np.linalg.norm(moved - self.of.basis @ (self.of.basis.T @ moved)))
            size = max(float(np.linalg.norm(moved)), self.of.radius)
            row = free_row(self.of, place)
            row_off = float(np.linalg.norm(row - (row @ self.free_terms) @ self.of.free))
            if off > _SAME * size or row_off > _SAME * float(np.linalg.norm(row)):
                return _exactly(-math.inf, math.inf, math.nan)
        distances = np.linalg.norm(self.of.points - place, axis=1)
        nearest = int(np.argmin(distances))
        if distances[nearest] <= 1e-14 * (1 + float(np.linalg.norm(place))):
            label = float(self.of.values[nearest] * self.of.size)
            return _exactly(label, label, label)
        return None


def free_row(reduced: Reduced, place: np.ndarray) -> np.ndarray:
    """The free terms at a place in reduced coordinates."""
    penalty = reduced.problem.penalty
    constant = [1.0] if penalty.offset == "free" or penalty.bias == "free" else []
    return np.array([*constant, *(place if penalty.skip == "free" else [])])


class _Unique:
    """Labels that the free terms fit: the norm is zero and so is every neuron."""

    name, scope, excess = "free terms", "exact", 0.0

    def __init__(self, reduced: Reduced) -> None:
        self.reduced, self.norm, self.norm_lower_bound = reduced, 0.0, 0.0
        self.coefficients = np.linalg.lstsq(reduced.free, reduced.values, rcond=None)[0] * reduced.size

    def at(self, place: np.ndarray) -> _Ends:
        value = float(free_row(self.reduced, place) @ self.coefficients)
        return _exactly(value, value, value)


class _Line:
    r"""Data on a line, free biases: all minimisers of max(int |f''|, |f'(-inf) + f'(inf)|).

    Let s_0 and s_n be the slopes at -inf and inf. A minimiser has s_0 = s_1 and s_n = s_(n-1), except that without a
    free skip term and with S = s_1 + s_(n-1), V = int |f''|, D = (|S| - V)/2 > 0 it has s_0 = s_1 - alpha and
    s_n = s_(n-1) - beta with alpha + beta = sign(S) D and both of the sign of S. Its slope is monotone wherever
    s_0, ..., s_n is, so between two points where both turns are upwards it is convex and lies between the chord and
    the neighbouring slopes' lines, and where the turns differ it is the chord. Beyond the ends it is
    convex or concave, between the line of slope s_1 and that of slope s_0.
    """

    name, scope, excess = "closed form on the line", "exact", 0.0

    def __init__(self, reduced: Reduced) -> None:
        t = reduced.points[:, 0] * reduced.radius
        order = np.argsort(t)
        self.radius, self.t, self.y = reduced.radius, t[order], reduced.values[order] * reduced.size
        self.slopes = np.diff(self.y) / np.diff(self.t)
        turns = float(np.sum(np.abs(np.diff(self.slopes))))
        both = float(self.slopes[0] + self.slopes[-1])
        free = reduced.problem.penalty.skip == "free"
        missing = 0.0 if free else max(0.0, (abs(both) - turns) / 2)
        self.missing = math.copysign(missing, both)
        self.norm = self.norm_lower_bound = turns + missing

    def at(self, place: np.ndarray) -> _Ends:
        x, t, y, s = float(place[0]) * self.radius, self.t, self.y, self.slopes
        if x < t[0]:
            return self._beyond(y[0] + s[0] * (x - t[0]), y[0] + (s[0] - self.missing) * (x - t[0]))
        if x > t[-1]:
            return self._beyond(y[-1] + s[-1] * (x - t[-1]), y[-1] + (s[-1] - self.missing) * (x - t[-1]))
        i = min(int(np.searchsorted(t, x, side="right")) - 1, t.size - 2)
        before = s[i - 1] if i > 0 else s[0] - self.missing
        after = s[i + 1] if i + 1 < s.size else s[-1] - self.missing
        chord = self._chord(i, x)
        if not (before < s[i] < after or before > s[i] > after):
            return _exactly(chord, chord, chord)
        left, right = y[i] + before * (x - t[i]), y[i + 1] + after * (x - t[i + 1])
        inner = max(left, right) if before < s[i] else min(left, right)
        return self._beyond(chord, float(inner))

    def _chord(self, i: int, x: float) -> float:
        near = i if x - self.t[i] <= self.t[i + 1] - x else i + 1
        return float(self.y[near] + self.slopes[i] * (x - self.t[near]))

    def _beyond(self, value: float, other: float) -> _Ends:
        return _exactly(float(min(value, other)), float(max(value, other)), float(value))


class _Planes:
    """The general method: for each end a sequence of programmes min_v N(v) - kappa v by cutting planes.

    All in reduced units. The atoms of one programme start the next, for they depend on the data alone.
    """

    name = "cutting planes"

    def __init__(self, reduced: Reduced, tolerance: float, deadline: float, certify: bool) -> None:
        self.reduced, self.deadline = reduced, deadline
        self.wanted = tolerance * float(np.max(np.abs(reduced.values)))
        pool = Pool(reduced)
        with threadpool_limits(1, "blas"):
            self.found = generate(reduced, tolerance=_FINE, deadline=deadline, pool=pool)
        nearest = np.argsort(-np.abs(self.found.nu @ pool.values), kind="stable")[: _KEPT * reduced.values.size]
        self.weights, self.biases = pool.weights[nearest], pool.biases[nearest]
        self.budget = self.found.value * (1 + 1e-15)
        self.excess = max(self.found.gap, 0.0) + _EXCESS
        self.solution, self.scope = as_solution(reduced, self.found), "exact"
        self.norm, self.norm_lower_bound = self.found.value * reduced.unit, self.found.bound * reduced.unit
        self.certify = certify
        if certify:
            problem = reduced.problem
            certificate = verify(problem.points, problem.values, self.solution, tolerance=1e-8)
            self.norm, self.norm_lower_bound = certificate.value, certificate.lower_bound
            self.scope = certificate.scope
        else:
            self.scope = "unverified"
        self.inverse = np.linalg.pinv(reduced.free)
        self.slopes = {1.0: _FIRST_SLOPE, -1.0: _FIRST_SLOPE}  # where the programmes of the next query point start

    def at(self, place: np.ndarray) -> _Ends:
        query = _Query(self, place)
        upper, upper_attained, upper_proved = query.end(1.0)
        lower, lower_attained, lower_proved = query.end(-1.0)
        size = self.reduced.size
        self.weights, self.biases = query.kept()
        return _Ends(lower, upper, lower_attained, upper_attained, query.value * size, upper_proved and lower_proved)


class _Query:
    """One query point: the data and it as one more point, whose part of the dual vector is fixed."""

    def __init__(self, planes: _Planes, place: np.ndarray) -> None:
        reduced = planes.reduced
        self.planes, self.place = planes, place
        self.row = free_row(reduced, place)
        self.extended = dataclasses.replace(
            reduced,
            points=np.vstack([reduced.points, place]),
            values=np.append(reduced.values, 0.0),
            free=np.vstack([reduced.free, self.row]),
            rho=np.append(reduced.rho, 0.0),
            count=np.append(reduced.count, 1),
        )
        self.pool = Pool(self.extended)
        self.pool.add(planes.weights, planes.biases)
        self.value = self._value(
            planes.found.weights, planes.found.biases, planes.found.masses, planes.found.coefficients
        )
        # The simplest dual vector with nu_q = 1; times kappa it is feasible up to kappa = 1 / reach.
        self.simplest = np.append(-self.row @ planes.inverse, 1.0)
        self.reach = max(self._largest(self.simplest)[1], 1e-300)
        self.nu = np.append(planes.found.nu, 0.0)

    def end(self, sign: float) -> tuple[float, float, bool]:
        """The bound of one end, an attained value, both in the problem's units, and whether `verify` agrees."""
        planes = self.planes
        kappa, low, high = planes.slopes[sign] / self.reach, 0.0, math.inf
        best = _Bound(math.inf, np.zeros(0))
        attained = sign * self.value
        nu = self._interior(np.append(planes.found.nu, 0.0), 1.0, kappa, sign)
        while True:
            best, nu, found = self._programme(kappa, sign, nu, best)
            excess = found.value / planes.budget - 1
            value = sign * self._value(found.weights, found.biases, found.masses, found.coefficients)
            # Mixtures with the minimum-norm network are interpolants too, and their norm is at most the mean.
            share = 1.0 if excess <= _EXCESS else _EXCESS / excess
            attained = max(attained, sign * self.value + share * (value - sign * self.value))
            if best.value - attained <= planes.wanted or time.monotonic() > planes.deadline:
                break
            # A large kappa finds values that cost too much, a small one amplifies the errors of the bound.
            low, high = (kappa, high) if excess <= _EXCESS else (low, kappa)
            if low == 0:
                following = kappa * float(np.clip(0.7 * math.sqrt(_EXCESS / excess), 1e-3, 0.3))
            else:
                following = math.sqrt(low * min(high, 9 * low))
            if not (_LAST_SLOPE <= following * self.reach <= 0.5) or following < 2 * low:
                break
            moved = following - kappa
            nu = self._interior(nu + sign * moved * self.simplest, 1 + abs(moved) * self.reach, following, sign)
            kappa = following
        planes.slopes[sign] = min(_FIRST_SLOPE, max(2 * kappa * self.reach, 10 * _LAST_SLOPE))
        bound, proved = self._verified(best, sign)
        return sign * bound, sign * min(attained * planes.reduced.size, bound), proved

    def kept(self) -> tuple[np.ndarray, np.ndarray]:
        """The atoms of the minimum-norm network and those nearest to being active."""
        found = self.planes.found
        activity = np.abs(self.nu @ self.pool.values)
        nearest = np.argsort(-activity, kind="stable")[: _KEPT * self.nu.size]
        weights = np.concatenate([found.weights, self.pool.weights[nearest]])
        biases = np.concatenate([found.biases, self.pool.biases[nearest]])
        _, first = np.unique(np.column_stack([weights, biases]), axis=0, return_index=True)
        return weights[np.sort(first)], biases[np.sort(first)]

    def _programme(
        self, kappa: float, sign: float, nu: np.ndarray, best: "_Bound"
    ) -> tuple["_Bound", np.ndarray, Found]:
        """Solve min_v N(v) - sign kappa v until the best of v and its bound are near enough."""
        planes, reduced, pool = self.planes, self.planes.reduced, self.pool
        n, rate = reduced.values.size, sign * kappa
        finest = max(0.05 * kappa * planes.wanted / planes.budget, 2e-11)
        accuracy, slack = 1e-4, math.inf
        solved: master.Masses | None = None
        for _ in range(_ROUNDS):
            solved = master.solve(
                pool.values[:n],
                reduced.free,
                reduced.values,
                reduced.rho,
                tolerance=accuracy,
                start=nu[:n],
                reward=(rate * pool.values[n], rate * self.row),
            )
            self.nu = nu = np.append(solved.nu, rate)
            atoms, largest = self._largest(nu)
            against = float(reduced.values @ solved.nu)
            best = min(best, _Bound((planes.budget * largest - against) / kappa, nu), key=lambda b: b.value)
            norm = float(np.sum(np.abs(solved.masses)))
            value = float(pool.values[n] @ solved.masses + self.row @ solved.coefficients)
            slack = (norm * largest - against) / kappa - sign * value
            if abs(slack) <= 0.3 * planes.wanted or time.monotonic() > planes.deadline:
                break
            excess = max(largest - 1, 0.0)
            limit = 1 + min(0.1 * excess, 1.0)
            if largest <= limit:
                if accuracy <= finest:
                    break
                accuracy = max(finest, 0.1 * accuracy)
            else:
                pool.add(*thinned(atoms, limit, min(_APART, 0.3 * excess**0.5), n))
                accuracy = max(finest, min(accuracy, 0.05 * abs(slack) * kappa / planes.budget))
            nu = self._interior(nu, largest, kappa, sign)
        assert solved is not None
        found = self._found(solved)
        heavy = np.append(solved.weight, np.full(pool.size - solved.weight.size, np.inf))
        heavy = heavy > 1e-6 * float(np.max(solved.weight))
        activity = np.where(heavy, np.inf, np.abs(self.nu @ pool.values))
        kept = np.argsort(-activity, kind="stable")[: max(int(np.sum(heavy)), _KEPT * nu.size)]
        pool.keep(kept)
        return best, nu, found

    def _found(self, solved: master.Masses) -> Found:
        """The network of a master problem's solution, made to interpolate to rounding."""
        reduced = self.planes.reduced
        size = np.abs(solved.masses)
        kept = size > 1e-9 * float(np.max(size))
        weights, biases = self.pool.weights[kept], self.pool.biases[kept]
        masses, coefficients = support.repair(
            reduced.atoms(weights, biases), reduced.free, reduced.values, solved.masses[kept]
        )
        return Found(weights, biases, masses, coefficients, solved.nu, float(np.sum(np.abs(masses))), 0.0, 0)

    def _value(self, weights: np.ndarray, biases: np.ndarray, masses: np.ndarray, coefficients: np.ndarray) -> float:
        return float(np.maximum(weights @ self.place + biases, 0) @ masses + self.row @ coefficients)

    def _largest(self, nu: np.ndarray) -> tuple[oracle.Atoms, float]:
        atoms = oracle.exact(self.extended.points, nu, self.planes.reduced.problem.penalty.bias)
        return atoms, float(np.max(np.abs(atoms.values), initial=0.0))

    def _interior(self, nu: np.ndarray, largest: float, kappa: float, sign: float) -> np.ndarray:
        """A mixture of nu and the simplest dual vector for which sup |h| is at most _INTERIOR."""
        simple = kappa * self.reach
        share = min(1.0, (_INTERIOR - simple) / max(largest - simple, 1e-300))
        mixed = share * nu + (1 - share) * sign * kappa * self.simplest
        return mixed + (sign * kappa - mixed[-1]) * self.simplest

    def _verified(self, best: "_Bound", sign: float) -> tuple[float, bool]:
        """The bound in the problem's units, moved out by what `verify` finds missing."""
        planes = self.planes
        reduced, problem = planes.reduced, planes.reduced.problem
        bound = best.value * reduced.size
        if not planes.certify or not math.isfinite(bound):
            return bound, False
        dual = np.zeros(problem.values.size + 1)
        dual[np.unique(reduced.group, return_index=True)[1]] = best.nu[:-1] / reduced.radius
        dual[-1] = best.nu[-1] / reduced.radius
        place = reduced.centre + reduced.basis @ (self.place * reduced.radius)
        labels = np.append(problem.values, sign * bound)
        claimed = Solution(planes.solution.network, dual, problem.penalty)
        found = verify(np.vstack([problem.points, place]), labels, claimed)
        # The bound of the norm is linear in the label of q: from where it exceeds the budget no v is possible.
        missing = max(planes.norm - found.lower_bound, 0.0)
        bound += missing * max(1.0, found.dual_norm) / abs(float(dual[-1])) * (1 + 1e-9)
        return bound, found.scope != "searched"


@dataclass(frozen=True)
class _Bound:
    value: float
    nu: np.ndarray


def _dataset(
    problem: Problem, points: np.ndarray, ends: list[_Ends], tolerance: float, method: "_Unique | _Line | _Planes"
) -> xr.Dataset:
    column = {f.name: np.array([getattr(e, f.name) for e in ends]) for f in dataclasses.fields(_Ends)}
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
        penalty_bias=problem.penalty.bias,
        penalty_skip=problem.penalty.skip,
        penalty_offset=problem.penalty.offset,
        tolerance=tolerance,
        method=method.name,
        scope=method.scope,
        norm=method.norm,
        norm_lower_bound=method.norm_lower_bound,
        excess=method.excess,
        minnorm_version=version("minnorm"),
    )

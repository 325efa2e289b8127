"""The ends of the band in general, by cutting planes in the dual of min_v N(v) - kappa v."""

import dataclasses
import math
import time
from dataclasses import dataclass

import numpy as np

from minnorm.resources import left, one_blas_thread, past
from minnorm.solution import Solution
from minnorm.solve import master, support
from minnorm.solve.extent.ends import Ends
from minnorm.solve.found import Found
from minnorm.solve.pricing import oracle
from minnorm.solve.pricing.pool import KEPT, Pool, cuts, thinned
from minnorm.solve.reduction import Reduced
from minnorm.solve.rounds import generate
from minnorm.solve.routes import as_solution
from minnorm.verification import verify

_FINE = 5e-10  # relative gap to which the minimum norm is solved, since an error e of it moves the band by sqrt(e)
_EXCESS = 4e-9  # what attained values may cost beyond the minimum norm, relative to it
_FIRST_SLOPE, _LAST_SLOPE = 0.03, 1e-6  # kappa, relative to the largest for which the programme is bounded
_NEAR = 10.0  # times the wanted distance: from there on networks are tried for the value that they attain
_MISFIT = 1e-8  # relative misfit on the data up to which repairing a network costs next to nothing
_TRIALS = 4
_ROUNDS = 100
_INTERIOR = 0.95


class Planes:
    """The general method: for each end a sequence of programmes min_v N(v) - kappa v by cutting planes.

    All in reduced units. The atoms of one programme start the next, for they depend on the data alone.
    """

    name = "cutting planes"

    def __init__(self, reduced: Reduced, tolerance: float, deadline: float, certify: bool) -> None:
        self.reduced, self.deadline = reduced, deadline
        self.wanted = tolerance * float(np.max(np.abs(reduced.values)))
        pool = Pool(reduced)
        with one_blas_thread():
            # At most half of the time: without any query point there is no band.
            now = time.monotonic()
            self.found = _minimum_norm(reduced, pool, now + 0.5 * (deadline - now))
        nearest = pool.nearest(self.found.nu)
        self.weights, self.biases = pool.weights[nearest], pool.biases[nearest]
        self.budget = self.found.value * (1 + 1e-15)
        self.excess = max(self.found.gap, 0.0) + _EXCESS
        self.solution, self.scope = as_solution(reduced, self.found, self.deadline), "exact"
        self.norm, self.norm_lower_bound = self.found.value * reduced.unit, self.found.bound * reduced.unit
        self.certify = certify
        if certify:
            problem = reduced.problem
            certificate = verify(
                problem.points, problem.values, self.solution, tolerance=1e-8, time_limit=self.seconds_left()
            )
            self.norm, self.norm_lower_bound = certificate.value, certificate.lower_bound
            self.scope = certificate.scope
        else:
            self.scope = "unverified"
        self.inverse = np.linalg.pinv(reduced.free)
        self.slopes = {1.0: _FIRST_SLOPE, -1.0: _FIRST_SLOPE}  # where the programmes of the next query point start

    def seconds_left(self) -> float | None:
        """Until the deadline, None without one."""
        return left(self.deadline) if math.isfinite(self.deadline) else None

    def rough(self, place: np.ndarray) -> Ends:
        """What is known at a place without any work: one minimum-norm interpolant's value."""
        found = self.found
        values = np.maximum(found.weights @ place + found.biases, 0) @ found.masses
        value = float(values + self.reduced.terms.row(place) @ found.coefficients) * self.reduced.size
        return Ends(-math.inf, math.inf, value, value, value, proved=False)

    def at(self, place: np.ndarray) -> Ends:
        """The band at a place in reduced coordinates."""
        query = _Query(self, place)
        if past(self.deadline):
            return self.rough(place)
        upper, upper_attained, upper_proved = query.end(1.0)
        lower, lower_attained, lower_proved = query.end(-1.0)
        size = self.reduced.size
        self.weights, self.biases = query.kept()
        return Ends(lower, upper, lower_attained, upper_attained, query.value * size, upper_proved and lower_proved)


def _minimum_norm(reduced: Reduced, pool: Pool, deadline: float) -> Found:
    """The minimum-norm network and dual vector; begun again where rounding errors ended the first trial early."""
    best: Found | None = None
    for _ in range(_TRIALS):
        start = None if best is None else best.nu
        found = generate(reduced, tolerance=_FINE, deadline=deadline, pool=pool, start=start)
        if best is not None and best.bound > found.bound:
            found = dataclasses.replace(found, bound=best.bound, nu=best.nu)
        if best is not None and best.value < found.value:
            found = dataclasses.replace(best, bound=found.bound, nu=found.nu)
        best = found
        if best.gap <= 2 * _FINE or best.ending == "interrupted" or past(deadline):
            break
    assert best is not None
    return best


@dataclass
class _Reached:
    """The best bound of one end so far, the dual vector that gives it, and the best attained value, signed."""

    bound: float
    nu: np.ndarray
    attained: float

    @property
    def distance(self) -> float:
        """How far the two are apart; negative where the attained value costs more than the bound allows for."""
        return self.bound - self.attained

    def bound_by(self, bound: float, nu: np.ndarray) -> None:
        """Take a bound if it is better."""
        if bound < self.bound:
            self.bound, self.nu = bound, nu


class _Query:
    """One query point: the data and it as one more point, whose part of the dual vector is fixed."""

    def __init__(self, planes: Planes, place: np.ndarray) -> None:
        reduced = planes.reduced
        self.planes, self.place = planes, place
        self.row = reduced.terms.row(place)
        self.extended = dataclasses.replace(
            reduced,
            points=np.vstack([reduced.points, place]),
            values=np.append(reduced.values, 0.0),
            free=np.vstack([reduced.free, self.row]),
            rho=np.append(reduced.rho, 0.0),
            count=np.append(reduced.count, 1.0),
        )
        self.pool = Pool(self.extended)
        self.pool.add(planes.weights, planes.biases)
        self.value = self._value(
            planes.found.weights, planes.found.biases, planes.found.masses, planes.found.coefficients
        )
        # The simplest dual vector with nu_q = 1; times kappa it is feasible up to kappa = 1 / reach.
        self.simplest = np.append(-self.row @ planes.inverse, 1.0)
        self.reach = max(self._priced(self.simplest).largest, 1e-300)
        self.nu = np.append(planes.found.nu, 0.0)

    def end(self, sign: float) -> tuple[float, float, bool]:
        """The bound of one end, an attained value, both in the problem's units, and whether `verify` agrees."""
        planes = self.planes
        kappa, low, high = planes.slopes[sign] / self.reach, 0.0, math.inf
        reached = _Reached(math.inf, np.zeros(0), sign * self.value)
        nu = self._interior(np.append(planes.found.nu, 0.0), 1.0, kappa, sign)
        while True:
            nu, excess = self._programme(kappa, sign, nu, reached)
            if reached.distance <= planes.wanted or past(planes.deadline):
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
        bound, proved = self._verified(reached, sign)
        return sign * bound, sign * min(reached.attained * planes.reduced.size, bound), proved

    def kept(self) -> tuple[np.ndarray, np.ndarray]:
        """The atoms of the minimum-norm network and those nearest to being active."""
        found = self.planes.found
        nearest = self.pool.nearest(self.nu)
        weights = np.concatenate([found.weights, self.pool.weights[nearest]])
        biases = np.concatenate([found.biases, self.pool.biases[nearest]])
        _, first = np.unique(np.column_stack([weights, biases]), axis=0, return_index=True)
        return weights[np.sort(first)], biases[np.sort(first)]

    def _programme(self, kappa: float, sign: float, nu: np.ndarray, reached: _Reached) -> tuple[np.ndarray, float]:
        """Solve min_v N(v) - sign kappa v until the best of v and its bound are near enough.

        Returns the dual vector and the least excess over the minimum norm of the networks near the end.
        """
        planes, reduced, pool = self.planes, self.planes.reduced, self.pool
        n, rate = reduced.values.size, sign * kappa
        finest = max(0.05 * kappa * planes.wanted / planes.budget, 2e-11)
        accuracy, slack, least = 1e-4, math.inf, math.inf
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
                deadline=planes.deadline,
            )
            self.nu = nu = np.append(solved.nu, rate)
            atoms = self._priced(nu)
            largest, against = atoms.largest, float(reduced.values @ solved.nu)
            if not atoms.complete:
                break
            reached.bound_by((planes.budget * largest - against) / kappa, nu)
            norm = float(np.sum(np.abs(solved.masses)))
            value = float(pool.values[n] @ solved.masses + self.row @ solved.coefficients)
            slack = (norm * largest - against) / kappa - sign * value
            if abs(slack) <= _NEAR * planes.wanted:
                least = min(least, self._attain(solved, sign, reached))
            near = abs(slack) <= 0.3 * planes.wanted and solved.residual <= _MISFIT
            if near or reached.distance <= 0.3 * planes.wanted or past(planes.deadline):
                break
            limit, apart = cuts(largest)
            if largest <= limit:
                if accuracy <= finest:
                    break
                accuracy = max(finest, 0.1 * accuracy)
            else:
                pool.add(*thinned(atoms, limit, apart, n))
                accuracy = max(finest, min(accuracy, 0.05 * abs(slack) * kappa / planes.budget))
            nu = self._interior(nu, largest, kappa, sign)
        assert solved is not None
        if not math.isfinite(least):
            least = self._attain(solved, sign, reached)
        heavy = np.append(solved.weight, np.full(pool.size - solved.weight.size, np.inf))
        heavy = heavy > 1e-6 * float(np.max(solved.weight))
        activity = np.where(heavy, np.inf, np.abs(self.nu @ pool.values))
        kept = np.argsort(-activity, kind="stable")[: max(int(np.sum(heavy)), KEPT * nu.size)]
        pool.keep(kept)
        return nu, least

    def _attain(self, solved: master.Masses, sign: float, reached: _Reached) -> float:
        """Make a network of a master problem's solution that interpolates; its excess over the minimum norm."""
        reduced = self.planes.reduced
        size = np.abs(solved.masses)
        kept = size > 1e-9 * float(np.max(size))
        weights, biases = self.pool.weights[: size.size][kept], self.pool.biases[: size.size][kept]
        masses, coefficients = support.repair(
            reduced.atoms(weights, biases), reduced.free, reduced.values, solved.masses[kept]
        )
        excess = float(np.sum(np.abs(masses))) / self.planes.budget - 1
        value = self._value(weights, biases, masses, coefficients)
        # Mixtures with the minimum-norm network are interpolants too, and their norm is at most the mean.
        share = 1.0 if excess <= _EXCESS else _EXCESS / excess
        reached.attained = max(reached.attained, sign * (self.value + share * (value - self.value)))
        return excess

    def _value(self, weights: np.ndarray, biases: np.ndarray, masses: np.ndarray, coefficients: np.ndarray) -> float:
        return float(np.maximum(weights @ self.place + biases, 0) @ masses + self.row @ coefficients)

    def _priced(self, nu: np.ndarray) -> oracle.Atoms:
        planes = self.planes
        return oracle.exact(self.extended.points, nu, planes.reduced.problem.penalty.bias, deadline=planes.deadline)

    def _interior(self, nu: np.ndarray, largest: float, kappa: float, sign: float) -> np.ndarray:
        """A mixture of nu and the simplest dual vector for which sup |h| is at most _INTERIOR."""
        simple = kappa * self.reach
        share = min(1.0, (_INTERIOR - simple) / max(largest - simple, 1e-300))
        mixed = share * nu + (1 - share) * sign * kappa * self.simplest
        return mixed + (sign * kappa - mixed[-1]) * self.simplest

    def _verified(self, best: _Reached, sign: float) -> tuple[float, bool]:
        """The bound in the problem's units, moved out by what `verify` finds missing."""
        planes = self.planes
        reduced, problem = planes.reduced, planes.reduced.problem
        bound = best.bound * reduced.size
        if not planes.certify or not math.isfinite(bound):
            return bound, False
        dual = np.zeros(problem.values.size + 1)
        dual[np.unique(reduced.group, return_index=True)[1]] = best.nu[:-1] / reduced.radius
        dual[-1] = best.nu[-1] / reduced.radius
        place = reduced.centre + reduced.basis @ (self.place * reduced.radius)
        labels = np.append(problem.values, sign * bound)
        claimed = Solution(planes.solution.network, dual, problem.penalty)
        found = verify(np.vstack([problem.points, place]), labels, claimed, time_limit=planes.seconds_left())
        # The bound of the norm is linear in the label of q: from where it exceeds the budget no v is possible.
        missing = max(planes.norm - found.lower_bound, 0.0)
        bound += missing * max(1.0, found.dual_norm) / abs(float(dual[-1])) * (1 + 1e-9)
        return bound, found.scope != "searched"

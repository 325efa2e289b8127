r"""From the end of an interior point method to a vertex: n atoms with masses that interpolate, and no more.

    min  sum_k a_k    s.t.    sum_k a_k s_k relu(w_k . x_i + b_k) + F c = y,    a >= 0

for signed atoms. Near the optimum multipliers over slacks tell which atoms belong to a basis: an LU factorisation whose
rows are weighed with them picks one. Its dual vector is nearly feasible, its masses need not be: the dual simplex
method mends them, and what it ends at interpolates to rounding errors with the fewest atoms.

Source: Bixby & Saltzman (1994), *Recovering an optimal LP basis from an interior point solution*; Forrest & Goldfarb
(1992), *Steepest-edge simplex algorithms for linear programming*.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Float, Int
from scipy.linalg.blas import dger  # pyright: ignore[reportAttributeAccessIssue]
from scipy.linalg.lapack import dgecon, dgetrf, dgetri, dgetrs  # pyright: ignore[reportAttributeAccessIssue]

from minnorm.resources import past
from minnorm.solve.pace import fits

_PIVOTS = 3  # for each point, at most
_AFRESH = 100  # pivots after which the inverse is computed again
_NEGATIVE = 1e-11  # of the largest mass: less is a rounding error
_PIVOT = 1e-9  # the least that an atom may enter with
_TIED = 1e-10  # reduced costs that make no difference
_NOTHING, _ROUNDED = 1e-10, 1e-14  # of the largest mass: none; of the largest value: what dropping them may miss
_SOUND = 1e-15  # reciprocal condition number
_FREE = 10.0  # times the largest row: weight of the free terms, which must be in the basis
_OPERATIONS, _TO_BEGIN = 6, 0.2  # for each point cubed; the share of the first basis


class Basis(NamedTuple):
    """The atoms of a vertex by their numbers, their masses, and the free terms' coefficients."""

    atoms: Int[np.ndarray, " k"]
    masses: Float[np.ndarray, " k"]
    coefficients: Float[np.ndarray, " q"]


def operations(points: int) -> float:
    """About how many floating point operations it takes, as they are counted in `pace`."""
    return _OPERATIONS * float(points) ** 3


def crossed(
    atoms: Float[np.ndarray, "n p"],
    free: Float[np.ndarray, "n q"],
    values: Float[np.ndarray, " n"],
    weight: Float[np.ndarray, " p"],
    deadline: float = math.inf,
) -> Basis | None:
    """The best vertex on the way from an interior point with multipliers over slacks `weight`, of signed `atoms`.

    Masses that are still negative where the method did not end until `deadline`, a `time.monotonic` moment, interpolate
    as well, at a higher norm. None where the atoms do not span all values, and where there is no time to begin.
    """
    n, q = free.shape
    if q + atoms.shape[1] < n or not fits(_TO_BEGIN * operations(n), deadline):
        return None
    simplex = _begun(np.concatenate([free, atoms], axis=1), q, values, np.sqrt(weight))
    if simplex is None:
        return None
    least, best = simplex.norm, simplex.numbers.copy()
    for pivots in range(1, _PIVOTS * n):
        row = simplex.leaving()
        if row is None or past(deadline) or not simplex.pivot(row):
            break
        if pivots % _AFRESH == 0 and not simplex.refreshed():
            break
        if simplex.norm < least:
            least, best = simplex.norm, simplex.numbers.copy()
    return simplex.at(best)


def _begun(system: np.ndarray, q: int, values: np.ndarray, weight: np.ndarray) -> "_Simplex | None":
    """The basis that an LU factorisation picks, if it has all free terms."""
    n = len(system)
    rows = system.T * np.concatenate([np.ones(q), weight])[:, None]
    rows[:q] *= _FREE * np.max(np.abs(rows[q:])) / np.max(np.abs(rows[:q]), initial=1e-300)
    swaps = dgetrf(rows, overwrite_a=1)[1]
    order = np.arange(len(rows))
    for at, other in enumerate(swaps):
        order[at], order[other] = order[other], order[at]
    basis = order[:n]
    inverse = _inverse(system[:, basis])
    return None if inverse is None or np.count_nonzero(basis < q) < q else _Simplex(system, q, values, basis, inverse)


def _inverse(columns: np.ndarray) -> np.ndarray | None:
    """The inverse, in Fortran's order; None where rounding errors would be all of it."""
    factors, swaps, failed = dgetrf(columns)
    if failed or dgecon(factors, np.linalg.norm(columns, 1))[0] < _SOUND:
        return None
    return dgetri(factors, swaps, overwrite_lu=1)[0]


class _Simplex:
    """The dual simplex method with steepest edges, on the inverse of the basis; free terms never leave it.

    Where the first basis is not feasible for the dual, costs are raised until it is.
    """

    def __init__(self, system: np.ndarray, q: int, values: np.ndarray, basis: np.ndarray, inverse: np.ndarray) -> None:
        self.system, self.free, self.values, self.numbers, self.inverse = system, q, values, basis, inverse
        self.masses = inverse @ values
        self.inside = np.zeros(system.shape[1], dtype=bool)
        self.inside[basis] = True
        cost = np.where(basis < q, 0.0, 1.0)
        self.reduced = np.maximum((np.arange(system.shape[1]) >= q) - (cost @ self.inverse) @ system, 0.0)
        self.edges = np.einsum("ij,ij->i", self.inverse, self.inverse)

    def refreshed(self) -> bool:
        """The inverse and the masses without the errors of the pivots since; False where the basis is not sound."""
        inverse = _inverse(self.system[:, self.numbers])
        if inverse is None:
            return False
        self.inverse, self.masses = inverse, inverse @ self.values
        return True

    def leaving(self) -> int | None:
        """The place of the negative mass that is furthest from feasible; None where there is none."""
        least = -_NEGATIVE * float(np.max(np.abs(self.masses)))
        wrong = (self.masses < least) & (self.numbers >= self.free)
        if not np.any(wrong):
            return None
        return int(np.argmax(np.where(wrong, self.masses**2 / self.edges, 0.0)))

    def pivot(self, row: int) -> bool:
        """Exchange the atom at a place of the basis for the one that keeps the dual feasible; False if there is none.

        Of those that are nearly the first to become active the one that is the safest to divide by is taken.
        """
        across = self.inverse[row].copy()
        change = across @ self.system
        candidates = np.flatnonzero((change < -_PIVOT) & ~self.inside)
        if candidates.size == 0:
            return False
        falls, reduced = -change[candidates], self.reduced[candidates]
        first = candidates[reduced / falls <= np.min((reduced + _TIED) / falls)]
        entering = int(first[np.argmin(change[first])])
        step = self.reduced[entering] / -change[entering]
        self.reduced = np.maximum(self.reduced + step * change, 0.0)
        left = self.numbers[row]
        self.reduced[left], self.reduced[entering] = step, 0.0

        column = self.inverse @ self.system[:, entering]
        mass = self.masses[row] / column[row]
        share = column / column[row]
        edge = self.edges[row]
        self.edges = np.maximum(self.edges - 2 * share * (self.inverse @ across) + share**2 * edge, share**2)
        self.edges[row] = edge / column[row] ** 2
        self.masses -= mass * column
        self.masses[row] = mass
        share[row] = 1 - 1 / column[row]
        self.inverse = dger(-1.0, share, across, a=self.inverse, overwrite_a=1)
        self.inside[left], self.inside[entering] = False, True
        self.numbers[row] = entering
        return True

    @property
    def norm(self) -> float:
        """sum |a|."""
        return float(np.sum(np.abs(self.masses[self.numbers >= self.free])))

    def at(self, numbers: np.ndarray) -> Basis:
        """The vertex of a basis, its masses computed afresh, without the atoms that have none."""
        columns = self.system[:, numbers]
        factors, swaps, _ = dgetrf(columns)
        found = dgetrs(factors, swaps, self.values)[0]
        found = found + dgetrs(factors, swaps, self.values - columns @ found)[0]
        massive = (np.abs(found) > _NOTHING * np.max(np.abs(found))) | (numbers < self.free)
        if not np.all(massive):
            solved: Any = scipy.linalg.lstsq(columns[:, massive], self.values, check_finite=False)
            fewer = solved[0]
            left = np.abs(self.values - columns[:, massive] @ fewer)
            if np.max(left) <= _ROUNDED * np.max(np.abs(self.values)):
                numbers, found = numbers[massive], fewer
        inside = numbers >= self.free
        coefficients = np.zeros(self.free)
        coefficients[numbers[~inside]] = found[~inside]
        return Basis(numbers[inside] - self.free, found[inside], coefficients)

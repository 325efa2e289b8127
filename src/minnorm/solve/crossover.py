r"""From the end of an interior point method to a vertex: n atoms with masses that interpolate, and no more.

    min  sum_k a_k    s.t.    sum_k a_k s_k relu(w_k . x_i + b_k) + F c = y,    a >= 0

for signed atoms. Near the optimum multipliers over slacks tell which atoms belong to a basis: an LU factorisation whose
rows are weighed with them picks one. Its dual vector is nearly feasible, its masses need not be: the dual simplex
method mends them, and what it ends at interpolates to rounding errors with the fewest atoms.

Source: Bixby & Saltzman (1994), *Recovering an optimal LP basis from an interior point solution*; Forrest & Goldfarb
(1992), *Steepest-edge simplex algorithms for linear programming*.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Float, Int
from scipy.linalg.blas import dgemm  # pyright: ignore[reportAttributeAccessIssue]
from scipy.linalg.lapack import dgecon, dgetrf, dgetri, dgetrs  # pyright: ignore[reportAttributeAccessIssue]

from minnorm.resources import past
from minnorm.solve.pace import fits

_PIVOTS = 3  # for each point, at most
_AFRESH = 0.2  # pivots for each point after which the inverse is computed again
_LIGHT = 1e-8  # of the weight that as many have as a basis has atoms: the least that counts when one is picked
_PENDING = 25  # pivots that wait beside the inverse, to be one product with it
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
    prices: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Basis | None:
    """The best vertex on the way from an interior point with multipliers over slacks `weight`, of signed `atoms`.

    `prices` is what gives nu @ atoms faster than that.

    Masses that are still negative where the method did not end until `deadline`, a `time.monotonic` moment, interpolate
    as well, at a higher norm. None where the atoms do not span all values, and where there is no time to begin.
    """
    n, q = free.shape
    if q + atoms.shape[1] < n or not fits(_TO_BEGIN * operations(n), deadline):
        return None
    system = _System(free, atoms, prices or (lambda nu: nu @ atoms))
    basis = _begun(system, np.sqrt(weight))
    inverse = None if basis is None else _inverse(system.columns(basis))
    if basis is None or inverse is None:
        return None
    simplex = _Simplex(system, values, basis, inverse)
    least, best = simplex.norm, simplex.numbers.copy()
    for pivots in range(1, _PIVOTS * n):
        row = simplex.leaving()
        if row is None or past(deadline) or not simplex.pivot(row):
            break
        if pivots % max(int(_AFRESH * n), 4 * _PENDING) == 0 and not simplex.refreshed():
            break
        if simplex.norm < least:
            least, best = simplex.norm, simplex.numbers.copy()
    return simplex.at(best)


def usual(weight: np.ndarray, count: int) -> float:
    """The least weight of so many that are the heaviest."""
    return float(np.partition(weight, -count)[-count]) if count <= weight.size else 0.0


class _System(NamedTuple):
    """The columns [F, atoms]."""

    free: np.ndarray
    atoms: np.ndarray
    prices: Callable[[np.ndarray], np.ndarray]

    @property
    def size(self) -> int:
        """How many there are."""
        return self.free.shape[1] + self.atoms.shape[1]

    def columns(self, numbers: np.ndarray) -> np.ndarray:
        """Those with these numbers, in Fortran's order."""
        q = self.free.shape[1]
        chosen = np.empty((len(self.free), numbers.size), order="F")
        free = numbers < q
        chosen[:, free] = self.free[:, numbers[free]]
        chosen[:, ~free] = self.atoms[:, numbers[~free] - q]
        return chosen

    def across(self, row: np.ndarray) -> np.ndarray:
        """row @ [F, atoms]."""
        return np.concatenate([row @ self.free, self.prices(row)])


def _begun(system: _System, weight: np.ndarray) -> np.ndarray | None:
    """The numbers of the basis that an LU factorisation picks, if it has all free terms."""
    n, q = system.free.shape
    weight = np.maximum(weight, _LIGHT * usual(weight, n - q))
    order = np.arange(system.size)
    rows = system.columns(order).T
    rows *= np.concatenate([np.ones(q), weight])[:, None]
    rows[:q] *= _FREE * np.max(np.abs(rows[q:])) / np.max(np.abs(rows[:q]), initial=1e-300)
    for at, other in enumerate(dgetrf(rows, overwrite_a=1)[1]):
        order[at], order[other] = order[other], order[at]
    return order[:n] if np.count_nonzero(order[:n] < q) == q else None


def _inverse(columns: np.ndarray) -> np.ndarray | None:
    """The inverse, in Fortran's order; None where rounding errors would be all of it."""
    factors, swaps, failed = dgetrf(columns)
    if failed or dgecon(factors, np.linalg.norm(columns, 1))[0] < _SOUND:
        return None
    return dgetri(factors, swaps, overwrite_lu=1)[0]


class _Inverse:
    """The inverse of the basis, with the products of rank one that pivots have taken off since beside it."""

    def __init__(self, inverse: np.ndarray) -> None:
        n = len(inverse)
        self._whole, self._count = inverse, 0
        self._left, self._right = np.empty((n, _PENDING), order="F"), np.empty((_PENDING, n))

    def row(self, number: int) -> np.ndarray:
        """One of its rows."""
        return self._whole[number] - self._left[number, : self._count] @ self._right[: self._count]

    def times(self, vector: np.ndarray) -> np.ndarray:
        """It times a vector."""
        pending = self._left[:, : self._count] @ (self._right[: self._count] @ vector)
        return self._whole @ vector - pending

    def subtract(self, column: np.ndarray, row: np.ndarray) -> None:
        """Take their product off."""
        self._left[:, self._count], self._right[self._count] = column, row
        self._count += 1
        if self._count == _PENDING:
            self._whole = dgemm(-1.0, self._left, self._right.T, trans_b=1, beta=1.0, c=self._whole, overwrite_c=1)
            self._count = 0


class _Simplex:
    """The dual simplex method with steepest edges, on the inverse of the basis; free terms never leave it.

    Where the first basis is not feasible for the dual, costs are raised until it is.
    """

    def __init__(self, system: _System, values: np.ndarray, basis: np.ndarray, inverse: np.ndarray) -> None:
        self.system, self.free, self.values, self.numbers = system, system.free.shape[1], values, basis
        self.inverse = _Inverse(inverse)
        self.masses = inverse @ values
        self.inside = np.zeros(system.size, dtype=bool)
        self.inside[basis] = True
        cost = np.where(basis < self.free, 0.0, 1.0)
        self.reduced = np.maximum((np.arange(system.size) >= self.free) - system.across(cost @ inverse), 0.0)
        self.edges = np.einsum("ij,ij->i", inverse, inverse)

    def refreshed(self) -> bool:
        """The inverse and the masses without the errors of the pivots since; False where the basis is not sound."""
        inverse = _inverse(self.system.columns(self.numbers))
        if inverse is None:
            return False
        self.inverse, self.masses = _Inverse(inverse), inverse @ self.values
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
        across = self.inverse.row(row)
        change = self.system.across(across)
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

        column = self.inverse.times(self.system.columns(np.array([entering]))[:, 0])
        mass = self.masses[row] / column[row]
        share = column / column[row]
        edge = self.edges[row]
        self.edges = np.maximum(self.edges - 2 * share * self.inverse.times(across) + share**2 * edge, share**2)
        self.edges[row] = edge / column[row] ** 2
        self.masses -= mass * column
        self.masses[row] = mass
        share[row] = 1 - 1 / column[row]
        self.inverse.subtract(share, across)
        self.inside[left], self.inside[entering] = False, True
        self.numbers[row] = entering
        return True

    @property
    def norm(self) -> float:
        """sum |a|."""
        return float(np.sum(np.abs(self.masses[self.numbers >= self.free])))

    def at(self, numbers: np.ndarray) -> Basis:
        """The vertex of a basis, its masses computed afresh, without the atoms that have none."""
        columns = self.system.columns(numbers)
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

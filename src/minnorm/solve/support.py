"""From an interior solution to a sparse one: no more neurons than the representer theorem allows."""

from typing import Any

import numpy as np
import scipy.linalg
from jaxtyping import Float
from scipy.linalg.blas import dger  # pyright: ignore[reportAttributeAccessIssue]

_DECOMPOSITION = 40
_MANY = 300  # points; for fewer a singular value decomposition takes no time
_RANK = 1e-14  # of all atoms together: what stays below is not there; points that almost agree notice more
_SOUND = 1e-9  # pivots above this share of the largest are no rounding errors
LARGEST = 2000  # points; beyond it the elimination would cost more than a sparse network is worth


def operations(points: int, atoms: int) -> float | int:
    """About how many floating point operations `sparsify` takes: singular value decompositions of n atoms at a time."""
    return _DECOMPOSITION * points**3 * -(-atoms // points) if points <= LARGEST else 0.0


def sparsify(
    atoms: Float[np.ndarray, "n p"], free: Float[np.ndarray, "n q"], masses: Float[np.ndarray, " p"]
) -> Float[np.ndarray, " p"]:
    r"""Masses with at most n - q nonzero entries and the same values at the points up to free terms, costing no more.

    As long as more atoms carry mass than the equations Phi a + F c = const have rank, some v != 0 with
    Phi v + F c = 0 exists; moving along v or -v, whichever does not raise sum |a|, removes an atom (Caratheodory's
    argument). Heavy atoms come first and others join them n at a time, so the work grows linearly with their number.
    """
    n = atoms.shape[0]
    masses = masses.copy()
    if n > LARGEST:
        return masses
    phi = atoms
    if free.shape[1]:
        q = scipy.linalg.orth(free)
        phi = atoms - q @ (q.T @ atoms)
        if n >= _MANY:
            whole: Any = scipy.linalg.qr(q, check_finite=False)[0]
            phi = whole[:, q.shape[1] :].T @ phi
    # Ranks are relative to the atoms before the projection: of those that are free terms it leaves rounding errors.
    sizes = np.linalg.norm(atoms, axis=0)
    order = np.argsort(-np.abs(masses), kind="stable")[: np.count_nonzero(masses)]
    held = np.zeros(0, dtype=np.int64)
    for k in range(0, order.size, n):
        held = np.concatenate([held, order[k : k + n]])
        masses[held] = _eliminate(phi[:, held], masses[held], float(np.linalg.norm(sizes[held])))
        held = held[masses[held] != 0]
    return masses


def _eliminate(phi: np.ndarray, a: np.ndarray, size: float) -> np.ndarray:
    """Remove atoms while the others can take over; all v are columns of a matrix from which each is eliminated."""
    kernel = _kernel(phi, size)
    while kernel.shape[1]:
        v = kernel[:, -1]
        # a moves to a - t v; the cost falls at rate sign(a) . v, and where it does not change either way will do.
        if np.sign(a) @ v < 0:
            v = -v
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where((a != 0) & (a * v > 0), a / v, np.inf)
        k = int(np.argmin(reach))
        if not np.isfinite(reach[k]):
            kernel = kernel[:, :-1]
            continue
        a = a - reach[k] * v
        a[k] = 0.0
        pivot = int(np.argmax(np.abs(kernel[k])))
        column = kernel[:, pivot] / kernel[k, pivot]
        kernel[:, pivot] = kernel[:, -1]
        kernel = kernel[:, :-1]
        if kernel.shape[1]:
            kernel = dger(-1.0, column, kernel[k].copy(), a=kernel, overwrite_a=1)
        kernel[k] = 0.0
    return a


def _kernel(phi: np.ndarray, size: float) -> np.ndarray:
    """An orthonormal basis of the v with Phi v = 0, as columns."""
    if len(phi) >= _MANY:
        # A tenth of the time; it tells the rank only where none of the rows depends on others.
        factors: Any = scipy.linalg.qr(phi.T, check_finite=False)
        q, r = factors
        pivots = np.abs(np.diagonal(r))
        if phi.shape[1] >= len(phi) and float(np.min(pivots)) > _SOUND * float(np.max(pivots)):
            return np.asfortranarray(q[:, len(phi) :])
    singular, right = scipy.linalg.svd(phi, check_finite=False)[1:]
    return np.asfortranarray(right[int(np.sum(singular > _RANK * size)) :].T)


class Repair:
    r"""Corrections that lead to Phi a + F c = y, as small as possible.

    The correction d of the masses minimises sum d_k^2 / |a_k|, so that large masses take most of it and none appears
    where there was none.
    """

    def __init__(
        self, atoms: Float[np.ndarray, "n p"], free: Float[np.ndarray, "n q"], masses: Float[np.ndarray, " p"]
    ) -> None:
        self.root = np.sqrt(np.abs(masses))
        self._factors: tuple[np.ndarray, np.ndarray] | None = None
        system = np.concatenate([atoms * self.root, free], axis=1)
        if len(system) >= _MANY and system.shape[1] >= len(system):
            factors: Any = scipy.linalg.qr(system.T, mode="economic", check_finite=False)
            q, r = factors
            pivots = np.abs(np.diagonal(r))
            if float(np.min(pivots)) > _SOUND * float(np.max(pivots)):
                self._factors = q, r
                return
        left, singular, right = scipy.linalg.svd(system, full_matrices=False, check_finite=False)
        least = np.finfo(float).eps * max(system.shape) * float(np.max(singular, initial=0.0))
        sound = singular > least
        self.left, self.singular, self.right = left[:, sound], singular[sound], right[sound]

    def step(
        self, misfit: Float[np.ndarray, " n"], masses: Float[np.ndarray, " p"]
    ) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, " q"]]:
        """Corrected masses and the change of the coefficients, for y - Phi a - F c."""
        if self._factors is None:
            change = self.right.T @ ((self.left.T @ misfit) / self.singular)
        else:
            change = self._factors[0] @ scipy.linalg.solve_triangular(self._factors[1], misfit, trans=1)
        return masses + self.root * change[: masses.size], change[masses.size :]


def repair(
    atoms: Float[np.ndarray, "n p"],
    free: Float[np.ndarray, "n q"],
    values: Float[np.ndarray, " n"],
    masses: Float[np.ndarray, " p"],
) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, " q"]]:
    """Masses and coefficients with Phi a + F c = y to rounding, changed as little as possible."""
    system = Repair(atoms, free, masses)
    coefficients = np.linalg.lstsq(free, values - atoms @ masses, rcond=None)[0]
    for _ in range(3):
        masses, change = system.step(values - atoms @ masses - free @ coefficients, masses)
        coefficients = coefficients + change
    return masses, coefficients

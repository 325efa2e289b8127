"""From an interior solution to a sparse one: no more neurons than the representer theorem allows."""

import numpy as np
import scipy.linalg
from jaxtyping import Float

_LARGEST = 4000  # atoms; beyond it the elimination would cost more than a sparse network is worth


def sparsify(
    atoms: Float[np.ndarray, "n p"], free: Float[np.ndarray, "n q"], masses: Float[np.ndarray, " p"]
) -> Float[np.ndarray, " p"]:
    r"""Masses with at most n - q nonzero entries and the same values at the points up to free terms, costing no more.

    As long as more atoms carry mass than the equations Phi a + F c = const have rank, some v != 0 with
    Phi v + F c = 0 exists; moving along v or -v, whichever does not raise sum |a|, removes an atom (Caratheodory's
    argument). All v are kept as the columns of a matrix from which each removed atom is eliminated.
    """
    masses = masses.copy()
    live = np.flatnonzero(masses)
    if live.size > _LARGEST or live.size == 0:
        return masses
    phi = atoms[:, live]
    if free.shape[1]:
        q = scipy.linalg.orth(free)
        phi = phi - q @ (q.T @ phi)
    kernel = scipy.linalg.null_space(phi, rcond=1e-12)
    a = masses[live]
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
        kernel = np.delete(kernel, pivot, axis=1)
        kernel -= np.outer(column, kernel[k])
        kernel[k] = 0.0
    masses[live] = a
    return masses


def repair(
    atoms: Float[np.ndarray, "n p"],
    free: Float[np.ndarray, "n q"],
    values: Float[np.ndarray, " n"],
    masses: Float[np.ndarray, " p"],
) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, " q"]]:
    r"""Masses and coefficients with Phi a + F c = y to rounding, changed as little as possible.

    The correction d minimises sum d_k^2 / |a_k|, so that large masses take most of it and none appears
    where there was none.
    """
    root = np.sqrt(np.abs(masses))
    system = np.concatenate([atoms * root, free], axis=1)
    coefficients = np.zeros(free.shape[1])
    for _ in range(3):
        misfit = values - atoms @ masses - free @ coefficients
        change = np.linalg.lstsq(system, misfit, rcond=None)[0]
        masses = masses + root * change[: masses.size]
        coefficients = coefficients + change[masses.size :]
    return masses, coefficients

"""Masses on given atoms to rounding errors: the last digits that an interior point method leaves open."""

import math
from collections.abc import Callable

import numpy as np
import scipy.linalg
from jaxtyping import Float

from minnorm.solve.pace import fits

Misfit = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""values - atoms @ masses - free @ coefficients, as accurately as it is known."""

_REFINEMENTS = 4
_AT_ONCE = 3  # times as many atoms may go at once as in the way tried before
_CHOLESKY, _EIGENVECTORS = 1 / 3, 15  # operations, times the size cubed
_DAMPED = 1e-12  # of a column's square: where atoms almost depend on each other, what costs more goes
_RANK = 1e-15  # eigenvalues below this share of the largest are rounding errors


def settle(
    atoms: Float[np.ndarray, "n p"],
    free: Float[np.ndarray, "n q"],
    rho: Float[np.ndarray, " n"],
    cost: Float[np.ndarray, " p"],
    masses: Float[np.ndarray, " p"],
    coefficients: Float[np.ndarray, " q"],
    misfit: Misfit,
    deadline: float = math.inf,
) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, " q"]]:
    r"""The best masses of the signs they have, or zero, and the best coefficients.

        min  sum cost |a| + 1/2 sum (y - Phi a - F c)^2 / rho      over a of the given signs

    Newton steps, each as far as the first mass that vanishes, whose atom then goes, or further without the atoms of all
    masses that would change their sign on the way, where that is better: the objective falls, so that what there is
    at `deadline`, a `time.monotonic` moment, is no worse than what was given.

    Source: Lawson & Hanson (1974), *Solving Least Squares Problems*, chapter 23, for non-negative least squares.
    """
    masses, coefficients = masses.copy(), coefficients.copy()
    p, q = atoms.shape[1], free.shape[1]
    if not fits(2 * len(atoms) * (p + q) ** 2, deadline):
        return masses, coefficients
    root = 1 / np.sqrt(rho)
    columns = np.concatenate([atoms, free], axis=1) * root[:, None]
    size = np.linalg.norm(columns, axis=0)
    columns = columns / np.where(size > 0, size, 1.0)
    gram = columns.T @ columns
    pull = np.concatenate([cost * np.sign(masses), np.zeros(q)])
    along = columns.T @ (misfit(masses, coefficients) * root)

    def paid(at: tuple[np.ndarray, np.ndarray]) -> float:
        """What is paid there, less what half the square of the present misfit is."""
        moved = np.concatenate([at[0] - masses, at[1] - coefficients]) * size
        return float(cost @ np.abs(at[0]) - along @ moved + 0.5 * moved @ gram @ moved)

    while True:
        live = np.flatnonzero(np.concatenate([masses != 0, np.ones(q, dtype=bool)]) & (size > 0))
        solved = inverse(gram[np.ix_(live, live)], deadline, _DAMPED)
        if solved is None:
            return masses, coefficients
        for again in range(_REFINEMENTS):
            if again:  # on the way to these atoms running sums will do
                along = columns.T @ (misfit(masses, coefficients) * root)
            change = np.zeros(p + q)
            change[live] = solved(along[live] - pull[live] / size[live]) / size[live]
            reach = np.full(p, np.inf)
            falling = masses * change[:p] < 0
            np.divide(-masses, change[:p], out=reach, where=falling)
            share = min(1.0, float(np.min(reach, initial=np.inf)))
            nearer = masses + share * change[:p], coefficients + share * change[p:]
            if share == 1:
                masses, coefficients = nearer
                continue
            nearer[0][reach <= share] = 0.0
            ends = np.sort(reach[reach < 1])
            ways = [nearer]
            for end in (*ends[_AT_ONCE ** np.arange(1, int(math.log(ends.size, _AT_ONCE)) + 1) - 1], 1.0):
                there = np.where(reach <= end, 0.0, masses + end * change[:p])
                ways.append((there, coefficients + end * change[p:]))
            best = min(ways, key=paid)
            along = along - gram @ (np.concatenate([best[0] - masses, best[1] - coefficients]) * size)
            masses, coefficients = best
            break
        else:
            return masses, coefficients


def inverse(
    gram: np.ndarray, deadline: float = math.inf, damped: float = 0.0
) -> Callable[[np.ndarray], np.ndarray] | None:
    """The inverse of a positive semidefinite matrix; where it is singular on its range, or of what it is with a
    `damped` multiple of the identity added, if that is not 0; None without time for it."""
    if not fits(_CHOLESKY * len(gram) ** 3, deadline):
        return None
    for share in (0.0, damped) if damped else (0.0,):
        try:
            factored = scipy.linalg.cho_factor(gram + share * np.eye(len(gram)), check_finite=False)
            if float(np.min(np.diagonal(factored[0]), initial=1.0)) > _RANK**0.5 * 10:
                return lambda right, factored=factored: scipy.linalg.cho_solve(factored, right, check_finite=False)
        except np.linalg.LinAlgError:
            pass
    if not fits(_EIGENVECTORS * len(gram) ** 3, deadline):
        return None
    values, vectors = scipy.linalg.eigh(gram)
    sound = values > _RANK * gram.shape[0] * float(np.max(values, initial=0.0))
    values, vectors = values[sound], vectors[:, sound]
    return lambda right: vectors @ ((vectors.T @ right) / values)

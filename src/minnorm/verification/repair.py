"""The exact correction of a dual vector that misses its equality constraints by rounding."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
from scipy.linalg import qr

from minnorm.objective.norm import PathNorm
from minnorm.verification.clock import ENDLESS, Clock
from minnorm.verification.conjugate import constant_is_free, linear_is_free
from minnorm.verification.exact import integers, power

_WIDEST = 40  # unknowns that rational elimination takes in a second


def correction(x: np.ndarray, nu: np.ndarray, penalty: PathNorm, clock: Clock = ENDLESS) -> dict[int, Fraction] | None:
    r"""Numbers c_j for few points j such that nu + c is orthogonal to the unpenalised terms, exactly.

        sum_j (nu_j + c_j) g(x_j) = 0,    g = 1, x or (1, x), whichever terms are free

    Points are taken in the order of a pivoted QR factorisation until the defect, a rational vector, is in the
    span of theirs, which ends at the latest with all points. None where that is too large a computation.
    """
    constant = constant_is_free(penalty)
    linear = linear_is_free(penalty)
    whole, e = integers(x) if linear else ([], 0)
    numbers, e_nu = integers(nu)
    unit = Fraction(1) / (power(e) * power(e_nu))
    ones = np.full(len(x), power(e), dtype=object)
    columns = ([ones] if constant else []) + (list(whole[0].T) if linear else [])
    defect = [Fraction(int((numbers[0] * column).sum())) * unit for column in columns]
    if not any(defect):
        return {}
    rough = np.ldexp(x, -np.frexp(np.max(np.abs(x)))[1])
    rough = rough - rough[nu != 0].mean(axis=0) if constant else rough
    used = np.flatnonzero(nu)
    if not linear:
        nearest = int(used[np.argmin(np.sum(rough[used] ** 2, axis=1))])
        return {nearest: -defect[0]}
    if len(columns) > _WIDEST:
        return None
    rough = np.column_stack([np.ones(len(x)), rough]) if constant else rough
    order = [int(part[k]) for part in (used, np.flatnonzero(nu == 0)) if part.size for k in _spanning(rough[part])]
    scale = Fraction(1) / power(e)
    candidates = ([Fraction(int(column[j])) * scale for column in columns] for j in order)
    weights = _combination(candidates, [-part for part in defect], clock)
    if weights is None:
        return None
    return {order[k]: weight for k, weight in weights.items()}


def rough_correction(x: np.ndarray, nu: np.ndarray, penalty: PathNorm) -> dict[int, Fraction]:
    """The same for a free linear term by least squares, up to rounding: no proof."""
    constant = constant_is_free(penalty)
    terms = np.column_stack([np.ones(len(x)), x]) if constant else x
    parts = np.linalg.lstsq(terms.T, -(terms.T @ nu), rcond=None)[0]
    return {j: Fraction(float(part)) for j, part in enumerate(parts) if part}


def _spanning(vectors: np.ndarray) -> list[int]:
    """All rows, the best conditioned first."""
    return np.asarray(qr(vectors.T, mode="economic", pivoting=True)[-1]).tolist()


def _combination(
    vectors: Iterable[list[Fraction]], target: Sequence[Fraction], clock: Clock
) -> dict[int, Fraction] | None:
    """Coefficients of the first vectors whose span contains the target, by elimination over the rationals.

    None where that takes too long.
    """
    rows: list[tuple[int, list[Fraction], dict[int, Fraction]]] = []  # pivot, reduced vector, its combination
    rest, found = list(target), {}
    for k, vector in enumerate(vectors):
        if clock.left < 0:
            return None
        vector, made = list(vector), {k: Fraction(1)}
        for pivot, row, parts in rows:
            if vector[pivot]:
                factor = vector[pivot]
                vector = [v - factor * r for v, r in zip(vector, row, strict=True)]
                for j, part in parts.items():
                    made[j] = made.get(j, Fraction(0)) - factor * part
        pivot = max(range(len(vector)), key=lambda i: abs(vector[i]))
        if not vector[pivot]:
            continue
        top = vector[pivot]
        vector = [v / top for v in vector]
        made = {j: part / top for j, part in made.items()}
        rows.append((pivot, vector, made))
        factor = rest[pivot]
        rest = [t - factor * v for t, v in zip(rest, vector, strict=True)]
        for j, part in made.items():
            found[j] = found.get(j, Fraction(0)) + factor * part
        if not any(rest):
            break
    return {j: part for j, part in found.items() if part}

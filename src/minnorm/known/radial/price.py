"""What it costs to turn radial masses that miss their values a little into an interpolant."""

import math

import numpy as np

from minnorm.known.radial.atoms import UNIT, radial_atoms, rounding


def price(misfit: np.ndarray, r: np.ndarray, knots: np.ndarray, dim: int) -> float:
    r"""A bound of the least mass whose function has given values of size at most `misfit` (n,) at the radii r (n,).

    M are masses and constants with Phi M = 1 + R for the neurons at the radii and at `knots`, up to a residual R that
    is known. Correcting e by M e leaves R e, and so on: with q = max_i sum_j |R_ji| < 1 and B_i = sum_k |M_ki|,

        price <= sum_i B_i e_i + (max B) q / (1 - q) sum_i e_i

    Infinite where q >= 1/2: then the radii are too close to each other for double precision.
    """
    extent = float(r[-1])
    if not np.any(misfit) or extent == 0:
        return 0.0
    unit = r / extent
    s = np.unique(np.concatenate([[0.0], unit[:-1], knots / extent]))
    columns = np.column_stack([np.ones(r.size), radial_atoms(unit, s, dim)[0]])
    made = np.linalg.lstsq(columns, np.eye(r.size), rcond=None)[0]
    mass = np.sum(np.abs(made[1:]), axis=0)
    size = mass + np.abs(made[0])
    error = r.size * (rounding(dim) + (s.size + 8) * UNIT) * size
    q = float(np.max(np.sum(np.abs(columns @ made - np.eye(r.size)), axis=0) + error)) * (1 + 1e-9)
    if not q < 0.5:
        return math.inf
    paid = float(mass @ misfit) + float(np.max(mass)) * q / (1 - q) * float(np.sum(misfit))
    return paid / extent * (1 + (r.size + s.size + 16) * 4 * UNIT)

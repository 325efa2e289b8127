"""Undoing what rounding did to a dual vector on the line, and to masses."""

import math

import numpy as np
from jaxtyping import Float

from minnorm.compensated import two_product
from minnorm.known.univariate.dots import Kinks

_PASSES = 4
_ROUNDING = 8 * np.finfo(float).eps  # of the labels' range


def settled(
    t: Float[np.ndarray, " n"], nu: Float[np.ndarray, " n"], total: float, moment: float
) -> Float[np.ndarray, " n"]:
    r"""The dual vector, changed at two points by about its rounding errors, so that

        sum nu_i = total,      sum nu_i t_i = moment.

    Far from the origin sum nu_i t_i, which a neuron without bias sees, loses all its digits in rounding nu. Small
    entries carry the finest corrections.

    >>> t = 1e9 + np.arange(4.0)
    >>> nu = settled(t, np.array([1.0, -0.7, -1.6, 1.3]), 0.0, 0.0)
    >>> bool(abs(math.fsum(nu * (t - t[0])) + t[0] * math.fsum(nu)) < 1e-8)
    True
    """
    nu = nu.copy()
    i = int(np.argmin(np.abs(nu)))
    apart = np.abs(t - t[i])
    j = int(np.argmin(np.divide(np.abs(nu), apart, out=np.full(nu.size, np.inf), where=apart > 0)))
    gap = float(t[j] - t[i])
    for _ in range(_PASSES):
        at_j = _short(t, nu, moment, total, float(t[i])) / gap
        nu[j] += at_j
        nu[i] += math.fsum([total, *(-nu).tolist()])
    # The sum is as good as it gets: moves that leave it alone, exactly, do the rest.
    unit = 2 * max(math.ulp(float(nu[i])), math.ulp(float(nu[j])))
    move = unit * round(_short(t, nu, moment, 0.0, 0.0) / gap / unit)
    nu[j] += move
    nu[i] -= move
    return nu


def _short(t: np.ndarray, nu: np.ndarray, moment: float, total: float, origin: float) -> float:
    """moment - sum nu t, less what a sum of `total` adds to it at the origin; rounded once."""
    product, lost = two_product(nu, t)
    shift, shift_lost = two_product(np.append(nu, -total), np.full(nu.size + 1, origin))
    return math.fsum(np.concatenate([[moment], -product, -lost, shift, shift_lost]).tolist())


def improved(t: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], kinks: Kinks) -> Kinks:
    """Masses that meet y up to an affine function better: of all corrections that of least sum change^2 / |mass|."""
    centre, span, size = float(t[t.size // 2]), float(t[-1] - t[0]), float(np.ptp(y))
    root = np.sqrt(np.abs(kinks.mass))
    columns = np.maximum(kinks.facing * (t[:, None] - kinks.at), 0) / span * root
    affine = np.column_stack([np.ones(t.size), (t - centre) / span])
    basis = np.linalg.qr(affine)[0]
    best, error = kinks, math.inf
    for _ in range(_PASSES):
        rest = y - kinks.network().evaluate(t[:, None])
        rest -= basis @ (basis.T @ rest)
        now = float(np.max(np.abs(rest)))
        if now < error:
            best, error = kinks, now
        if not now > _ROUNDING * size:
            break
        change = np.linalg.lstsq(np.column_stack([columns, affine]), rest, rcond=None)[0][: root.size] * root / span
        kinks = Kinks(kinks.at, kinks.facing, kinks.mass + change)
    return best

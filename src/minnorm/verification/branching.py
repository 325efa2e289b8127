r"""sup |h| in any dimension, h(u, b) = sum_j nu_j relu(u . s_j + b), by branching on signs: `native/branch.cpp`.

Once the signs of z_j = u . s_j + b are known for the points with nu_j > 0, h is concave on the cone they define, and
for any theta_j in [0, 1] and lambda_j >= 0

    h(u, b) <= v . (u, b),    v = sum_(nu_j > 0, z_j > 0) nu_j (s_j, 1) - sum_(nu_j < 0) |nu_j| theta_j (s_j, 1)
                                  + sum_(nu_j > 0) +-lambda_j (s_j, 1) + sum_rows lambda a,

so h <= |v_u| + |b| |v_b|, whichever numbers theta and lambda are: floating point may choose them, and only this last
line is evaluated with a bound of its rounding. A sign that is open puts a chord in relu's place. By duality the best
numbers give the maximum on the cell, so cells end; those with a bound below the best value known end at once. Points in
special position do no harm, and the bound holds whenever the work is stopped.

The rows a . u >= 0 leave one of the images of u under the data's own reflections (`minnorm.verification.symmetry`).

Source: Bunel, Lu, Turkaslan, Torr, Kohli & Kumar (2020), *Branch and bound for piecewise linear neural network
verification*; Rockafellar (1970) for duality.
"""

import numpy as np

from minnorm import _native
from minnorm.verification.clock import ENDLESS, Clock, OutOfTime
from minnorm.verification.primal import lengths
from minnorm.verification.symmetry import chamber

_CLOSE = 2.0**-34  # cells above the best value by less than this share of it are not looked into
_USEFUL = 2.0  # a bound above that many times the best value says less than an estimate
_NOTHING = 1e-12  # of sum |nu_j| |s_j|: below it the supremum is zero up to rounding


def bound(
    points: np.ndarray, weights: np.ndarray, affine: bool, lower: float, clock: Clock = ENDLESS
) -> tuple[float, float] | None:
    """(lower, upper) of sup |h| over |u| <= 1 and b = -u . s_i for some i if `affine`, else b = 0.

    Arguments: `points` s (n, k); `weights` nu (n,); `affine`; `lower`, a value of |h| or 0; `clock`. None where the
    time is too short to come near. The upper bound is rigorous, the lower one right up to rounding.
    """
    points, weights = np.ascontiguousarray(points, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    cone = np.ascontiguousarray(chamber(points, weights, clock))
    upper, nothing = 0.0, _NOTHING * float(np.abs(weights) @ lengths(points)) + 2.0**-400
    for number, sign in enumerate((1.0, -1.0)):
        try:
            clock.check(number / 2)
        except OutOfTime:
            return None
        lower, above, *_ = _native.branch(points, sign * weights, cone, affine, lower, _CLOSE, 1, clock.left)
        upper = max(upper, above)
        if upper > _USEFUL * lower + nothing:
            return None
    return lower, upper

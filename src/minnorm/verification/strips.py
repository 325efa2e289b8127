r"""sup |sum_j nu_j relu(w . s_j + b)| in the plane by strips, sectors of w times all b: for many points.

On a cell of w and b a point whose sign is known is linear, and for one with z = w . s_j + b in [lo, hi] across 0

    relu(z) <= (z - lo) hi / (hi - lo),        -relu(z) <= -z hi / (hi - lo),

so h is below a linear function, whose maximum is known. All cells of a sector share running sums: a strip costs O(n).
Strips above the goal are halved. Many points make h smooth, and what is given up quadratic in the width: 20,000 points
are bounded in a fraction of a second, where the enumeration of their n^2 arcs takes minutes. `native/strips.cpp` bounds
its rounding; the bound holds whenever it is stopped, and points in special position do no harm.

Source: Horst & Tuy (1996), *Global Optimization*, for branch and bound; the relaxation is that of
`minnorm.verification.branching`.
"""

import numpy as np

from minnorm import _native
from minnorm.resources import cores
from minnorm.verification.clock import Clock

FEWEST = 32
"""Points; of fewer all arcs are looked at in no time."""


def bound(
    points: np.ndarray, weights: np.ndarray, lower: float, clock: Clock, *, target: float = 0.0, close: float = 0.0
) -> tuple[float, float]:
    """(lower, upper) of sup |h| over unit w and b = -w . s_i for some i.

    Arguments: `points` s (n, 2); `weights` nu (n,); `lower`, a value of |h| or 0; `clock`; `target` and `close`, a
    bound and a share of the supremum that are good enough. The upper bound is rigorous, the lower one right up to
    rounding.
    """
    low, high, _, _ = _native.stripe(
        np.ascontiguousarray(points, dtype=np.float64),
        np.ascontiguousarray(weights, dtype=np.float64),
        lower,
        target,
        close,
        len(cores()),
        max(0.0, clock.left),
    )
    return low, high

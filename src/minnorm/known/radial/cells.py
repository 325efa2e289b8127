"""The largest absolute value of a function on an interval, proven by halving cells until none can hold more."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

Bound = Callable[
    [Float[np.ndarray, " c"], Float[np.ndarray, " c"]], tuple[Float[np.ndarray, " c"], Float[np.ndarray, " c"]]
]
"""(left, right) of cells -> a number that |phi| reaches in each, and one that it does not exceed there."""

_HALVINGS = 60
_MOST = 200_000


def largest(bound: Bound, edges: Float[np.ndarray, " e"], tolerance: float) -> tuple[float, float]:
    """Two numbers that enclose max |phi|, as far apart as `tolerance` (relative) if the bounds permit.

    Arguments: `bound`, whose upper numbers hold for whole cells, rounding included; `edges`, ascending, of the first
    cells. A cell is done with once it cannot exceed what is reached elsewhere by more than the tolerance.

    >>> def square(left, right):
    ...     return np.maximum(left**2, right**2), np.maximum(left**2, right**2)
    >>> largest(square, np.array([-1.0, 0.5, 2.0]), 1e-3)
    (4.0, 4.0)
    """
    left, right = edges[:-1], edges[1:]
    low = high = 0.0
    for _ in range(_HALVINGS):
        reached, upper = bound(left, right)
        low = max(low, float(np.max(reached, initial=0.0)))
        more = upper > low * (1 + tolerance)
        high = max(high, float(np.max(upper[~more], initial=0.0)))
        left, right, upper = left[more], right[more], upper[more]
        if left.size == 0:
            return low, max(low, high)
        middle = 0.5 * (left + right)
        if 2 * left.size > _MOST or not np.all((left < middle) & (middle < right)):
            break
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
    _, upper = bound(left, right)
    return low, max(low, high, float(np.max(upper)))

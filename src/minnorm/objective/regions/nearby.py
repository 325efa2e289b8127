"""Where regions face each other."""

import numpy as np
from jaxtyping import Float

from minnorm.objective.regions.known import Regions
from minnorm.objective.regions.shape import Shape

_STEPS = 1000
_DEEPER = (0.25, 1.0)  # of the distance, or of what there is of the shape: points behind those that face each other


def facing(regions: Regions) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"]]:
    """The nearest points of each two regions and points behind them on the same line, with their labels.

    Two convex bodies with constant labels are interpolated by what these four points ask for.
    """
    x, y = [np.zeros((0, regions.dim))], [np.zeros(0)]
    for j in range(len(regions)):
        for i in range(j):
            one, other = nearest(regions.shapes[i], regions.shapes[j])
            for k, (front, back) in ((i, (one, one - other)), (j, (other, other - one))):
                behind = np.array([front + share * back for share in _DEEPER])
                behind = behind[regions.shapes[k].contains(behind)]
                for point in (front[None], behind):
                    x.append(point)
                    y.append(regions.labels[k](point))
    return np.concatenate(x), np.concatenate(y)


def nearest(one: Shape, other: Shape) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
    """Two points of two shapes that are about as near as any, by alternating projections from their boundaries."""
    x = np.concatenate([one.spread(64), one.nearest(other.spread(64))])
    for _ in range(_STEPS):
        there = other.nearest(x)
        back = one.nearest(there)
        still = float(np.max(np.abs(back - x)))
        x = back
        if still <= 1e-15 * max(1.0, one.diameter, other.diameter):
            break
    there = other.nearest(x)
    k = int(np.argmin(np.linalg.norm(x - there, axis=1)))
    return x[k], there[k]

"""The values of a network on the line, from its kinks in their order."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from minnorm.compensated import add, multiply, running_sum, two_product


def on_the_line(x: Float[np.ndarray, " n"], parts: Mapping[str, np.ndarray]) -> Float[np.ndarray, " n"]:
    """f on the line: the active neurons at x contribute (sum a w) x + sum a b, both as running sums."""
    w, b, a = parts["inner_weights"][:, 0], parts["biases"], parts["outer_weights"]
    constant = parts["offset"] + a[w == 0] @ np.maximum(b[w == 0], 0)
    value = (np.full(x.shape, float(constant)), np.zeros(x.shape))
    if "skip" in parts:
        value = add(value, two_product(np.full(x.shape, float(parts["skip"][0])), x))
    for facing in (w > 0, w < 0):
        if not np.any(facing):
            continue
        with np.errstate(over="ignore"):  # a knot beyond the range of floats is beyond every point, too
            knot = -b[facing] / w[facing]
        # A right-facing neuron is active beyond its knot, a left-facing one before it.
        sign = 1.0 if w[facing][0] > 0 else -1.0
        order = np.argsort(sign * knot, kind="stable")
        active = np.searchsorted((sign * knot)[order], sign * x, side="left")
        slope = running_sum(two_product(a[facing][order], w[facing][order]))
        level = running_sum(two_product(a[facing][order], b[facing][order]))
        value = add(value, multiply((slope[0][active], slope[1][active]), x))
        value = add(value, (level[0][active], level[1][active]))
    return value[0] + value[1]

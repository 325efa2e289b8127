"""What a network misses on a region, e = f - label, in numbers, and what rounding errors may make of it."""

import numpy as np
from jaxtyping import Float

from minnorm.network import ShallowReLU
from minnorm.objective.regions.known import Affine
from minnorm.objective.regions.shape import Shape
from minnorm.verification.exact import UNIT, UP, total
from minnorm.verification.primal import lengths

BLOCK = 1 << 21  # hidden values held at once


class Difference:
    """e = f - label as arrays, with its Lipschitz constant and the size of its terms near a region."""

    def __init__(self, net: ShallowReLU, label: Affine, shape: Shape) -> None:
        self.w, self.b, self.a = (np.asarray(part) for part in (net.inner_weights, net.biases, net.outer_weights))
        skip = np.zeros(net.dim) if net.skip is None else net.skip
        self.slope, self.constant = skip - label.slope, float(net.offset) - label.offset
        low, high = shape.box
        self.middle = (low + high) / 2
        self.half = float(np.linalg.norm(high - low)) * (0.5 + 2.0**-20)
        self.reach = (float(np.linalg.norm(self.middle)) + 3 * self.half) * UP
        sizes = lengths(np.concatenate([self.w, skip[None], label.slope[None]]))
        inner, straight = sizes[:-2], float(np.sum(sizes[-2:]))
        amplitude = np.abs(self.a)
        self.lipschitz = (total(amplitude * inner) + straight) * UP
        terms = total(amplitude * (inner * self.reach + np.abs(self.b))) + straight * self.reach
        self.size = (terms + abs(float(net.offset)) + abs(label.offset)) * UP

    def __call__(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """e at points."""
        found = x @ self.slope + self.constant
        step = max(1, BLOCK // max(1, self.a.size))
        for k in range(0, len(x), step):
            found[k : k + step] += np.maximum(x[k : k + step] @ self.w.T + self.b, 0.0) @ self.a
        return found

    @property
    def price(self) -> float:
        """What all that is inexact may cost together.

        Evaluation: m + d + 8 roundings of terms of `size`, or, by running sums along a knot, 6 m of them, for 2 m
        additions to each of a value and of a slope, which is twice as large. Each of the two replacements, of a knot by
        a segment and of neurons on it: 16 roundings of the same terms, and a place that is off by 32 units of `reach`,
        which the function turns into `lipschitz` times as much; on a circle twice as much, and the gradient's m + d
        roundings times its radius, eightfold. On boxes of space m + d roundings of terms of `size`, some of them 8
        times, and places and multipliers, of up to 16 slopes, that are off by a few units of `reach`.
        """
        roundings = 16 * (self.a.size + self.slope.size) + 256
        return UP * roundings * UNIT * (self.size + self.lipschitz * self.reach)

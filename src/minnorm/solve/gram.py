r"""Phi D Phi^T of many neurons at points in a plane, and products with Phi, without Phi.

Which of two points a neuron's kink meets first depends on its direction alone: w . (x_i - x_j) <= 0 on one half of the
circle of directions, where it is active at both if it is active at i. So with z_ki = w_k . x_i + b_k

    sum_k D_k relu(z_ki) relu(z_kj) = x_j . sum_{k: w_k . (x_i - x_j) <= 0} D_k relu(z_ki) theta_k
                                      + the same with i and j exchanged,

for x with a 1 behind it and theta_k = (w_k, b_k); with neurons in the order of their angles these are differences of
running sums. Entry for entry O(1), and O(n (n + k)) for all, where the product takes n^2 k operations.
"""

import numpy as np
from jaxtyping import Float

from minnorm import _native
from minnorm.resources import cores

_WORTH_IT = 4_000_000  # values from which on threads are worth their start


class Gram:
    """The points of a plane, in the order in which lines through each of them meet the others, and their neurons.

    Arguments: the orders of `pricing.plane.Plane`, and how many points there are.
    """

    def __init__(self, orders: _native.Plane, points: int) -> None:
        self._native, self._points = _native.gram(orders, len(cores())), points

    def _threads(self, neurons: int) -> int:
        return len(cores()) if neurons * self._points >= _WORTH_IT else 1

    def product(
        self, neurons: Float[np.ndarray, "k 3"], ratio: Float[np.ndarray, " k"], matrix: Float[np.ndarray, "n n"]
    ) -> None:
        """The lower triangle of sum_k D_k relu(w_k . x_i + b_k) relu(w_k . x_j + b_k) into `matrix`, in Fortran's
        order; rows (w, b)."""
        self._native.product(neurons, ratio, self._threads(len(neurons)), matrix.T)

    def seen(self, neurons: Float[np.ndarray, "k 3"], nu: Float[np.ndarray, " n"]) -> Float[np.ndarray, " k"]:
        """sum_i nu_i relu(w_k . x_i + b_k) of each neuron."""
        return self._native.seen(neurons, nu, self._threads(len(neurons)))

    def outputs(self, neurons: Float[np.ndarray, "k 3"], masses: Float[np.ndarray, " k"]) -> Float[np.ndarray, " n"]:
        """sum_k a_k relu(w_k . x_i + b_k) at each point."""
        return self._native.outputs(neurons, masses, self._threads(len(neurons)))

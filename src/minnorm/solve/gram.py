r"""Phi D Phi^T of many neurons at points in a plane, and products with Phi, without Phi.

Which of two points a neuron's kink meets first depends on its direction alone: w . (x_i - x_j) <= 0 on one half of the
circle of directions, where it is active at both if it is active at i. So with z_ki = w_k . x_i + b_k

    sum_k D_k relu(z_ki) relu(z_kj) = x_j . sum_{k: w_k . (x_i - x_j) <= 0} D_k relu(z_ki) theta_k  +  (i and j exchanged),

for x with a 1 behind it and theta_k = (w_k, b_k); with neurons in the order of their angles these are differences of
running sums. Entry for entry O(1), and O(n (n + k)) for all, where the product takes n^2 k operations.
"""

import numpy as np
from jaxtyping import Float

from minnorm import _native
from minnorm.resources import cores


class Gram:
    """The points of a plane, in the order in which lines through each of them meet the others, and their neurons.

    Argument: the orders of `pricing.plane.Plane`.
    """

    def __init__(self, orders: _native.Plane) -> None:
        self._native = _native.gram(orders, len(cores()))

    def product(
        self, neurons: Float[np.ndarray, "k 3"], ratio: Float[np.ndarray, " k"], matrix: Float[np.ndarray, "n n"]
    ) -> None:
        """The lower triangle of sum_k D_k relu(w_k . x_i + b_k) relu(w_k . x_j + b_k) into `matrix`, in Fortran's
        order; rows (w, b)."""
        self._native.product(neurons, ratio, len(cores()), matrix.T)

    def seen(self, neurons: Float[np.ndarray, "k 3"], nu: Float[np.ndarray, " n"]) -> Float[np.ndarray, " k"]:
        """sum_i nu_i relu(w_k . x_i + b_k) of each neuron."""
        return self._native.seen(neurons, nu, len(cores()))

    def outputs(self, neurons: Float[np.ndarray, "k 3"], masses: Float[np.ndarray, " k"]) -> Float[np.ndarray, " n"]:
        """sum_k a_k relu(w_k . x_i + b_k) at each point."""
        return self._native.outputs(neurons, masses, len(cores()))

"""The separator of networks that only move a little: the largest margin in the tangent space of their start."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import nnls

from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm

_JITTER = 1e-12  # of the kernel's trace: what rounding leaves of a singular one


@dataclass(frozen=True)
class Tangent:
    r"""The tangent kernel of a network at its start: inner products of the gradients of f(x) in its parameters.

        K(x, x') = sum_k a_k^2 sigma_k'(x) sigma_k'(x') (x . x' + 1) + sigma_k(x) sigma_k(x')

    and 1 more with an offset, x . x' with a skip term.

    Source: Jacot, Gabriel & Hongler (2018); Chizat, Oyallon & Bach (2019), *On lazy training in differentiable
    programming*, for when networks stay there.
    """

    start: ShallowReLU
    penalty: PathNorm

    def __call__(self, points: Float[np.ndarray, "p d"], others: Float[np.ndarray, "q d"]) -> Float[np.ndarray, "p q"]:
        """K between two sets of points."""
        net = self.start.to_numpy()
        (hidden, slopes), (hidden_2, slopes_2) = (self._parts(net, x) for x in (points, others))
        inner = points @ others.T
        kernel = (slopes * net.outer_weights**2) @ slopes_2.T * (inner + 1) + hidden @ hidden_2.T
        kernel += 1.0 if self.penalty.has_offset else 0.0
        return kernel + inner if self.penalty.linear_is_free else kernel

    def separator(
        self, points: Float[np.ndarray, "n d"], labels: Float[np.ndarray, " n"]
    ) -> Callable[[np.ndarray], np.ndarray] | None:
        """The function of least norm in the kernel's space with labels_i f(x_i) >= 1; None where there is none.

        It is the separator that gradient descent on the logistic loss finds for a linear model of these gradients
        (Soudry et al. 2018), and so what networks tend to as long as they stay near their start.
        """
        kernel = self(points, points) * np.outer(labels, labels)
        kernel += _JITTER * np.trace(kernel) / len(labels) * np.eye(len(labels))
        try:
            root = np.linalg.cholesky(kernel)
        except np.linalg.LinAlgError:
            return None
        # Lawson & Hanson (1974), chapter 23: least |v| with G v >= 1 by non-negative least squares.
        system = np.vstack([root.T, np.ones(len(labels))])
        goal = np.append(np.zeros(len(labels)), 1.0)
        multipliers, _ = nnls(system, goal, maxiter=100 * len(labels))
        left = 1.0 - float(np.sum(multipliers))
        if not left > 0:
            return None
        weights = multipliers * labels / left
        return lambda x: self(np.asarray(x), points) @ weights

    def _parts(self, net: ShallowReLU, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """sigma_k(x) and its slope."""
        z, sigma = x @ net.inner_weights.T + net.biases, net.activation
        return sigma(z), np.where(z > 0, sigma.plus, -sigma.minus)

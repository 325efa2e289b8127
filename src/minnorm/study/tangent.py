"""What networks that only move a little find: least norms in the tangent space of their start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.optimize import nnls

from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.study.specification.tasks import TaskData
from minnorm.training import networks, train

_JITTER = 1e-12  # of the kernel's trace: what rounding leaves of a singular one
_MISSED = 1e-3  # of what is to be met


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

    def interpolant(
        self, points: Float[np.ndarray, "n d"], values: Float[np.ndarray, " n"]
    ) -> Callable[[np.ndarray], np.ndarray] | None:
        """The start's function and the interpolant of least norm, in the kernel's space, of what it misses; None where
        equal points have different values.

        It is where gradient flow on squares ends for the linear model of these gradients (Jacot, Gabriel & Hongler
        2018), and so for networks that stay near their start. What rounding leaves of a singular kernel is kept out.
        """
        kernel = self(points, points)
        missed = values - self.start.evaluate(points)
        spectrum, vectors = np.linalg.eigh((kernel + kernel.T) / 2)
        kept = spectrum > _JITTER * max(float(spectrum[-1]), np.finfo(float).tiny)
        weights = vectors[:, kept] @ ((vectors[:, kept].T @ missed) / spectrum[kept])
        if np.max(np.abs(kernel @ weights - missed)) > _MISSED * np.max(np.abs(missed), initial=1e-300):
            return None
        return lambda x: self.start.evaluate(np.asarray(x)) + self(np.asarray(x), points) @ weights

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


def starts(data: TaskData, arguments: Mapping[str, Any], **options: Any) -> dict[tuple[float, int], ShallowReLU]:
    """The network before the first step, of each scale and seed that `arguments` of `train` ask for, with `options`."""
    still = {"steps": 0, "records": 1, "learning_rate": 1.0, "weight_decay": 0.0, **options}
    chosen = {name: value for name, value in arguments.items() if name != "checkpoint"} | still
    runs = train(data.points, data.values, **chosen, threads=1)
    return {(float(place["scale"]), int(place["seed"])): network for place, network in networks(runs)}

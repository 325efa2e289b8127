"""The one judge of every solver: the training objective of a network, from its parameters, in float64."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Bias = Literal["free", "penalised"]

_BLOCK = 1 << 22  # hidden values held at once


@dataclass(frozen=True)
class Network:
    """f(x) = offset + sum_k outer_k relu(inner_k . x + bias_k): what a solver hands over, and nothing else."""

    inner: np.ndarray
    """(m, d)"""
    biases: np.ndarray
    """(m,)"""
    outer: np.ndarray
    """(m,)"""
    offset: float = 0.0

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """f at points (n, d), shape (n,)."""
        values = np.full(len(points), float(self.offset))
        rows = max(1, _BLOCK // max(1, len(self.biases)))
        for i in range(0, len(points), rows):
            hidden = points[i : i + rows] @ self.inner.T + self.biases
            values[i : i + rows] += np.maximum(hidden, 0) @ self.outer
        return values


def path_norm(network: Network, bias: Bias) -> float:
    r"""Sum |a_k| |w_k|, or sum |a_k| |(w_k, b_k)| for penalised biases: the least weight decay among rescalings."""
    squares = np.sum(network.inner**2, axis=1)
    if bias == "penalised":
        squares = squares + network.biases**2
    return float(np.abs(network.outer) @ np.sqrt(squares))


def objective(network: Network, points: np.ndarray, values: np.ndarray, lam: float, bias: Bias) -> float:
    r"""1/(2n) sum_i (f(x_i) - y_i)^2 + lam * path norm.

    With penalised biases no offset is allowed, and a network that has one is worth infinity; so is one with
    parameters that are not finite.
    """
    parts = [np.asarray(part, dtype=np.float64) for part in (network.inner, network.biases, network.outer)]
    exact = Network(*parts, float(network.offset))
    if not all(np.all(np.isfinite(part)) for part in (*parts, exact.offset)):
        return np.inf
    if bias == "penalised" and exact.offset != 0:
        return np.inf
    misfit = exact(np.asarray(points, dtype=np.float64)) - values
    return float(misfit @ misfit) / (2 * len(misfit)) + lam * path_norm(exact, bias)

"""Moments of two ReLU neurons with random weights: arc-cosine kernels, with biases that are uniform or 0."""

import math

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr, owens_t

_NODES = 32  # of a quadrature over biases of one sign
_FAR = 40.0  # deviations from which a normal law has nothing left
_LEAST = 1e-300

Matrix = Float[np.ndarray, "p q"]


def moments(
    points: Float[np.ndarray, "p d"], others: Float[np.ndarray, "q d"], deviation: float, bias: float
) -> tuple[Matrix, Matrix]:
    r"""Degrees 0 and 1, for weights w ~ N(0, deviation^2 I) and a bias b uniform on [-bias, bias].

        kappa_0 = E 1[z > 0] 1[z' > 0],      kappa_1 = E relu(z) relu(z'),      z = w . x + b,  z' = w . x' + b

    Without biases kappa_0 = (pi - t) / 2 pi and kappa_1 = s s' (sin t + (pi - t) cos t) / 2 pi, with t the angle
    between x and x', s = deviation |x|. With a bias both are a normal law's moments in a quadrant, by Owen's T,
    averaged over b.

    Source: Cho & Saul (2009), *Kernel methods for deep learning*; Rosenbaum (1961), *Moments of a truncated bivariate
    normal distribution*; Owen (1956), *Tables for computing bivariate normal probabilities*.
    """
    sizes = deviation * np.linalg.norm(points, axis=1)[:, None], deviation * np.linalg.norm(others, axis=1)[None, :]
    near, far = (
        np.linalg.norm(_units(points)[:, None] + sign * _units(others)[None], axis=2) / 2 for sign in (-1.0, 1.0)
    )
    if bias == 0:
        angle = 2 * np.arctan2(near, far)
        degree_1 = sizes[0] * sizes[1] * (np.sin(angle) + (math.pi - angle) * np.cos(angle)) / (2 * math.pi)
        return np.where((sizes[0] > 0) & (sizes[1] > 0), (math.pi - angle) / (2 * math.pi), 0.0), degree_1
    rho, root = np.where(near < far, 1 - 2 * near**2, 2 * far**2 - 1), np.maximum(2 * near * far, _LEAST)
    found = np.zeros(near.shape), np.zeros(near.shape)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    for t, weight in zip((nodes + 1) / 2, weights / 4, strict=True):
        for b in (-bias * t**3, bias * t**3):  # closer to 0, where neurons near the origin turn
            for whole, part in zip(found, _of_bias(sizes, rho, root, float(b)), strict=True):
                whole += weight * 3 * t**2 * part
    return found


def _units(x: np.ndarray) -> np.ndarray:
    size = np.linalg.norm(x, axis=1, keepdims=True)
    first = np.eye(1, x.shape[1])
    return np.where(size > 0, x / np.where(size > 0, size, 1.0), first)


def _of_bias(
    sizes: tuple[np.ndarray, np.ndarray], rho: np.ndarray, root: np.ndarray, b: float
) -> tuple[np.ndarray, np.ndarray]:
    """Both moments for one bias: of a standard normal pair of correlation rho above (h, k), root = sqrt(1 - rho^2)."""
    (s, t) = sizes
    h, k = (np.broadcast_to(np.clip(-b / np.maximum(size, _LEAST), -_FAR, _FAR), rho.shape) for size in sizes)
    with np.errstate(over="ignore"):
        beyond_h, beyond_k = (rho * h - k) / root, (rho * k - h) / root
        both = (
            (ndtr(-h) + ndtr(-k)) / 2
            - owens_t(h, -beyond_h / h)
            - owens_t(k, -beyond_k / k)  # h and k have one sign, that of -b: no term for opposite ones
        )
        at_h, at_k = _normal(h) * ndtr(beyond_h), _normal(k) * ndtr(beyond_k)
        product = rho * (both + h * at_h + k * at_k) + root * _normal(k) * _normal(beyond_k)
    means = s * (at_h + rho * at_k) + t * (at_k + rho * at_h)
    return both, s * t * product + b * means + b * b * both


def _normal(z: np.ndarray) -> np.ndarray:
    return np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)

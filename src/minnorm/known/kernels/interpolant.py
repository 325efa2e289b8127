"""The lazy regime: interpolants of least norm in the space of a network's kernel, in closed form."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from jaxtyping import Float
from scipy.linalg import cho_factor, cho_solve, eigvalsh

from minnorm.checks import check_points, choice, real, whole
from minnorm.known.kernels.moments import moments
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem

Normal = Literal["kaiming_normal", "xavier_normal"]
"""Laws of weights that are normal: those whose kernels are known."""

_REFINED = 3  # corrections of a solution by what it leaves


@dataclass(frozen=True, repr=False)
class KernelInterpolant:
    r"""f(x) = sum_i alpha_i K(x, x_i), the interpolant of least norm sqrt(alpha . K alpha) in the space of K.

    With a ridge, the minimiser of 1/n sum_i (f(x_i) - y_i)^2 + ridge |f|^2. Callable on points (..., d).
    """

    kernel: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """K between points (p, d) and (q, d)."""
    points: Float[np.ndarray, "n d"]
    values: Float[np.ndarray, " n"]
    coefficients: Float[np.ndarray, " n"]
    norm: float
    """That of the kernel's space; no path norm."""
    condition: float
    """Largest eigenvalue of the matrix K(x_i, x_j) over the least: digits lost by rounding of values."""
    residual: float
    """Largest |f(x_i) - y_i|."""

    def evaluate(self, points: npt.ArrayLike) -> Float[np.ndarray, " p"]:
        """Values at points (p, d)."""
        x = check_points(points)
        if x.shape[1] != self.points.shape[1]:
            raise ValueError(f"points has {x.shape[1]} columns; the kernel is of {self.points.shape[1]}")
        return self.kernel(x, self.points) @ self.coefficients

    def __call__(self, points: npt.ArrayLike) -> np.ndarray:
        """Values (...,) at points (..., d)."""
        x = np.asarray(points, dtype=np.float64)
        return self.evaluate(x.reshape(-1, x.shape[-1])).reshape(x.shape[:-1])

    def __repr__(self) -> str:
        return (
            f"KernelInterpolant of {len(self.values)} points: norm {self.norm:.6g}, condition {self.condition:.1e}, "
            f"residual {self.residual:.1e}"
        )


def kernel_tangent(
    points: npt.ArrayLike,
    values: npt.ArrayLike,
    penalty: PathNorm | None = None,
    *,
    width: int = 1000,
    initial: Normal = "kaiming_normal",
    biases: Literal["uniform", "zero"] = "uniform",
    scale: float | int = 1.0,
    ridge: float | int = 0.0,
) -> KernelInterpolant:
    r"""What gradient descent on all parameters finds near its start: the interpolant of the tangent kernel.

        K(x, x') = m kappa_1(x, x') + m E a^2 kappa_0(x, x') (x . x' + 1) + 1

    is the mean over starts of the inner products of the gradients of f in (a), (w, b) and c, for width m; draws deviate
    from it like 1/sqrt(m), and it is exact as m grows. In the parameters that `train` has, the first term, that of the
    outer weights, then outweighs the others: `kernel_features`. `known.kernels.moments` has the kappas.

    Arguments: `points` (n, d) or (n,), `values` (n,); `penalty`: whether there is an offset, and a skip term, which
    adds x . x'; `width` m; `initial`, `biases` and `scale` of the start, as in `train`, with weights of a normal law;
    `ridge` >= 0: 0 interpolates. The start's own function is left out: it is 0 for `antisymmetric` starts.

    Returns a `KernelInterpolant`. Errors: ValueError for equal points with a ridge of 0, and wrong arguments.

    >>> f = kernel_tangent([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0])
    >>> bool(abs(f.evaluate([[0.0]])[0] - 1) < 1e-10), f.condition < 1e3
    (True, True)

    Source: Jacot, Gabriel & Hongler (2018), *Neural tangent kernel*; Chizat, Oyallon & Bach (2019), *On lazy training
    in differentiable programming*; the arc-cosine kernels are of Cho & Saul (2009).
    """
    size = real("scale", scale, "a number > 0", lambda number: number > 0)
    return _interpolant(points, values, penalty, whole("width", width, 1), initial, biases, size, ridge, features=False)


def kernel_features(
    points: npt.ArrayLike,
    values: npt.ArrayLike,
    penalty: PathNorm | None = None,
    *,
    width: int = 1000,
    initial: Normal = "kaiming_normal",
    biases: Literal["uniform", "zero"] = "uniform",
    ridge: float | int = 0.0,
) -> KernelInterpolant:
    r"""What gradient descent on outer weights and the offset alone finds from 0: random features, as many as one likes.

        K(x, x') = m kappa_1(x, x') + 1

    Arguments as for `kernel_tangent`.

    >>> f = kernel_features([[-1.0, 0.0], [0.0, 1.0], [1.0, 0.5]], [0.0, 1.0, 0.0], biases="zero")
    >>> bool(f.residual < 1e-10)
    True

    Source: Rahimi & Recht (2007), *Random features for large-scale kernel machines*; Cho & Saul (2009).
    """
    return _interpolant(points, values, penalty, whole("width", width, 1), initial, biases, 1.0, ridge, features=True)


def _interpolant(
    points: npt.ArrayLike,
    values: npt.ArrayLike,
    penalty: PathNorm | None,
    width: int,
    initial: Normal,
    biases: str,
    scale: float,
    ridge: float | int,
    *,
    features: bool,
) -> KernelInterpolant:
    name = "known.kernel_features" if features else "known.kernel_tangent"
    problem = Problem(points, values, PathNorm.of_relu_alone(penalty, name))
    strength = real("ridge", ridge, "a number >= 0", lambda number: number >= 0)
    x, y, dim = problem.points, problem.values, problem.points.shape[1]
    law = choice("initial", initial, ("kaiming_normal", "xavier_normal"))
    inner, outer = (2 / dim, 2 / width) if law == "kaiming_normal" else (2 / (dim + width), 2 / (width + 1))
    bias = scale * dim**-0.5 if choice("biases", biases, ("uniform", "zero")) == "uniform" else 0.0
    offset, skip = float(problem.penalty.has_offset), float(problem.penalty.linear_is_free)

    def kernel(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        degree_0, degree_1 = moments(one, other, scale * math.sqrt(inner), bias)
        dot = one @ other.T
        moving = 0.0 if features else width * outer * scale**2 * degree_0 * (dot + 1)
        return width * degree_1 + moving + offset + skip * dot

    plain = kernel(x, x)
    plain = (plain + plain.T) / 2
    system = plain + len(x) * strength * np.eye(len(x))
    spectrum = eigvalsh(system)
    condition = float(spectrum[-1] / spectrum[0]) if spectrum[0] > 0 else math.inf
    try:
        factor = cho_factor(system)
    except np.linalg.LinAlgError:
        raise ValueError(
            f"the kernel's matrix is singular to rounding (least eigenvalue {spectrum[0]:.1e}, largest "
            f"{spectrum[-1]:.1e}); give fewer points, or a ridge > 0"
        ) from None
    coefficients = cho_solve(factor, y)
    for _ in range(_REFINED):
        coefficients = coefficients + cho_solve(factor, y - system @ coefficients)
    fitted = plain @ coefficients
    norm, residual = math.sqrt(max(0.0, float(coefficients @ fitted))), float(np.max(np.abs(fitted - y)))
    return KernelInterpolant(kernel, x, y, coefficients, norm, condition, residual)

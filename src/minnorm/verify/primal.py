"""Path norm and residuals in any dimension, in float64 with a-priori error bounds added."""

import math

import numpy as np

from minnorm.network import ShallowReLU
from minnorm.penalty import PathNorm
from minnorm.verify.exact import UP, gamma

_BLOCK = 1 << 20  # hidden values held at once
_TINY = 2.0**-1022


def path_norm(net: ShallowReLU, penalty: PathNorm) -> float:
    """The path norm, rounded up."""
    atoms = np.asarray(net.inner_weights)
    if penalty.bias == "penalised":
        atoms = np.column_stack([atoms, net.biases])
    amplitude, size = np.abs(net.outer_weights), lengths(atoms)
    underflow = int(np.count_nonzero((amplitude > 0) & (size > 0))) * 2.0**-1074
    with np.errstate(over="ignore"):
        return math.fsum((amplitude * size).tolist()) * UP + underflow


def lengths(vectors: np.ndarray) -> np.ndarray:
    """|v| for each row, rounded up; no square overflows or underflows."""
    if vectors.size == 0:
        return np.zeros(len(vectors))
    top = np.max(np.abs(vectors), axis=1)
    _, exponent = np.frexp(top)
    unit = np.ldexp(vectors, -exponent[:, None])
    root = np.sqrt(np.sum(unit * unit, axis=1)) * (1 + gamma(vectors.shape[1] + 4))
    with np.errstate(over="ignore"):
        return np.ldexp(root, exponent)


def residuals(net: ShallowReLU, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|f(x_i) - y_i|, rounded up.

    With any order of summation, an inner product of k terms errs by at most gamma_k times that of the
    absolute values, and relu does not enlarge an error (Higham 2002, section 3.1).
    """
    n, d = x.shape
    w, b, a = net.inner_weights, net.biases, net.outer_weights
    skip = np.zeros(d) if net.skip is None else net.skip
    rate = gamma(net.width + 2 * d + 8)
    out = np.empty(n)
    rows = max(1, _BLOCK // max(1, net.width))
    # Terms beyond the range of floats give an infinite or undefined value: nothing is known then.
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(0, n, rows):
            part, wanted = x[i : i + rows], y[i : i + rows]
            value = np.maximum(part @ w.T + b, 0) @ a + (part @ skip + (float(net.offset) - wanted))
            size = (np.abs(part) @ np.abs(w).T + np.abs(b)) @ np.abs(a) + np.abs(part) @ np.abs(skip)
            size += abs(float(net.offset)) + np.abs(wanted)
            out[i : i + rows] = (np.abs(value) + rate * size) * UP
    underflow = _TINY * (net.width + 1) * (d + 1) * (1 + float(np.max(np.abs(a), initial=0.0)))
    return np.where(np.isnan(out), math.inf, out + underflow)

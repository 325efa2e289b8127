"""The objective as the judge states it for itself: losses and their conjugates, and which terms cost nothing.

Numbers come from the words of a penalty and from lam alone, with outward rounding; no code is shared with what solves.
"""

import math
from fractions import Fraction
from typing import Literal

import numpy as np

from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.verification.exact import UP, Dual, integers, power, total

Loss = Literal["exactly", "squared", "other"]

_SQUARES = 2.0**-480  # the square of less may be too small for float64


def constant_is_free(penalty: PathNorm) -> bool:
    """Whether a constant has no cost: as an offset, or as the limit of neurons with w -> 0, whose biases are free."""
    return penalty.offset == "free" or penalty.bias == "free"


def linear_is_free(penalty: PathNorm) -> bool:
    """Whether v . x has no cost."""
    return penalty.skip == "free"


def admit(penalty: PathNorm, network: ShallowReLU) -> None:
    """ValueError if the network has a term that the penalty does not allow, which no norm counts, or other neurons."""
    if penalty.offset not in ("free", "none"):
        raise ValueError(f"penalty is {penalty}, which verify knows nothing of: it is for training and measuring")
    if network.activation != penalty.activation:
        raise ValueError(
            f"the network has the activation {network.activation} and the penalty {penalty.activation}; "
            "they must agree: PathNorm(activation=...)"
        )
    if penalty.skip != "free" and network.skip is not None and np.any(np.asarray(network.skip) != 0):
        raise ValueError('the network has a skip term, which skip="none" forbids; use PathNorm(skip="free")')
    if penalty.offset != "free" and np.any(np.asarray(network.offset) != 0):
        raise ValueError('the network has an offset, which offset="none" forbids; use offset="free"')
    read = np.count_nonzero(np.asarray(network.inner_weights) != 0, axis=1)
    if penalty.inputs is not None and np.any(read > penalty.inputs):
        raise ValueError(
            f"the network has a neuron that reads {np.max(read)} columns, which inputs={penalty.inputs} forbids; "
            "leave inputs out"
        )


def restricts(penalty: PathNorm, dim: int) -> bool:
    """Whether neurons may read fewer than all of `dim` columns."""
    return penalty.inputs is not None and penalty.inputs < dim


def loss_for(problem: Problem) -> Loss:
    """What a problem asks of a function's values: to be the labels, to be near them in the square, or something else,
    which `verification.losses` knows by its name."""
    if str(problem.loss) != "squared":
        return "other"
    return "exactly" if problem.lam == 0 else "squared"


def objective(loss: Loss, lam: float, weights: np.ndarray, norm: float, misfit: np.ndarray) -> float:
    r"""The objective of a function with a norm and |f(x_i) - y_i|, all rounded up.

    exactly:  the norm, if the misfit is 0, and infinite else
    squared:  1/(2S) sum p_i r_i^2 + lam norm
    """
    if loss == "exactly":
        return norm if not np.any(misfit) else math.inf
    with np.errstate(over="ignore"):
        terms = misfit * misfit * weights
        value = (total(terms) * UP / (2 * total(weights)) + lam * norm) * UP
    # The least weight is 2^-100 of the largest, and S at least 1/2.
    small = np.any((misfit > 0) & ((misfit < _SQUARES) | (terms < _SQUARES**2))) or (norm > 0 and norm * lam < _SQUARES)
    return value + (2.0**-1070 * len(misfit) if small else 0.0)


def dual_objective(loss: Loss, weights: np.ndarray, dual: Dual, times: Fraction) -> Fraction:
    r"""-L*(-t nu), exactly, or below where the square of nu is above.

    exactly:  t nu . y
    squared:  t nu . y - t^2 S/2 sum_i nu_i^2 / p_i
    """
    linear = times * dual.against_values
    return linear if loss == "exactly" else linear - times**2 * _sum(weights) * dual.square / 2


def lower_bound(loss: Loss, lam: float, weights: np.ndarray, dual: Dual, square: Fraction = Fraction(0)) -> Fraction:
    """The largest dual objective of t nu over 0 <= t <= lam / sup |h|, or 1 / sup |h| where labels are met; less
    t^2 square / 2, what else t costs, where squares are paid."""
    if dual.against_values <= 0 or not math.isfinite(dual.norm):
        return Fraction(0)
    if loss == "exactly":
        return dual_objective(loss, weights, dual, 1 / Fraction(dual.norm or 1.0))
    t = dual.against_values / (_sum(weights) * dual.square + square)
    if dual.norm > 0:
        t = min(t, Fraction(lam) / Fraction(dual.norm))
    return dual_objective(loss, weights, dual, t) - t**2 * square / 2


def _sum(weights: np.ndarray) -> Fraction:
    """S, exactly."""
    if np.all(weights == 1):
        return Fraction(len(weights))
    (P,), e = integers(weights)
    return Fraction(int(P.sum()), power(e))

"""What a network was trained on: a loss, reduced in one way or another, and a decay, as a multiple of (PL)."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from minnorm import losses
from minnorm.checks import choice, real, shown
from minnorm.losses import Loss
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem

Reduction = Literal["mean", "sum", "half"]
"""Of a loss over points: the mean of squares, their sum, or half their mean, which is this library's own."""
Decayed = Literal["weights", "all"]
"""What decays: inner and outer weights, or biases and the constant as well."""

_NO_DECAY = (
    "without decay every interpolant is a minimum; compare norms, mn.measure.norm_ratio(network, "
    "mn.interpolate(X, y).value)"
)


@dataclass(frozen=True)
class Objective:
    r"""The loss and the decay of a training run, in its own units.

        J = factor (1/S sum_i p_i loss(y_i, f(x_i)) + lam (|a|^2 + |W|^2) / 2)

    with |b|^2 beside |W|^2 where biases decay, and c^2 where the constant does (`constant_decays`).
    """

    problem: Problem
    factor: float
    constant_decays: bool = False

    def loss(self, network: ShallowReLU) -> float:
        """What the points pay."""
        return self.factor * self.problem.paid(network.evaluate(self.problem.points))

    def decay(self, network: ShallowReLU) -> float:
        """What the parameters pay."""
        net = network.to_numpy()
        squares = float(self.problem.penalty.half_squares(net))
        if self.constant_decays:
            squares += 0.5 * float(net.offset) ** 2
        return self.factor * self.problem.lam * squares

    def value(self, network: ShallowReLU) -> float:
        """J."""
        return self.loss(network) + self.decay(network)

    @property
    def words(self) -> str:
        """The formula, in words."""
        penalty = self.problem.penalty
        decayed = "|a|² + |W|²" + (" + |b|²" if penalty.biases_cost else "") + (" + c²" if self.constant_decays else "")
        factor = "" if self.factor == 1 else f"{self.factor:.6g} × "
        return f"{factor}(mean {self.problem.loss} loss + {self.problem.lam:.6g} × ({decayed})/2)"


def objective_of(
    X: "ArrayLike",
    y: "ArrayLike",
    penalty: PathNorm,
    *,
    weight_decay: Any,
    decayed: Any,
    loss: "Loss | str | None",
    reduction: Any,
    lam: Any,
    sample_weight: "ArrayLike | None" = None,
) -> Objective:
    r"""The objective that options describe; `weight_decay` g is that of gradient = ... + g parameter.

        reduction="mean":  1/n sum (f - y)^2 + g |theta|^2 / 2         = 2 (PL) with lam = g / 2
        reduction="sum":   sum (f - y)^2 + g |theta|^2 / 2             = 2 n (PL) with lam = g / (2 n)
        reduction="half":  1/(2 n) sum (f - y)^2 + g |theta|^2 / 2     = (PL) with lam = g

    Other losses than squares are 1/n sum loss or sum loss. `lam` is that of (PL), instead.
    """
    paid = losses.of(loss)
    squares = paid == losses.SQUARED
    how = "mean" if reduction is None else choice("reduction", reduction, get_args(Reduction))
    if how == "half" and not squares:
        raise ValueError(f"reduction is 'half', that of squares, and loss is {paid}; give mean or sum")
    all_decay = choice("decayed", decayed, get_args(Decayed)) == "all"
    if (weight_decay is None) == (lam is None):
        given = "none of" if lam is None else "both"
        raise ValueError(f"{given} weight_decay and lam are given; give the one that the network was trained with")
    if lam is not None:
        lam = _positive("lam", lam)
        if reduction is not None:
            raise ValueError(f"reduction is {reduction!r} and lam is given, which weighs mn.fit's own loss; drop one")
    problem = Problem(
        X, _classes(y, paid), penalty, lam or 1.0, weights=sample_weight, loss=paid, names=("X", "y", "lam")
    )
    factor = 1.0
    if lam is None:
        decay = _positive("weight_decay", weight_decay)
        count = float(len(problem.data)) if sample_weight is None else float(np.sum(np.asarray(sample_weight)))
        factor = {"mean": 2.0 if squares else 1.0, "sum": count * (2.0 if squares else 1.0), "half": 1.0}[how]
        lam = decay / factor
    return Objective(problem.changed(lam=lam), factor, all_decay and penalty.has_offset)


def _positive(name: str, value: Any) -> float:
    """A decay; without one there is nothing to compare with."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value == 0:
        raise ValueError(f"{name} is {shown(value)}; {_NO_DECAY}")
    return real(name, value, "a finite number from 1e-300 up", lambda number: 1e-300 <= number < np.inf)


def _classes(y: Any, loss: Loss) -> Any:
    """Classes 0 and 1, as other libraries have them, as -1 and 1 where the loss is one of margins."""
    if loss.argument == "residual":
        return y
    try:
        found = np.asarray(y)
    except Exception:  # somebody else's conversion, about which the checks of y say more
        return y
    if found.dtype.kind in "biuf" and found.size and np.array_equal(np.unique(found), [0, 1]):
        return 2.0 * found - 1.0
    return y

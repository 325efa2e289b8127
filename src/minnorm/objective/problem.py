"""What is minimised: a loss on points, and the norm."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm import losses
from minnorm.checks import strength
from minnorm.losses import SQUARED, Loss
from minnorm.objective.data import Points
from minnorm.objective.norm import PathNorm
from minnorm.pictures import record

_EXACTLY = losses.Tolerance(0.0)
_PARTS = {"x": "points", "y": "values", "weights": "weights"}


@dataclass(frozen=True, init=False, repr=False)
class Problem:
    r"""Minimum-norm interpolation (lam = 0) or weight-decay training (lam > 0).

        (P0)  min ||mu||                                  subject to  f(x_i) = y_i, or what else `loss` asks for
        (PL)  min 1/S sum_i p_i loss(y_i, f(x_i)) + lam ||mu||,    S = sum_i p_i

    Arguments: `points` (n, d), or (n,) for d = 1; `values` (n,) or (n, 1); `penalty`; `lam` >= 0; `weights` p (n,), how
    often each point counts, None for once; `loss`, a name or an object of `minnorm.losses`: for lam > 0 half the square
    of f(x_i) - y_i by default, and for lam = 0 nothing else, or a constraint, "tolerance:0.1" or "margin"; `names`,
    what the caller calls points, values and lam. A point of weight 0 is none: whoever solves or verifies leaves it out.
    Everything is copied to float64.

    Errors: ValueError naming the argument for wrong shapes, empty data, NaN, infinite, masked or missing entries,
    dates, strings, whole numbers that float64 cannot hold, a negative lam, weights below 0, all 0 or too far apart, at
    lam = 0 for equal points with different values and for a loss that is no constraint, at lam > 0 for one that is, and
    for values that are no classes where the loss is one of margins.

    >>> Problem([0.0, 1.0], [0.0, 2.0]).points.shape
    (2, 1)
    >>> Problem([0.0, 1.0], [0.0, 2.0], weights=[3.0, 1.0]).mean(np.array([0.0, 1.0]))
    0.25
    """

    data: Points
    penalty: PathNorm
    lam: float
    loss: Loss
    constant: float = 0.0
    """What is added to f before classes are told by its sign, where the loss is one of margins: f + constant pays."""

    def __init__(
        self,
        points: npt.ArrayLike,
        values: npt.ArrayLike,
        penalty: PathNorm | None = None,
        lam: float | int = 0.0,
        *,
        weights: npt.ArrayLike | None = None,
        loss: Loss | str | None = None,
        names: tuple[str, str, str] = ("points", "values", "lam"),
    ) -> None:
        data = Points(points, values, weights, names=names[:2])
        lam, loss = strength(names[2], lam), losses.of(loss)
        loss = SQUARED if lam == 0 and loss == _EXACTLY else loss
        _reject_other_strength(loss, lam, names[2])
        reject_other_than_classes(data, loss, names[1])
        if lam == 0:
            _reject_contradictions(data, loss, names[2])
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "penalty", PathNorm.given(penalty))
        object.__setattr__(self, "lam", lam)
        object.__setattr__(self, "loss", loss)

    @classmethod
    def of(cls, data: Points, penalty: PathNorm, lam: float, loss: Loss = SQUARED, constant: float = 0.0) -> "Problem":
        """A problem of parts that have been checked, which are taken as they are."""
        made = object.__new__(cls)
        parts = {"data": data, "penalty": penalty, "lam": lam, "loss": loss, "constant": constant}
        for name, part in parts.items():
            object.__setattr__(made, name, part)
        return made

    @property
    def points(self) -> Float[np.ndarray, "n d"]:
        """x."""
        return self.data.x

    @property
    def values(self) -> Float[np.ndarray, " n"]:
        """y."""
        return self.data.y

    @property
    def weights(self) -> Float[np.ndarray, " n"]:
        """p, over a power of two, which changes nothing; 1 where all are equal."""
        return self.data.weights

    def __repr__(self) -> str:
        x, y, penalty = self.points, self.values, self.penalty
        counted = ", weighted" if self.weighted else ""
        facts = {
            "norm": str(penalty),
            "size": f"{len(x)} points in dimension {x.shape[1]}{counted}, the largest entry {np.max(np.abs(x)):.6g}",
            "values": f"from {np.min(y):.6g} to {np.max(y):.6g}, mean {np.mean(y):.6g}",
        }
        paid = "loss" if self.squared else f"{self.loss} loss"
        least = f"least norm with {self.loss}" if self.constrained else "interpolate"
        return record(f"Problem: {least if self.lam == 0 else f'{paid} + {self.lam:g} norm'}", facts)

    @property
    def squared(self) -> bool:
        """Whether labels must be met, or are missed at the price of squares."""
        return self.loss == SQUARED

    @property
    def constrained(self) -> bool:
        """Whether the norm alone is minimised, and labels need not be met, but what `loss` asks for."""
        return losses.constrains(self.loss)

    @property
    def weighted(self) -> bool:
        """Whether points count differently."""
        return self.data.weighted

    @property
    def total(self) -> float:
        """S, the sum of the weights: the number of points where each counts once."""
        return self.data.total

    def mean(self, terms: Float[np.ndarray, " n"]) -> float:
        """The mean over the points, each as often as it counts."""
        return self.data.mean(terms)

    def paid(self, f: Float[np.ndarray, " n"]) -> float:
        """1/S sum_i p_i loss(y_i, f_i)."""
        z = f - self.values if self.loss.argument == "residual" else self.values * (f + self.constant)
        return self.mean(self.loss.value(z))

    def changed(self, **parts: Any) -> "Problem":
        """A problem with other points, values, weights, penalty, lam, loss or constant, taken as they are."""
        of_data = {short: parts.pop(name) for short, name in _PARTS.items() if name in parts}
        data = self.data.changed(**of_data) if of_data else self.data
        kept = {"penalty": self.penalty, "lam": self.lam, "loss": self.loss, "constant": self.constant}
        return Problem.of(data, **kept | parts)

    def counting(self) -> "Problem":
        """The problem of the points that count at all."""
        return Problem.of(self.data.counting(), self.penalty, self.lam, self.loss, self.constant)


def _reject_other_strength(loss: Loss, lam: float, name: str) -> None:
    """ValueError where a loss has no part, or has one that no lam weighs against the norm."""
    if lam > 0 and losses.constrains(loss):
        raise ValueError(
            f"loss is {loss}, which is kept whatever {name} is; give {name} 0, as mn.interpolate with within and "
            "mn.separate do"
        )
    if lam == 0 and loss != SQUARED and not losses.constrains(loss):
        raise ValueError(f"loss is {loss} and {name} is 0, where labels are met whatever the loss; give {name} above 0")


def _reject_contradictions(data: Points, loss: Loss, name: str) -> None:
    """TiesError where equal points have values that no function may have both, or be near enough to."""
    if loss.argument == "margin":
        data.reject_ties("remove one", does="has the signs of")
    elif loss == SQUARED:
        data.reject_ties(f"remove one, average them, or use {name} > 0")
    else:
        (delta,) = loss.numbers
        data.reject_ties(f"remove one, or give within above {delta:g}", 2 * delta, "is near enough to")


def reject_other_than_classes(data: Points, loss: Loss, name: str) -> None:
    """ValueError where the loss is one of margins, unless the values that count are -1 and 1, both of them."""
    if loss.argument == "residual":
        return
    found = np.unique(data.y[data.weights > 0])
    if found.size == 1:
        counted = "weights" if name == "values" else "sample_weight"
        where = f"wherever {counted} is not 0" if np.any(data.y != found[0]) else "everywhere"
        raise ValueError(f"{name} is {found[0]:g} {where}; loss {loss} takes two classes, -1 and 1")
    if found.tolist() != [-1.0, 1.0]:
        some = ", ".join(f"{value:g}" for value in found[:3]) + (", ..." if found.size > 3 else "")
        remedy = f"; give -1 for {found[0]:g} and 1 for {found[1]:g}" if found.size == 2 else ""
        raise ValueError(f"{name} has the values {some}; loss {loss} takes two classes, -1 and 1{remedy}")

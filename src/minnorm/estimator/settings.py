"""What the estimators' parameters say, looked at when they are fitted."""

import math
from typing import Any, cast

import numpy as np
from sklearn.utils import check_random_state

from minnorm import losses
from minnorm.checks import real, whole
from minnorm.losses import Loss
from minnorm.losses.pointwise import Argument
from minnorm.objective.norm import PathNorm

_FITS = {
    "residual": ("MinNormRegressor", "numbers"),
    "margin": ("MinNormClassifier", "classes"),
}
_CONSTRAINTS = (losses.Margin.word, losses.Tolerance.word)
"""Which are no losses to weigh against a norm."""


def check_common(estimator: Any) -> None:
    """ValueError for a setting that all estimators here have."""
    check_number("tol", estimator.tol, "a relative gap", least=1e-10, below=1.0)
    if estimator.max_time is not None:
        check_number("max_time", estimator.max_time, "seconds; None is no limit", least=0.0)


def check_number(name: str, value: Any, meaning: str, *, least: float, below: float = math.inf) -> None:
    """ValueError unless `value` is a number in [least, below)."""
    limits = f">= {least:g}" if below == math.inf else f"from {least:g} up to, not including, {below:g}"
    real(name, value, f"a finite number {limits} ({meaning})", lambda number: least <= number < below)


def loss_of(estimator: Any, argument: Argument) -> Loss:
    """The loss that is asked for; ValueError unless it is one of residuals, or of margins."""
    loss = losses.of(estimator.loss)
    if loss.argument != argument:
        takes, of = _FITS[loss.argument]
        name = type(estimator).__name__
        words = [word for word in losses.known(argument) if word not in _CONSTRAINTS]
        raise ValueError(
            f"loss is {loss}, which is one of {of}; {name} takes {', '.join(words)}, and {takes} takes {loss.word}"
        )
    return loss


def penalty_of(estimator: Any) -> PathNorm:
    """What costs."""
    return PathNorm(bias=estimator.bias, skip=estimator.skip, activation=estimator.activation, inputs=estimator.inputs)


def seed_of(estimator: Any) -> int:
    """A whole number from `random_state`."""
    state = estimator.random_state
    if state is None or isinstance(state, np.random.RandomState):
        return int(check_random_state(state).randint(2**31 - 1))
    return whole("random_state", state, 0, wanted="a whole number >= 0, a RandomState or None")


def seconds_of(estimator: Any) -> float | None:
    """`max_time`."""
    return None if estimator.max_time is None else float(cast(float, estimator.max_time))

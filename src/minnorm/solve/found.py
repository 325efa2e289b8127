"""What column generation has: the best network and the best dual vector, their objectives and bounds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from minnorm.objective.separable import Separable
from minnorm.solution import Ending
from minnorm.solve import curved
from minnorm.solve.reduction import Reduced


@dataclass
class Found:
    """What column generation returns, in reduced units: the best network and the best dual vector seen."""

    weights: Float[np.ndarray, "k r"]
    biases: Float[np.ndarray, " k"]
    masses: Float[np.ndarray, " k"]
    coefficients: Float[np.ndarray, " q"]
    nu: Float[np.ndarray, " n"]
    value: float
    bound: float
    rounds: int
    ending: Ending = "stalled"

    @classmethod
    def begun(cls, reduced: Reduced, nu: np.ndarray) -> "Found":
        """Free terms alone, and a dual vector of which nothing is known yet."""
        coefficients, value = best_coefficients(reduced, np.zeros(reduced.values.size), 0.0)
        empty, value = np.zeros(0), np.inf if reduced.interpolates else value
        return cls(np.zeros((0, reduced.rank)), empty, empty, coefficients, nu, value, -np.inf, 0)

    def take(self, **better: Any) -> None:
        """Change several attributes, all or, where Ctrl-C comes in between, none."""
        self.__dict__.update(better)

    @property
    def gap(self) -> float:
        """Relative distance of value and bound."""
        return (self.value - self.bound) / max(abs(self.value), 1e-300)


def dual_bound(reduced: Reduced, nu: np.ndarray, largest: float) -> tuple[float, np.ndarray]:
    """The best bound among multiples of nu that are feasible if sup |h| = `largest`, and that multiple."""
    times = reduced.loss.best_multiple(nu, 1 / largest if largest > 0 else np.inf)
    return -reduced.loss.conjugate(nu, times), times * nu


def first_dual(reduced: Reduced) -> np.ndarray:
    """The dual vector of the best free terms alone."""
    loss = reduced.loss
    return (curved.fit(loss, reduced.free) if isinstance(loss, Separable) else loss.fit(reduced.free))[1]


def best_coefficients(
    reduced: Reduced, fitted: np.ndarray, norm: float, near: np.ndarray | None = None
) -> tuple[np.ndarray, float]:
    """The free terms that suit given atoms best, and the objective with them; the norm alone for interpolation.

    For losses that are no squares those `near` the best, if there are any, are taken for them.
    """
    loss = reduced.loss.moved(fitted)
    if not isinstance(loss, Separable):
        coefficients, _ = loss.fit(reduced.free)
    else:
        coefficients = curved.fit(loss, reduced.free)[0] if near is None else near
    return coefficients, norm if loss.exact else norm + loss.value(reduced.free @ coefficients)


def only_free_terms(reduced: Reduced, nu: np.ndarray, largest: float) -> Found:
    """The answer where no atom is violated by a dual vector with sup |h| = `largest`: no neurons."""
    coefficients, value = best_coefficients(reduced, np.zeros(reduced.values.size), 0.0)
    bound, feasible = dual_bound(reduced, nu, largest)
    empty = np.zeros(0)
    return Found(np.zeros((0, reduced.rank)), empty, empty, coefficients, feasible, value, bound, 0, "closed")

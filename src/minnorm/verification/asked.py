"""The question put to a proof above dimension one, what comes of the exact correction of nu, and the answer."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from minnorm.activation import RELU, Activation
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.solution import Scope
from minnorm.verification.clock import Clock
from minnorm.verification.exact import Dual, integers, power, reciprocals, round_up
from minnorm.verification.repair import correction, rough_correction


@dataclass(frozen=True)
class Asked:
    """How large sup |h| / cost is, h(w, b) = sum_i nu_i sigma(w . x_i + b), for nu made orthogonal to the free terms.

    Of points `x` (n, d) with labels `y` and `weights`, the dual vector `nu`, a `penalty` of ReLU, and the network whose
    neurons are tried first; for neurons `sigma`, s relu(z) - minus z, it is that of h less a linear part, minus / s
    sum_i nu_i (x_i . w + b): of sigma over |s|. A bound that is `enough` ends the work; `proves` is the lower bound of
    the objective that a dual vector with a norm proves. `patience` in seconds is for bounds above three dimensions that
    do not come near. `lam` is that of the problem where another vector may be taken in place of nu: for squares and
    exact labels, and neurons whose linear part is of no account. Where a constant `decays`, (sum nu)^2 / lam costs
    something, too.
    """

    x: np.ndarray
    y: np.ndarray
    nu: np.ndarray
    penalty: PathNorm
    net: ShallowReLU
    weights: np.ndarray
    enough: Callable[[Dual], bool]
    clock: Clock
    seed: int = 0
    sigma: Activation = RELU
    patience: float = math.inf
    proves: Callable[[Dual], Fraction] = lambda dual: Fraction(0)
    lam: float | None = None
    decays: bool = False

    def rounding_is_to_blame(self, dual: Dual, lower: float) -> bool:
        """Whether a dual vector is not enough with the bound of its norm, and may be with the norm, >= `lower`."""
        return not self.enough(dual) and self.enough(replace(dual, norm=lower))


@dataclass(frozen=True)
class Bounded:
    """A dual vector with the bound of its norm, what kind of bound that is, and the vector that was asked about, with
    the largest value that was met for its norm."""

    dual: Dual
    scope: Scope
    met: Dual


@dataclass(frozen=True)
class Corrected:
    """nu + change, which is orthogonal to the free terms; up to rounding only, and no proof, unless `exact`."""

    change: dict[int, Fraction]
    exact: bool
    dual: Dual
    """Without its norm."""
    moved: np.ndarray
    """|change|, rounded up."""


def corrected(asked: Asked, clock: Clock) -> Corrected:
    """The dual vector that bounds are for; computed over the rationals where there is time for that."""
    x, nu = asked.x, asked.nu
    change = correction(x, nu, asked.penalty, clock)
    exact = change is not None
    if change is None:
        change = rough_correction(x, nu, asked.penalty)
    moved = np.zeros(len(x))
    for j, part in change.items():
        moved[j] = round_up(abs(part))
    found: list[Fraction] = []

    def entries() -> list[Fraction]:
        found[:] = found or _entries(nu, change)
        return found

    return Corrected(change, exact, Dual(math.nan, *_products(asked.y, nu, change, asked.weights), entries), moved)


def nothing(asked: Asked) -> Bounded:
    """The answer for nu = 0."""
    zero = Dual(0.0, Fraction(0), Fraction(0), lambda: [Fraction(0)] * len(asked.nu))
    return Bounded(zero, "exact", zero)


def _products(
    y: np.ndarray, nu: np.ndarray, change: dict[int, Fraction], weights: np.ndarray
) -> tuple[Fraction, Fraction]:
    """nu . y and sum_i nu_i^2 / p_i of the corrected vector: exactly, but for the rounding up of 1 / p_i."""
    (N,), e_n = integers(nu)
    (Y,), e_y = integers(y)
    unit = Fraction(1) / power(e_n)
    against = int((N * Y).sum()) * unit / power(e_y)
    Q, e_q = reciprocals(weights)
    square = int((N * N * Q).sum()) * unit**2 / power(e_q)
    for j, part in change.items():
        against += part * Fraction(float(y[j]))
        square += part * (2 * Fraction(float(nu[j])) + part) * int(Q[j]) / power(e_q)
    return against, square


def _entries(nu: np.ndarray, change: dict[int, Fraction]) -> list[Fraction]:
    """The corrected vector."""
    found = [Fraction(number) for number in nu.tolist()]
    for j, part in change.items():
        found[j] += part
    return found

"""What the judge says of losses and free terms, against the solver's words for the same, which it may not read."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from minnorm.network import ShallowReLU
from minnorm.objective.loss import Exactly, Squared
from minnorm.objective.norm import PathNorm
from minnorm.objective.terms import FreeTerms
from minnorm.verification import conjugate
from minnorm.verification.exact import Dual

PENALTIES = [
    PathNorm(*options) for options in itertools.product(("free", "penalised"), ("none", "free"), ("free", "none"))
]


def instance(seed, lam):
    """Labels, weights, a dual vector and its `Dual` with sup |h| = 1.5, and the loss over lam."""
    rng = np.random.default_rng(seed)
    y, nu, p = rng.normal(size=5), rng.normal(size=5), rng.integers(1, 4, size=5).astype(float)
    nu *= np.sign(nu @ y) * (lam or 1.0)
    square = sum(Fraction(float(a)) ** 2 / Fraction(float(b)) for a, b in zip(nu, p, strict=True))
    against = sum(Fraction(float(a)) * Fraction(float(b)) for a, b in zip(nu, y, strict=True))
    loss = Squared(y, lam * p.sum() / p) if lam else Exactly(y)
    return y, p, nu, Dual(1.5, Fraction(against), Fraction(square)), loss


@pytest.mark.parametrize("lam", [0.0, 0.01, 1.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_bound_is_the_best_of_the_dual_objectives(lam, seed):
    _, p, nu, dual, loss = instance(seed, lam)
    name = "squared" if lam else "exactly"
    bound = conjugate.lower_bound(name, lam, p, dual)
    most = Fraction(lam or 1.0) / Fraction(3, 2)
    shares = [conjugate.dual_objective(name, p, dual, most * k / 50) for k in range(51)]
    assert bound >= max(shares)
    # The same in floats, where nu is over lam and the objective too.
    scaled, unit = nu / (lam or 1.0), lam or 1.0
    times = loss.best_multiple(scaled, 1 / 1.5 * unit)
    assert float(bound) == pytest.approx(-loss.conjugate(scaled, times) * unit, rel=1e-12)


@pytest.mark.parametrize("lam", [0.01, 1.0])
def test_the_objective_is_rounded_up(lam):
    y, p, _, _, loss = instance(3, lam)
    misfit = np.abs(np.random.default_rng(4).normal(size=5))
    said = conjugate.objective("squared", lam, p, 2.0, misfit)
    S = sum(Fraction(float(a)) for a in p)
    squares = sum(Fraction(float(a)) * Fraction(float(r)) ** 2 for a, r in zip(p, misfit, strict=True))
    true = squares / (2 * S) + 2 * Fraction(lam)
    assert true <= Fraction(said) <= true * (1 + Fraction(1, 10**13))
    assert said == pytest.approx(lam * (loss.value(y + misfit) + 2.0), rel=1e-12)


def test_labels_that_must_be_met_leave_no_other_function():
    assert conjugate.objective("exactly", 0.0, np.ones(2), 3.0, np.zeros(2)) == 3.0
    assert conjugate.objective("exactly", 0.0, np.ones(2), 3.0, np.array([0.0, 1e-300])) == math.inf


@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
def test_both_know_the_same_free_terms(penalty):
    terms = FreeTerms.of(penalty, 2)
    assert conjugate.constant_is_free(penalty) == terms.constant
    assert conjugate.linear_is_free(penalty) == terms.linear


@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
def test_terms_that_no_norm_counts_are_refused(penalty):
    zero = np.zeros(0)
    for offset, skip in ((1.0, None), (0.0, np.ones(2)), (0.0, np.zeros(2))):
        network = ShallowReLU(np.zeros((0, 2)), zero, zero, np.array(offset), skip)
        forbidden = (offset and penalty.offset == "none") or (
            skip is not None and skip.any() and penalty.skip == "none"
        )
        if forbidden:
            with pytest.raises(ValueError, match=r"which (offset|skip)=.none. forbids"):
                conjugate.admit(penalty, network)
        else:
            conjugate.admit(penalty, network)
        assert forbidden == _refused_by(penalty, network)


def _refused_by(penalty, network):
    try:
        penalty.admit(network)
    except ValueError:
        return True
    return False

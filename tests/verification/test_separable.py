"""The bound of a loss at the ends of what floats hold."""

import math
from fractions import Fraction

import numpy as np
import pytest

from minnorm.verification import losses
from minnorm.verification.separable import _conjugates


def test_conjugates_are_summed_upwards_and_given_up_beyond_the_floats():
    loss, weights = losses.bounds_of("squared_hinge"), np.array([1.0, 2.0, 0.5])
    v = np.array([-3.0, -1e-3, -7.0])
    exact = sum(Fraction(p) * (Fraction(part) + Fraction(part) ** 2 / 2) for p, part in zip(weights, v, strict=True))
    found = _conjugates(loss, weights, v, 1.0)
    assert found is not None
    assert exact <= found <= exact * (1 + Fraction(1, 2**40))
    assert _conjugates(loss, weights, v, 1e160) is None
    assert _conjugates(loss, weights, v, math.inf) is None


@pytest.mark.parametrize("loss", ["hinge", "logistic", "quantile:0.3", "insensitive:0.2", "huber:2"])
def test_no_conjugate_is_below_its_value_in_fractions_or_high_precision(loss):
    mp = pytest.importorskip("mpmath").mp
    known, rng = losses.bounds_of(loss), np.random.default_rng(0)
    low, high = (float(end) for end in known.domain)
    v = low + (high - low) * rng.random(50)

    def true(u):
        u = mp.mpf(float(u))
        return {
            "hinge": lambda: u,
            "logistic": lambda: -u * mp.log(-u) + (1 + u) * mp.log(1 + u),
            "quantile:0.3": lambda: mp.mpf(0),
            "insensitive:0.2": lambda: mp.mpf(0.2) * abs(u),
            "huber:2": lambda: u * u / 2,
        }[loss]()

    with mp.workdps(40):
        for u, bound in zip(v, known.conjugate(v), strict=True):
            assert mp.mpf(float(bound)) >= true(u)

"""Rounding errors of radial curves, against exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp, mpf

from minnorm.known.radial.atoms import UNIT
from minnorm.known.radial.moments import Curve


def test_the_unit_is_what_one_operation_may_be_off_by():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(1, 2, (2, 2000)).tolist()
    worst = max(abs(Fraction(a * b) / (Fraction(a) * Fraction(b)) - 1) for a, b in zip(x, y, strict=True))
    assert 0.9 * UNIT < worst <= UNIT
    assert np.finfo(float).eps == 2 * UNIT


@pytest.mark.parametrize("epsilon", [0.0, 0.3])
def test_values_and_slopes_are_within_their_error_counts(epsilon):
    rng = np.random.default_rng(1)
    coefficients, slope = rng.normal(size=33), 7.0
    curve, angles = Curve(epsilon, slope, coefficients), rng.uniform(0, np.pi, 12)
    values, rises = curve.values(angles)
    with mp.workdps(40):
        for angle, value, rise in zip(angles.tolist(), values.tolist(), rises.tolist(), strict=True):
            half, e = mpf(angle) / 2, mpf(epsilon)
            x = mp.sqrt((e * mp.cos(half)) ** 2 + mp.sin(half) ** 2)
            dx = (1 - e * e) * mp.sin(half) * mp.cos(half) / (2 * x)
            terms = [mpf(c) * (-1) ** j for j, c in enumerate(coefficients.tolist())]
            exact = slope * x + sum(c * mp.cos(j * mpf(angle)) for j, c in enumerate(terms))
            slant = slope * dx - sum(j * c * mp.sin(j * mpf(angle)) for j, c in enumerate(terms))
            assert abs(value - exact) <= curve.rounding
            assert abs(rise - slant) <= curve.slant + 8 * UNIT * slope

"""What proves the size of an error curve: its Taylor polynomials, and bounds that hold for curves not optimal."""

import math

import numpy as np
import pytest

from minnorm.known.radial.curve import RadialCurve
from minnorm.known.radial.exchange import extremal_measure
from minnorm.known.radial.proof import largest_value


@pytest.mark.parametrize("case", [(2, 0.0, math.inf), (6, 0.0, 1.3), (7, 0.4, math.inf), (1, 0.0, math.inf)])
def test_taylor_polynomials_are_those_of_the_formula(case):
    dim, plateau, outer = case
    curve = extremal_measure(dim, plateau, outer).error_curve
    t = np.linspace(0.1, math.acos(plateau), 5)
    unit = 1 << curve.bits
    y = 0.8 * curve.radius * curve.frequency
    terms = np.array(curve.taylor([int(v * unit) for v in t], 30) / unit, dtype=float)
    moved = curve([int((v + y / curve.frequency) * unit) for v in t]) / unit
    np.testing.assert_allclose(terms @ y ** np.arange(31), np.array(moved, dtype=float), atol=1e-11)
    b = np.array([c / unit for c in curve.coefficients])
    k = np.arange(1 - dim % 2, dim, 2) if dim % 2 == 0 else np.arange(0, dim, 2)
    if dim % 2:
        expected = curve.level / unit * np.cos(t) / 2 - np.cos(np.outer(t, k)) @ b
    else:
        swept = 1 - 2 / np.pi * np.arctan(np.sin(t) / math.sqrt(outer**2 - 1))
        expected = curve.sign * swept + curve.level / unit * t * np.cos(t) / np.pi - np.sin(np.outer(t, k)) @ b
    np.testing.assert_allclose(terms[:, 0], expected, atol=1e-10)


FOUND = {c: extremal_measure(*c) for c in [(4, 0.0, math.inf), (6, 0.2, 1.3), (7, 0.0, math.inf), (9, 0.4, math.inf)]}
CURVES = {case: (found.error_curve, found.nodes) for case, found in FOUND.items()}


@pytest.mark.parametrize("case", CURVES)
@pytest.mark.parametrize("change", [1e-7, 1e-4, -1e-3])
def test_a_changed_curve_is_never_larger_than_proven(case, change):
    best, nodes = CURVES[case]
    unit = 1 << best.bits
    nodes = [int(math.acos(s) * unit) for s in nodes]
    for which in (0, len(best.coefficients) - 1):
        b = list(best.coefficients)
        b[which] += int(change * unit)
        curve = RadialCurve(best.dim, best.plateau, best.outer, best.bits, best.level, tuple(b))
        proven = largest_value(curve, nodes, nodes[0], 1e-20)
        t = np.linspace(0, math.acos(best.plateau), 300)
        seen = max(abs(v) for v in curve([min(int(v * unit), nodes[0]) for v in t])) / unit
        assert proven is None or float(proven) >= seen
        assert abs(change) > 1e-6 or proven is not None
        assert proven is None or float(proven) <= seen + 1e-4

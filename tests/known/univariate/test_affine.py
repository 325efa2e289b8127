"""The least cost of an affine function, against a programme over all neurons that are active on the data."""

import numpy as np
import pytest
from scipy.optimize import linprog

from minnorm.known.univariate.affine import Affine
from minnorm.known.univariate.dots import Kinks
from minnorm.objective.norm import PathNorm

PENALTIES = [PathNorm("penalised", skip, offset) for skip in ("free", "none") for offset in ("free", "none")]
NOTHING = Kinks(np.zeros(0), np.zeros(0), np.zeros(0))


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("ends", [(1.0, 4.0), (-2.0, 1.0), (-5.0, -3.0)])
@pytest.mark.parametrize(("level", "slope"), [(1.0, 0.5), (-0.2, 2.0)])
def test_cost_and_network(penalty, ends, level, slope):
    first, last = ends
    affine = Affine(level, slope, first, first, last)
    net = affine.joined(NOTHING, penalty, np.array([level]))
    x = np.linspace(first, last, 5)
    np.testing.assert_allclose(net.evaluate(x[:, None]), level + slope * (x - first), atol=1e-13)
    assert penalty.value(net) == pytest.approx(affine.cost(penalty), rel=1e-14)
    angle = np.linspace(0, 2 * np.pi, 4_001)
    w, b = np.cos(angle), np.sin(angle)
    active = np.minimum(w * first + b, w * last + b) >= -1e-9
    w, b = w[active], b[active]
    rows = ([w] if penalty.skip == "none" else []) + ([b] if penalty.offset == "none" else [])
    goal = ([slope] if penalty.skip == "none" else []) + ([level - slope * first] if penalty.offset == "none" else [])
    if not rows:
        assert affine.cost(penalty) == 0
        return
    found = linprog(np.ones(2 * w.size), A_eq=np.hstack([np.stack(rows), -np.stack(rows)]), b_eq=goal, method="highs")
    assert affine.cost(penalty) == pytest.approx(found.fun, rel=5e-3)


def test_far_away_a_constant_takes_what_rounding_takes():
    """The offset is 1e5 times the labels: its last digit is not theirs."""
    penalty = PathNorm("penalised", "free", "free")
    x = 1.3e9 + np.array([0.0, 1e4, 2e4])
    kink = Kinks(x[1:2], np.ones(1), np.array([1.0]))
    affine = Affine(0.1, 1e-4 / 3, float(x[0]), float(x[0]), float(x[-1]))
    net = affine.joined(kink, penalty, np.array([1.0]))
    wanted = 0.1 + 1e-4 / 3 * (x[:2] - x[0])
    np.testing.assert_allclose(net.evaluate(x[:2, None]), wanted, atol=1e-15)

#!/usr/bin/env bash
# SciPy 1.17.1: make_smoothing_spline minimises sum (y - f(x))^2 + lam int f''^2, so that as lam grows f goes to the line of least
# squares, which costs no penalty and bounds the minimum. Expected: at most the line's sum of squares, whatever lam and the grid.
# Seen: with 50 points from 1e-4 to 1, a constant factor apart, lam = 1e3 has a sum of squares 5e6 above the line's, from 1e-6 to 1
# already lam = 1 has 40 above (the labels are between 1 and 3); an even grid on [0, 1] is right up to 1e6 and lost at 1e12. There
# is no error and no warning, since the banded equations are solved without a look at their condition.
source "$(dirname "$0")/run.sh"
install scipy==1.17.1 numpy==2.4.6
expect <<'PYTHON'
import warnings

import numpy as np
from scipy.interpolate import make_smoothing_spline

warnings.simplefilter("error")


def above(x, lam):
    """The sum of squares of the spline less that of the line: at most 0 for a minimiser."""
    rng = np.random.default_rng(0)
    y = 2 * x + 1 + 0.1 * rng.normal(size=50)
    line = np.polyval(np.polyfit(x, y, 1), x)
    spline = make_smoothing_spline(x, y, lam=lam)
    found = ((y - spline(x)) ** 2).sum() - ((y - line) ** 2).sum()
    print(f"x in [{x[0]:g}, 1], lam = {lam:g}: {found:.2g} above the line, {np.abs(spline(x) - line).max():.2g} from it")
    return found


even, decades, more = np.linspace(0, 1, 50), np.logspace(-4, 0, 50), np.logspace(-6, 0, 50)
assert above(even, 1e3) < 1e-6
assert above(even, 1e12) > 10
assert above(decades, 1e-3) < 0
assert above(decades, 1e3) > 10
assert above(more, 1e-6) < 0
assert above(more, 1.0) > 1
PYTHON

"""The picture of an interpolant: what it shows of the data and of the certificate."""

import numpy as np
import pytest

from minnorm.known import line, line_path, line_solutions
from minnorm.known.line_figure import line_figure
from minnorm.penalty import PathNorm

X, Y = np.array([-2.0, -1.0, 0.0, 1.0, 2.5]), np.array([1.0, 0.0, 0.2, 1.5, 0.5])


@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_the_dual_curves_stay_within_one_and_touch_at_the_neurons(bias):
    penalty = PathNorm(bias, "free")
    solutions = line_solutions(X, Y, penalty) if bias == "free" else None
    figure = line_figure(X, Y, line(X, Y, penalty), solutions)
    top, bottom = figure.axes
    curves = [curve for curve in bottom.get_lines() if str(curve.get_label()).startswith("facing")]
    for curve in curves:
        assert np.max(np.abs(curve.get_ydata())) <= 1 + 1e-9
    (neurons,) = (curve for curve in bottom.get_lines() if curve.get_label() == "neurons")
    for knot, sign in zip(neurons.get_xdata(), neurons.get_ydata(), strict=True):
        assert np.interp(knot, curves[0].get_xdata(), curves[0].get_ydata()) == pytest.approx(sign, abs=1e-6)
    assert {text.get_text() for text in top.get_legend().get_texts()} >= {"data", "minimiser"}


def test_the_dual_of_a_fit_is_drawn_in_units_of_lam():
    path = line_path(X, Y)
    figure = line_figure(X, Y, path.at(0.3 * path.lams[0]))
    curve = figure.axes[1].get_lines()[0]
    assert np.max(np.abs(curve.get_ydata())) == pytest.approx(1, abs=1e-9)

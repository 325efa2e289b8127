"""What figures on the line show of data, functions, knots and certificates."""

from dataclasses import replace

import numpy as np
import pytest

import minnorm as mn
from minnorm.known import line, line_path, line_solutions
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.plot import line_figure

X, Y = np.array([-2.0, -1.0, 0.0, 1.0, 2.5]), np.array([1.0, 0.0, 0.2, 1.5, 0.5])


def curve(ax, label):
    (found,) = (line for line in ax.get_lines() if line.get_label() == label)
    return np.asarray(found.get_xdata()), np.asarray(found.get_ydata())


@pytest.mark.parametrize("slope", [0.0, 5.0])
@pytest.mark.parametrize("penalty", [PathNorm(), PathNorm("penalised"), PathNorm("penalised", "free")])
def test_dual_curves_stay_within_one_and_touch_where_neurons_are(penalty, slope):
    solution = line(X, Y + slope * X, penalty)
    ax = mn.plot_certificate(X, Y, solution)
    curves = [line for line in ax.get_lines() if len(line.get_xdata()) > 100]
    assert len(curves) == (2 if penalty.skip == "none" and slope else 1)
    for one in curves:
        assert np.max(np.abs(one.get_ydata())) <= 1 + 1e-9
    shown = 0
    for sign, name in ((1, "neurons, a > 0"), (-1, "neurons, a < 0")):
        at, height = curve(ax, name)
        np.testing.assert_allclose(height, sign, atol=1e-6)
        nearest = [min(abs(np.interp(t, *one.get_data()) - sign) for one in curves) for t in at]
        np.testing.assert_allclose(nearest, 0, atol=1e-6)
        shown += at.size
    assert shown == solution.network.width


def test_the_dual_of_a_fit_is_drawn_in_units_of_lam():
    path = line_path(X, Y)
    ax = mn.plot_certificate(X, Y, path.at(0.3 * path.lams[0]))
    assert np.max(np.abs(ax.get_lines()[0].get_ydata())) == pytest.approx(1, abs=1e-9)


def test_a_dual_vector_that_is_infeasible_is_shown_as_it_is():
    solution = line(X, Y)
    wrong = mn.Solution(solution.network, 1.5 * solution.dual, solution.penalty)
    ax = mn.plot_certificate(X, Y, wrong)
    assert np.max(np.abs(ax.get_lines()[0].get_ydata())) == pytest.approx(1.5)
    assert np.all(np.abs(curve(ax, "neurons, a > 0")[1]) == pytest.approx(1.5))


def test_functions_and_data_are_where_they_are():
    solution = line(X, Y)
    ax = mn.plot_line(X[:, None], Y, others={"sine": np.sin, "parabola": lambda x: x[:, 0] ** 2})
    np.testing.assert_array_equal(curve(ax, "data"), [X, Y])
    t, f = curve(ax, "minimum-norm interpolant")
    np.testing.assert_allclose(f, solution(t))
    assert set(X) <= set(t)  # it bends there
    np.testing.assert_allclose(curve(ax, "sine")[1], np.sin(t))
    np.testing.assert_allclose(curve(ax, "parabola")[1], t**2)
    assert ax.get_title() == f"[f] = {solution.value:.10g}, relative gap {solution.gap:.1e}"


def test_knots_are_ticks_as_long_as_their_turns():
    net = ShallowReLU(np.ones((3, 1)), np.array([1.0, 0.0, -1.0]), np.array([1.0, -2.0, 1e-9]), np.array(0.0))
    ax = mn.plot_line(X, Y, net)
    (ticks,) = ax.collections
    segments = sorted((*segment[0], segment[1][1]) for segment in ticks.get_segments())
    assert [segment[0] for segment in segments] == [-1, 0]  # the third turn is a billionth
    assert segments[0][2] < segments[1][2]
    assert not mn.plot_line(X, Y, net, knots=False).collections


def test_knots_of_several_networks_are_under_each_other_and_under_the_curves():
    other = ShallowReLU(np.ones((1, 1)), np.array([0.5]), np.array([2.0]), np.array(0.0))
    ax = mn.plot_line(X, Y, others={"other": other})
    first, second = ax.collections
    tops = [max(segment[1][1] for segment in ticks.get_segments()) for ticks in (first, second)]
    feet = [{segment[0][1] for segment in ticks.get_segments()} for ticks in (first, second)]
    assert feet[0] == {0.0}
    assert tops[0] < min(feet[1])
    low, high = ax.get_ylim()
    assert (min(Y) - low) / (high - low) >= tops[1]


@pytest.mark.parametrize("kind", ["asked for", "line_solutions", "minnorm.band"])
def test_the_band_is_that_of_all_minimisers(kind):
    solutions = line_solutions(X, Y)
    query = np.linspace(-2, 2.5, 19)
    band = {"asked for": True, "line_solutions": solutions, "minnorm.band": mn.band(X, Y, query)}[kind]
    ax = mn.plot_line(X, Y, band=band)
    (filled,) = (part for part in ax.collections if part.get_label() == "all of them")
    corners = filled.get_paths()[0].vertices
    assert np.all(corners[:, 1] >= solutions.lower(corners[:, 0]) - 1e-6)
    assert np.all(corners[:, 1] <= solutions.upper(corners[:, 0]) + 1e-6)
    assert np.ptp(corners[np.abs(corners[:, 0] + 0.5) < 0.26][:, 1]) > 0.2  # it is wide between -1 and 0


def test_what_is_not_certified_is_not_claimed():
    solution = line(X, Y)
    net = solution.network
    there_and_back = ShallowReLU(  # the same function, with a neuron that another takes back
        np.append(net.inner_weights, [[1.0], [1.0]], axis=0),
        np.append(net.biases, [0.3, 0.3]),
        np.append(net.outer_weights, [1.0, -1.0]),
        net.offset,
    )
    longer = replace(solution, network=there_and_back)
    longer = replace(longer, certificate=mn.verify(X, Y, longer))
    assert mn.plot_line(X, Y, longer).get_title() == (
        f"[f] = {solution.value + 2:.10g}, not certified: lower bound {solution.value:.6g}"
    )
    searched = replace(longer, certificate=replace(longer.certificate, scope="searched"))
    assert mn.plot_line(X, Y, searched).get_title() == f"[f] = {solution.value + 2:.10g}, not certified"


def test_both_below_each_other_with_the_sparsest():
    top, bottom = line_figure(X, Y, line(X, Y), line_solutions(X, Y)).axes
    assert {text.get_text() for text in top.get_legend().get_texts()} >= {"fewest knots", "all of them", "data"}
    assert top.get_xlim() == bottom.get_xlim()


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: mn.plot_line(np.ones((3, 2)), np.ones(3)), "x has 2 columns"),
        (lambda: mn.plot_line([0.0, 1.0], [0.0]), "x has 2 rows and y has 1"),
        (lambda: mn.plot_line(X, Y, band=line(X, Y).to_dataset()), "give one of minnorm.band"),
        (lambda: mn.plot_line(X, Y, line(X, Y, PathNorm("penalised")), band=True), "penalty has bias='penalised'"),
        (lambda: mn.plot_line(X, Y, others={"two": lambda x: np.ones((len(x), 2))}), "two returned shape"),
        (
            lambda: mn.plot_line(X, Y, others={"flat": mn.known.radial_bump(3).as_network(9, 0)}),
            r"others\['flat'\] takes points of dimension 3",
        ),
        (lambda: mn.plot_certificate(X[:3], Y[:3], line(X, Y)), "solution has 5 dual variables for 3 points"),
    ],
)
def test_what_cannot_be_drawn_is_said(draw, words):
    with pytest.raises(ValueError, match=words):
        draw()

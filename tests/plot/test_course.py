"""Training against steps, excess over the certified minimum, a solver's gap, the regularisation path."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import minnorm as mn

X, Y = np.array([-1.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])


@pytest.fixture(scope="module")
def runs():
    grid = {"learning_rate": [0.01, 1e9], "weight_decay": [0.01, 0.1], "seeds": 3}
    return mn.train(X, Y, optimizer="gd", width=12, steps=40, records=5, **grid)


def curve(ax, label):
    (found,) = (line for line in ax.get_lines() if line.get_label() == label)
    return np.asarray(found.get_xdata()), np.asarray(found.get_ydata())


def test_trajectories_are_medians_of_what_did_not_diverge(runs):
    norm, loss = mn.plot_trajectories(runs, minimum=2)
    for ax, name in ((norm, "path_norm"), (loss, "training_loss")):
        steps, middle = curve(ax, "rate 0.01, decay 0.1")
        values = runs[name].sel(learning_rate=0.01, weight_decay=0.1).values.reshape(3, -1)
        np.testing.assert_allclose(middle, np.median(values, axis=0))
        np.testing.assert_array_equal(steps, np.maximum(runs["step"], 0.5))
        assert len(ax.get_lines()) == 2 + (name == "path_norm")  # the other two diverged
        band = ax.collections[-1].get_paths()[0].get_extents()
        assert (band.y0, band.y1) == pytest.approx((values.min(), values.max()))
    np.testing.assert_array_equal(curve(norm, "minimum")[1], 2)


def test_several_runs_go_by_their_names(runs):
    one = runs.isel(learning_rate=[0], weight_decay=[0])
    norm, _ = mn.plot_trajectories({"first": one, "second": one * 1})
    assert [text.get_text() for text in norm.get_legend().get_texts()] == ["first", "second"]
    norm, _ = mn.plot_trajectories({"first": one, "both decays": runs.isel(learning_rate=[0])})
    names = [text.get_text() for text in norm.get_legend().get_texts()]
    assert names == ["first", "both decays, decay 0.01", "both decays, decay 0.1"]


def test_excess_is_over_the_bound_of_the_same_lam(runs):
    solutions = [mn.fit(X, Y, lam=lam) for lam in (0.1, 0.01)]
    kept = runs.isel(learning_rate=[0])
    ax = mn.plot_excess(kept, solutions)
    for lam, solution in ((0.1, solutions[0]), (0.01, solutions[1])):
        _, middle = curve(ax, f"decay {lam:g}")
        objective = kept["objective"].sel(weight_decay=lam).values.reshape(3, -1)
        assert np.all(objective > solution.lower_bound)
        np.testing.assert_allclose(middle, np.median(objective / solution.lower_bound - 1, axis=0))
    with pytest.raises(ValueError, match=r"decay 0\.01 has no solution with a proven bound > 0, only lam = 0\.1"):
        mn.plot_excess(kept, solutions[0])
    searched = [replace(one, certificate=replace(one.certificate, scope="searched")) for one in solutions]
    with pytest.raises(ValueError, match="no solution with a proven bound"):
        mn.plot_excess(kept, searched)
    with pytest.raises(ValueError, match="only lam = 0"):
        mn.plot_excess(kept, mn.interpolate(X, Y))


def test_the_gap_of_a_solver_over_time():
    ax = mn.plot_gap({"a": [(0.1, 2.0, 1.0), (0.2, 1.5, 1.5)], "b": [(0.1, 4.0, 3.0)]})
    np.testing.assert_array_equal(curve(ax, "a"), [[0.1, 0.2], [0.5, 1e-16]])
    np.testing.assert_array_equal(curve(ax, "b"), [[0.1], [0.25]])


def test_the_path_marks_what_is_not_certified():
    path = mn.path(X, Y, [0.1, 0.01, 0.001, 0.0])
    path["certified"].values[1] = False
    norm, loss = mn.plot_path(path)
    whole, proven, rest = norm.get_lines()[:3]
    np.testing.assert_array_equal(whole.get_xdata(), [0.1, 0.01, 0.001])
    np.testing.assert_allclose(whole.get_ydata(), path["norm"].values[:3])
    np.testing.assert_array_equal(proven.get_xdata(), [0.1, 0.001])
    np.testing.assert_array_equal(rest.get_xdata(), [0.01])
    assert curve(norm, "λ = 0: interpolation")[1][0] == pytest.approx(2)
    np.testing.assert_allclose(loss.get_lines()[0].get_ydata(), path["loss"].values[:3])


def test_other_datasets_are_refused(runs):
    with pytest.raises(ValueError, match=r"give what minnorm\.train returned"):
        mn.plot_trajectories(xr.Dataset({"a": ("x", [1.0])}))
    with pytest.raises(ValueError, match=r"give what minnorm\.train returned"):
        mn.plot_excess(mn.path(X, Y, [0.1]), mn.fit(X, Y, lam=0.1))
    with pytest.raises(ValueError, match=r"give what minnorm\.path returned"):
        mn.plot_path(runs)
    with pytest.raises(ValueError, match="give 2 matplotlib axes"):
        mn.plot_trajectories(runs, axes=mn.plot_gap([(0.0, 1.0, 0.5)]))

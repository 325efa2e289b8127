"""The path of trend filtering: its conditions of optimality at and between breakpoints, and the solver for one lam."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minnorm as mn
from minnorm.known import line_path
from minnorm.objective.norm import PathNorm

SKIP = PathNorm(skip="free")


@st.composite
def data(draw, most=25):
    n = draw(st.integers(3, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = np.cumsum(rng.uniform(0.1, 2, n)) + rng.normal()
    y = {"rough": rng.normal(size=n), "smooth": np.sin(x) + 2 * x, "peak": np.exp(-((x - x.mean()) ** 2)) * 100}[
        draw(st.sampled_from(["rough", "smooth", "peak"]))
    ]
    return x, y


def conditions(path, x, y, lam):
    """The excess of |z| over lam, relative to it; V - z . turns / lam, relative; moments of the residual."""
    f = path.values(lam)
    al = (y - f) / y.size
    z = np.array([al @ np.maximum(x - t, 0) for t in x])
    turns = np.diff(np.diff(f) / np.diff(x))
    total, steepest = np.abs(turns).sum(), np.abs(y).max() / np.diff(x).min()
    moments = max(abs(al.sum()), abs(al @ x) / np.abs(x).max()) / np.abs(y).max()
    return np.max(np.abs(z)) / lam - 1, (total - z[1:-1] @ turns / lam) / (total + steepest), moments


@settings(max_examples=60, deadline=None)
@given(data())
def test_every_breakpoint_and_the_middle_between_is_optimal(points):
    x, y = points
    path = line_path(x, y)
    assert path.exact
    assert np.all(np.diff(path.lams) <= 0)
    scale = np.abs(y).max() * np.ptp(x)
    for lam in np.concatenate([path.lams, np.sqrt(path.lams[1:] * path.lams[:-1]), path.lams[:1] * 2]):
        if lam > 1e-9 * scale:
            excess, slack, moments = conditions(path, x, y, lam)
            assert excess <= 1e-14 * scale / lam * x.size + 1e-12
            assert abs(slack) <= 1e-13 * scale / lam * x.size + 1e-12
            assert moments <= 1e-13
    np.testing.assert_allclose(path.values(0.0), y, atol=1e-8 * np.abs(y).max())


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(data(), st.floats(1e-4, 1.5))
def test_the_solver_for_one_lam_agrees(points, share):
    x, y = points
    path = line_path(x, y)
    lam = share * path.lams[0]
    solution, other = path.at(lam), mn.fit(x, y, lam, penalty=SKIP)
    assert solution.certified
    assert solution.gap <= 1e-8
    np.testing.assert_allclose(solution(x), other(x), atol=1e-7 * (1 + np.abs(y).max()))
    assert path.lams[0] == pytest.approx(mn.lam_max(x, y, penalty=SKIP), rel=1e-10)


@settings(max_examples=30, deadline=None)
@given(data())
def test_it_is_continuous_and_linear_between_breakpoints(points):
    x, y = points
    path = line_path(x, y)
    for k in range(1, path.lams.size):
        lam = path.lams[k]
        before, after = path.segments[k - 1], path.segments[k]
        f = [np.interp(x, x[s.knots], s.level - lam * s.fall) for s in (before, after)]
        np.testing.assert_allclose(*f, atol=1e-11 * np.abs(y).max())
        # One knot comes or goes.
        assert np.setxor1d(before.knots, after.knots).size == 1


def test_a_thousand_points():
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(-3, 3, 1000))
    y = np.sin(3 * x) + 0.3 * rng.normal(size=x.size)
    path = line_path(x, y)
    assert path.exact
    for lam in path.lams[0] * np.array([0.5, 1e-2, 1e-4]):
        assert path.at(lam).certified
        assert path.at(lam).gap <= 1e-9
    np.testing.assert_allclose(path.values(0.0), y, atol=1e-9)


def test_ties_are_solved_or_named():
    """Labels that are whole numbers at equal distances: many events at once."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        x, y = np.arange(15.0), np.round(np.cumsum(rng.normal(size=15)))
        path = line_path(x, y)
        for lam in np.geomspace(path.lams[0], path.lams[-1], 7)[:-1]:
            excess, slack, _ = conditions(path, x, y, lam)
            assert max(excess, abs(slack)) <= 1e-8
        if not path.exact:
            with pytest.raises(ValueError, match=r"known down to .* use mn.fit"):
                path.values(0.0)


def test_equal_points_order_and_labels_on_a_line():
    x, y = np.array([2.0, 0.0, 1.0, 1.0, 3.0]), np.array([0.0, 0.0, 1.0, 2.0, 1.0])
    path = line_path(x, y)
    lam = 0.3 * path.lams[0]
    assert path.at(lam).certified
    assert path.at(lam).value == pytest.approx(mn.fit(x, y, lam, penalty=SKIP).value, rel=1e-9)
    np.testing.assert_allclose(line_path(x, 2 * x + 1).values(0.1), 2 * np.unique(x) + 1, rtol=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: line_path([0.0, 1.0], [0.0, 1.0], PathNorm()), "skip='free'.*use mn.path"),
        (lambda: line_path([[0.0, 1.0]], [0.0]), "x has 2 columns"),
        (lambda: line_path([1.0, 1.0], [0.0, 1.0]), "1 distinct point; give at least two"),
        (lambda: line_path([0.0, 1.0, 2.0], [0.0, 1.0, 0.0]).values(-1.0), "lam is -1.0; give"),
    ],
)
def test_what_has_no_path_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_path_says_its_norm_and_its_breakpoints():
    said = repr(line_path([0.0, 1.0, 2.0], [0.0, 1.0, 0.0]))
    assert "skip free" in said
    assert "3 distinct points, 1 breakpoints" in said

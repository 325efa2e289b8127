"""Networks settled where they are evaluated: exact residuals by rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve.minimise import minimise
from minnorm.solve.polish import misfits

FREE, SKIP = PathNorm(), PathNorm(skip="free")


def exact_misfits(net, x, y):
    """y - f(x) in rational arithmetic, rounded at the end."""
    skip = np.zeros(net.dim) if net.skip is None else net.skip
    out = []
    for point, label in zip(x.tolist(), y.tolist(), strict=True):
        p = [Fraction(v) for v in point]
        f = Fraction(float(net.offset)) + sum(Fraction(float(v)) * u for v, u in zip(skip, p, strict=True))
        for w, b, a in zip(net.inner_weights.tolist(), net.biases.tolist(), net.outer_weights.tolist(), strict=True):
            hidden = sum(Fraction(v) * u for v, u in zip(w, p, strict=True)) + Fraction(b)
            f += Fraction(a) * max(hidden, Fraction(0))
        out.append(float(Fraction(label) - f))
    return np.array(out)


def solved(x, y, lam=0.0, penalty=FREE):
    return minimise(Problem(x, y, penalty, lam), certify=False)


@pytest.mark.parametrize(
    "penalty",
    [SKIP, PathNorm("penalised"), *(pytest.param(p, marks=pytest.mark.slow) for p in (FREE, PathNorm(offset="none")))],
)
@pytest.mark.parametrize(
    ("level", "steep", "away"), [(1e9, 0.0, 0.0), (1e8, 1e7, 0.0), (0.0, 0.0, 1e8), (1e12, 0.0, 1e4)]
)
def test_interpolants_meet_labels_less_their_free_part(penalty, level, steep, away):
    if penalty.bias == "penalised" and away:
        pytest.skip("far kinks are dear there: another problem")
    rng = np.random.default_rng(1)
    x = rng.normal(size=(12, 2)) + away
    y = level + steep * (penalty.skip == "free") * x[:, 0] + rng.integers(-9, 10, 12)
    net = solved(x, y, penalty=penalty).network
    rest = exact_misfits(net, x, y)
    assert np.max(np.abs(rest)) <= 1e-13
    np.testing.assert_allclose(misfits(Problem(x, y, penalty), net), rest, atol=1e-15, rtol=1e-6)


@pytest.mark.parametrize("penalty", [FREE, SKIP])
def test_on_the_line_too(penalty):
    x = 1.6e9 + np.arange(12.0)
    y = 1e9 + 3 * np.sin(x)
    for points in (x[:, None], np.column_stack([x, 2 * x])):
        rest = exact_misfits(solved(points, y, penalty=penalty).network, points, y)
        assert np.max(np.abs(rest)) <= 1e-13


@pytest.mark.slow
@pytest.mark.parametrize("penalty", [FREE, SKIP, PathNorm("penalised")])
def test_far_labels_and_points_have_the_objective_of_near_ones(penalty):
    rng = np.random.default_rng(2)
    x, y = np.round(2.0**20 * rng.normal(size=(8, 2))) / 2.0**20, np.round(64 * rng.normal(size=8)) / 64
    away = 0.0 if penalty.bias == "penalised" else 2.0**24

    def objective(x, y, lam):
        net = solved(x, y, lam, penalty).network
        loss = float(np.mean(exact_misfits(net, x, y) ** 2)) / 2
        return loss + lam * penalty.value(net)

    for lam in (1e-2, 1e-7):
        near = objective(x, y, lam)
        assert objective(x + away, y + 2.0**34, lam) == pytest.approx(near, rel=2e-6)


@pytest.mark.slow
def test_points_that_rounding_errors_tell_apart():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(6, 2)), rng.normal(size=6)
    x[3] = x[0] * (1 + 2.0**-52)
    with pytest.raises(ValueError, match=r"points 0 and 3 are .* apart.*make them one point, or use lam > 0"):
        solved(x, y)
    # With lam > 0 they are one point.
    together = x.copy()
    together[3] = x[0]
    values = []
    for points in (x, together):
        net = solved(points, y, 0.01).network
        values.append(float(np.mean(exact_misfits(net, x, y) ** 2)) / 2 + 0.01 * FREE.value(net))
    assert values[0] == pytest.approx(values[1], rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_shadows_of_a_polygon(seed):
    """Twins on the line: the certified objective is that of the points merged."""
    rng = np.random.default_rng(seed)
    x, y = np.cos(2 * np.pi * np.arange(7) / 7), rng.normal(size=7)
    sol, merged = (minimise(Problem(points, y, FREE, 0.02)) for points in (x, np.round(x, 12)))
    assert sol.certified
    assert sol.value == pytest.approx(merged.value, rel=1e-6)


def test_flat_points_are_no_trouble():
    """Directions in which points spread little are directions still, for free terms too, and nothing stalls."""
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(7, 2)), rng.normal(size=7)
    x[:, 1] *= 1e-9
    for penalty in (FREE, SKIP):
        sol = minimise(Problem(x, y, penalty, 0.02))
        assert sol.certified
        assert sol.rounds < 60

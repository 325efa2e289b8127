"""One dimension in haste: bounds of residuals above the exact ones, and close to them; estimates of the dual norm."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

import minnorm as mn
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.verification import line, line_in_haste


def network(rng, m, *, far=0.0):
    w = rng.normal(size=(m, 1))
    w[: m // 8] = 0.0
    t = rng.normal(size=m) + far
    b = -w[:, 0] * t + (w[:, 0] == 0) * rng.normal(size=m)
    return ShallowReLU(w, b, rng.normal(size=m), np.asarray(rng.normal()), rng.normal(size=1)).to_numpy()


def exact(net, x, y):
    """|f(x) - y| in rationals."""
    total = Fraction(float(net.offset)) + Fraction(float(net.skip[0])) * Fraction(x) - Fraction(y)
    for w, b, a in zip(net.inner_weights[:, 0].tolist(), net.biases.tolist(), net.outer_weights.tolist(), strict=True):
        total += Fraction(a) * max(Fraction(w) * Fraction(x) + Fraction(b), Fraction(0))
    return abs(total)


@pytest.mark.parametrize(("n", "m", "far"), [(1, 1, 0.0), (7, 0, 0.0), (40, 33, 0.0), (30, 50, 1e6)])
def test_residuals_are_bounds_and_close(n, m, far):
    rng = np.random.default_rng(n)
    net, x = network(rng, m, far=far), rng.normal(size=n) + far
    x[: n // 3] = np.round(x[: n // 3])  # some equal, some at whole numbers
    y = np.round(net.evaluate(x[:, None]), 9)
    found = line_in_haste.residuals(net, x, y)
    true = [exact(net, *pair) for pair in zip(x.tolist(), y.tolist(), strict=True)]
    assert all(Fraction(bound) >= value for bound, value in zip(found.tolist(), true, strict=True))
    np.testing.assert_allclose(found, np.abs(line.errors(net, x, y)), rtol=1e-9, atol=1e-24 * (1 + far))


def test_running_sums():
    rng = np.random.default_rng(0)
    for n in (0, 1, 2, 9, 30):
        terms = rng.normal(size=n), 1e-17 * rng.normal(size=n)
        high, low = line_in_haste.running_sum(terms)
        wanted = [Fraction(0), *itertools.accumulate(Fraction(a) + Fraction(b) for a, b in zip(*terms, strict=True))]
        got = [Fraction(a) + Fraction(b) for a, b in zip(high.tolist(), low.tolist(), strict=True)]
        assert max(abs(a - b) for a, b in zip(got, wanted, strict=True)) < Fraction(1, 10**29)


@pytest.mark.parametrize("penalty", [PathNorm(), PathNorm(skip="free")], ids=["free", "skip"])
def test_the_estimate_is_the_norm_for_free_biases(penalty):
    rng = np.random.default_rng(1)
    x, y, nu = rng.normal(size=30), rng.normal(size=30), rng.normal(size=30)
    terms = np.column_stack([np.ones(30), x])[:, : 1 + (penalty.skip == "free")]
    nu -= terms @ np.linalg.lstsq(terms, nu, rcond=None)[0]
    weights = rng.integers(1, 4, 30).astype(float)
    found, wanted = (dual(x, y, nu, penalty, weights) for dual in (line_in_haste.estimated_dual, line.repaired_dual))
    assert found.norm == pytest.approx(wanted.norm, rel=1e-12)
    assert float(found.against_values) == pytest.approx(float(wanted.against_values), rel=1e-12)
    assert float(found.square) == pytest.approx(float(wanted.square), rel=1e-12)


def test_the_estimate_is_below_the_norm_for_penalised_biases():
    rng = np.random.default_rng(1)
    x, y, nu = rng.normal(size=30), rng.normal(size=30), rng.normal(size=30)
    penalty = PathNorm("penalised", "free")
    terms = np.column_stack([np.ones(30), x])
    nu -= terms @ np.linalg.lstsq(terms, nu, rcond=None)[0]
    wanted = line.repaired_dual(x, y, nu, penalty, np.ones(30)).norm
    assert 0.5 * wanted < line_in_haste.estimated_dual(x, y, nu, penalty, np.ones(30)).norm <= wanted * (1 + 1e-12)


@pytest.mark.parametrize("lam", [0.0, 1e-3])
def test_a_verification_without_time_proves_nothing_but_the_value(lam, monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=50), rng.normal(size=50)
    solution = mn.fit(x, y, lam)
    monkeypatch.setattr(line, "errors", lambda *_: pytest.fail("there is no time for it"))
    monkeypatch.setattr(line_in_haste, "_A_POINT", 100.0)
    found = mn.verify(x, y, solution, time_limit=1)
    assert (found.scope, found.certified) == ("searched", False)
    assert found.residual <= found.rounding
    assert found.value == pytest.approx(solution.value, rel=1e-12)
    assert found.lower_bound == pytest.approx(solution.value, rel=1e-6)
    monkeypatch.undo()
    assert mn.verify(x, y, solution, time_limit=100).certified
    assert mn.verify(x, y, solution).certified

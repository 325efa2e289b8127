"""Exchange of knots for very many points on a line: the banded method's value, and the judge's word."""

import numpy as np
import pytest

import minnorm as mn
from minnorm import losses
from minnorm.objective.separable import Separable
from minnorm.solve.univariate import curved, knots


@pytest.mark.parametrize(
    ("word", "skip"),
    [
        ("absolute", False),
        ("quantile:0.8", True),
        *(
            pytest.param(word, skip, marks=pytest.mark.slow)
            for word in ("quantile:0.8", "insensitive:0.1", "huber:0.3", "logistic", "hinge")
            for skip in (False, True)
        ),
    ],
)
def test_it_comes_to_the_minimum_that_the_banded_method_finds(word, skip):
    rng, n, loss = np.random.default_rng(0), 600, losses.of(word)
    t = np.sort(np.round(rng.uniform(-1, 1, n), 3))  # some are equal
    y = np.sin(6 * t) + 0.3 * rng.standard_t(2, n)
    y = y if loss.argument == "residual" else np.where(y > 0, 1.0, -1.0)
    origin, scale = (y, np.ones(n)) if loss.argument == "residual" else (np.zeros(n), y)
    whole = Separable(loss, origin, scale, rng.uniform(0.5, 2, n) / n / 3e-3)
    found = knots.exchanged(whole, t, skip, tolerance=1e-6, deadline=np.inf)
    banded = curved.solve(whole, np.diff(t), skip, tolerance=1e-8, deadline=np.inf)
    assert found.value - found.bound <= 1e-6 * found.value
    assert found.bound <= banded.value * (1 + 1e-9)
    assert banded.bound <= found.value * (1 + 1e-9)
    np.testing.assert_allclose(found.value, curved.norm_of(found.slopes, skip) + whole.value(found.f), rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("word", ["absolute", "quantile:0.3"])
def test_many_points_are_certified(word):
    rng, n = np.random.default_rng(1), 6000
    x = rng.uniform(-1, 1, n)
    y = np.sin(6 * x) + 0.3 * rng.standard_t(2, n)
    found = mn.fit(x, y, 1e-3, loss=word)
    assert found.certified
    assert found.network.width < 100


def test_two_places_are_left_to_others():
    whole = Separable(losses.Absolute(), np.arange(4.0), np.ones(4), np.ones(4))
    assert knots.exchanged(whole, np.array([0.0, 0, 1, 1]), False, tolerance=1e-6, deadline=np.inf) is None


@pytest.mark.parametrize("steps", [3, 15])
def test_ctrl_c_leaves_the_best_so_far(monkeypatch, steps):
    """In the first round, and in a later one."""
    rng, n, made = np.random.default_rng(0), 5000, []
    x = rng.uniform(-1, 1, n)
    y = np.sin(6 * x) + 0.3 * rng.standard_t(2, n)
    iterates = knots.iterates

    def pressed(*problem, **options):
        for reached in iterates(*problem, **options):
            yield reached
            made.append(1)
            if len(made) == steps:
                raise KeyboardInterrupt

    monkeypatch.setattr(knots, "iterates", pressed)
    found = mn.fit(x, y, 1e-3, loss="absolute", certify=False)
    assert len(made) == steps
    assert found.ending == "interrupted"
    assert np.mean(np.abs(found(x) - y)) < np.mean(np.abs(y - np.median(y)))
    made.clear()
    with pytest.raises(KeyboardInterrupt):
        mn.fit(x, y, 1e-3, loss="absolute", certify=False, on_interrupt="raise")

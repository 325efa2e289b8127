"""Products with the values of neurons in a plane, against the values themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm import _native
from minnorm.solve.pricing.plane import Plane

RNG = np.random.default_rng(5)
POINTS = {
    "normal": RNG.normal(size=(90, 2)),
    "grid": np.stack(np.meshgrid(np.arange(9.0), np.arange(9.0)), axis=-1).reshape(-1, 2) - 4,
    "nearly on a line": RNG.normal(size=(70, 2)) * [1, 1e-6],
    "far": RNG.normal(size=(50, 2)) + 20,
    "four": np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
}


def neurons(x, k, rng):
    """Kinks through points, in all directions and along the axes."""
    angle = np.concatenate([rng.uniform(0, 2 * np.pi, k - 8), np.arange(8) * np.pi / 4])
    weights = np.column_stack([np.cos(angle), np.sin(angle)])
    return np.column_stack([weights, -np.einsum("kr,kr->k", weights, x[rng.integers(len(x), size=k)])])


def gram(x):
    made = Plane(x).gram()
    assert made is not None
    return made


def product(x, theta, ratio):
    found = np.full((len(x), len(x)), np.nan, order="F")
    gram(x).product(theta, ratio, found)
    return np.tril(found)


@pytest.mark.parametrize("kind", POINTS)
@pytest.mark.parametrize("k", [8, 9, 400])
def test_it_is_the_product(kind, k):
    x = POINTS[kind]
    theta, ratio = neurons(x, k, RNG), 10.0 ** RNG.uniform(-6, 6, size=k)
    values = np.maximum(x @ theta[:, :2].T + theta[:, 2], 0)
    # Running sums round to what neurons would be at all points, active or not.
    size = (values * ratio) @ (np.linalg.norm(x, axis=1) + np.abs(theta[:, 2:]))
    missed = np.abs(product(x, theta, ratio) - np.tril((values * ratio) @ values.T))
    assert np.all(missed <= 1e-14 * (size + size.T))
    nu, reach = RNG.normal(size=len(x)), 1 + np.abs(x).max()
    np.testing.assert_allclose(gram(x).seen(theta, nu), nu @ values, atol=1e-14 * np.abs(nu).sum() * reach)
    np.testing.assert_allclose(gram(x).outputs(theta, ratio), values @ ratio, atol=1e-14 * ratio.sum() * reach)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), n=st.integers(4, 40), k=st.integers(8, 60), digits=st.sampled_from([0, 1, 9]))
def test_where_points_tie_as_well(seed, n, k, digits):
    rng = np.random.default_rng(seed)
    x = np.unique(np.round(rng.normal(size=(n, 2)), digits), axis=0)
    if len(x) < 4:
        return
    # Kinks through two points each, where an arc begins or ends.
    pairs = np.array([rng.choice(len(x), 2, replace=False) for _ in range(k)])
    along = x[pairs[:, 1]] - x[pairs[:, 0]]
    weights = np.column_stack([along[:, 1], -along[:, 0]]) / np.linalg.norm(along, axis=1)[:, None]
    theta = np.column_stack([weights, -np.einsum("kr,kr->k", weights, x[pairs[:, 0]])])
    values = np.maximum(x @ weights.T + theta[:, 2], 0)
    np.testing.assert_allclose(product(x, theta, np.ones(k)), np.tril(values @ values.T), atol=1e-12 * k)


def test_an_order_of_the_neurons_changes_rounding_only():
    x = POINTS["normal"]
    theta, ratio = neurons(x, 200, RNG), RNG.exponential(size=200)
    order = RNG.permutation(200)
    np.testing.assert_allclose(product(x, theta[order], ratio[order]), product(x, theta, ratio), rtol=1e-9, atol=1e-9)


def test_sizes_must_fit():
    x = POINTS["four"]
    orders = _native.plane(x, 1, 1e9)
    assert orders is not None
    made, theta = _native.gram(orders, 1), np.ones((3, 3))
    for call in (
        lambda: made.product(theta, np.ones(2), 1, np.zeros((4, 4))),
        lambda: made.product(theta, np.ones(3), 1, np.zeros((3, 3))),
        lambda: made.product(theta[:, :2].copy(), np.ones(3), 1, np.zeros((4, 4))),
        lambda: made.seen(theta, np.ones(3), 1),
        lambda: made.outputs(theta, np.ones(2), 1),
    ):
        with pytest.raises(ValueError, match="must have"):
            call()
    del orders  # what was made of them keeps them
    np.testing.assert_allclose(made.outputs(np.array([[1.0, 0.0, 0.0]]), np.ones(1), 1), x[:, 0])

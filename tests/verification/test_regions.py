"""The judge of regions: errors are bounded above everywhere, lower bounds are below what is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minnorm as mn
from minnorm.verification.regions import worst

PARTS = {
    "line": [(mn.ball(0.0, 1.0), 1.0), (mn.shell(5.0, 1.0, 2.0), mn.affine(0.5))],
    "round": [(mn.ball([0.0, 0.0], 0.3), 1.0), (mn.shell([0.0, 0.0], 1.0, 2.0), 0.0)],
    "straight": [
        (mn.polygon([[0, 0], [2, 0], [2, 1], [1, 1], [1, 2], [0, 2]]), mn.affine([1.0, 0.0])),
        (mn.segment([3.0, 0.0], [4.0, 2.0]), 2.0),
        (mn.points([[-1.0, -1.0]]), 0.0),
    ],
}


def network(random: np.random.Generator, dim: int, width: int, twins: bool = False) -> mn.ShallowReLU:
    w, b = random.standard_normal((width, dim)), random.standard_normal(width)
    if twins:  # knots that nearly coincide, which have no crossing to speak of
        w[1::2] = w[:1] * (1 + 1e-14 * random.standard_normal((len(w[1::2]), 1)))
        b[1::2] = b[0]
    return mn.ShallowReLU(w, b, random.standard_normal(width), np.array(random.standard_normal()), None)


def dense(K: mn.Regions) -> tuple[np.ndarray, np.ndarray]:
    x, y = K.sample(20_000, 0)
    rims = [(points, label(points)) for shape, label in K for points in [shape.spread(4000)]]
    return np.concatenate([x, *(p for p, _ in rims)]), np.concatenate([y, *(v for _, v in rims)])


@given(st.sampled_from(list(PARTS)), st.integers(0, 2**32 - 1), st.integers(1, 20), st.booleans())
@settings(max_examples=15, deadline=None)
def test_the_error_is_above_that_of_all_points_and_met(name, seed, width, twins):
    K = mn.Regions(PARTS[name])
    net = network(np.random.default_rng(seed), K.dim, width, twins)
    found = worst(net, K)
    x, y = dense(K)
    assert found.error >= np.max(np.abs(net.evaluate(x) - y))
    label = [label for shape, label in K if shape.contains(found.point[None], 1e-9)[0]]
    met = max(abs(float(net.evaluate(found.point[None])[0] - one(found.point[None])[0])) for one in label)
    assert found.error == pytest.approx(met, rel=1e-9)


def test_a_cone_is_worst_where_it_leaves_its_plateau():
    # f = relu(x) on the disc of radius 1 about (0, 2): largest at (1, 2).
    net = mn.ShallowReLU(np.array([[1.0, 0.0]]), np.zeros(1), np.ones(1), np.array(0.0), None)
    found = worst(net, mn.Regions([(mn.ball([0.0, 2.0], 1.0), 0.0)]))
    assert found.error == pytest.approx(1.0, rel=1e-10)
    np.testing.assert_allclose(found.point, [1.0, 2.0], atol=1e-9)


def bodies(angle: float, gap: float, step: float) -> tuple[mn.Regions, float]:
    """Two discs at a distance, and the least norm: 2 step / gap."""
    way = np.array([np.cos(angle), np.sin(angle)])
    return mn.Regions([(mn.ball([0.0, 0.0], 1.0), 0.0), (mn.ball((2.5 + gap) * way, 1.5), step)]), 2 * step / gap


@given(st.floats(0, 6.28), st.floats(0.5, 3), st.floats(0.5, 2), st.sampled_from(["none", "free"]))
@settings(max_examples=3, deadline=None)
def test_two_bodies_cost_twice_their_slope(angle, gap, step, skip):
    K, known = bodies(angle, gap, step)
    sol = mn.interpolate_regions(K, within=0, tolerance=1e-6, penalty=mn.PathNorm(skip=skip))
    assert sol.certified
    assert sol.lower_bound <= known * (1 + 1e-12)
    assert sol.value == pytest.approx(known, rel=1e-6)


def test_a_network_that_strays_has_no_value_and_a_made_up_dual_vector_proves_nothing_false():
    K, known = bodies(0.3, 1.0, 1.0)
    sol = mn.interpolate_regions(K, within=0, tolerance=1e-6)
    strayed = replace(sol, network=replace(sol.network, outer_weights=0.999 * sol.network.outer_weights))
    assert mn.verify_regions(K, strayed).value == np.inf
    random = np.random.default_rng(0)
    for _ in range(5):
        claim = replace(sol, dual=sol.dual + random.standard_normal(sol.dual.size) * np.max(np.abs(sol.dual)))
        assert mn.verify_regions(K, claim).lower_bound <= known
    moved = replace(sol, points=sol.points + 0.1)
    assert mn.verify_regions(K, moved).lower_bound < known


def test_what_does_not_fit_is_refused():
    K, _ = bodies(0.0, 1.0, 1.0)
    sol = mn.interpolate_regions(K, within=0)
    with pytest.raises(ValueError, match="regions has dimension 1"):
        mn.verify_regions(mn.Regions([(mn.ball(0.0, 1.0), 0.0)]), sol)

"""Bounds over bodies of space: above all points, next to what is met, and the same with symmetry and without."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minnorm as mn
from minnorm.verification import boxes
from minnorm.verification.regions import worst

BODIES = {
    "ball": mn.ball([0.1, 0.0, -2.0], 0.7),
    "shell": mn.shell([0.0, 0.1, 0.0], 0.8, 1.5),
    "box": mn.box([0.0, 0.0, 0.0], [1.0, 0.5, 0.7]),
    "simplex": mn.polytope([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0.2, 0.1, 1]]),
    "segment": mn.segment([0.0, 0.0, 1.0], [1.0, 1.0, 0.3]),
    "points": mn.points([[0.0, 0.0, 1.0], [1.0, 1.0, 0.3]]),
}
LABEL = mn.affine([0.1, 0.2, -0.3], 0.5)


def network(random: np.random.Generator, width: int) -> mn.ShallowReLU:
    w, b, a = random.standard_normal((width, 3)), random.standard_normal(width), random.standard_normal(width)
    return mn.ShallowReLU(w, b, a / width, np.array(random.standard_normal()), None)


@given(st.sampled_from(list(BODIES)), st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 7, 60]))
@settings(max_examples=25, deadline=None)
def test_the_bound_is_above_all_points_and_next_to_what_is_met(name, seed, width):
    shape, net = BODIES[name], network(np.random.default_rng(seed), width)
    found = worst(net, mn.Regions([(shape, LABEL)]))
    x = np.concatenate([shape.sample(20_000, np.random.default_rng(0)), shape.spread(4000)])
    assert found.error >= np.max(np.abs(net.evaluate(x) - LABEL(x)))
    assert shape.contains(found.point[None], 1e-9)[0]
    assert abs(float(net.evaluate(found.point[None])[0] - LABEL(found.point[None])[0])) >= 0.998 * found.error


@pytest.mark.parametrize("name", ["ball", "shell", "box", "simplex"])
@pytest.mark.parametrize("allowed", [0.5, 1.1, 3.0])
def test_a_bound_that_is_good_enough_is_no_more_than_what_is_allowed_unless_the_error_is(name, allowed):
    K = mn.Regions([(BODIES[name], LABEL)])
    net = network(np.random.default_rng(3), 40)
    error = worst(net, K).error
    found = worst(net, K, allowed=allowed * error).error
    assert (found <= allowed * error) == (allowed > 1)


@pytest.mark.parametrize("center", [[0.0, 0.0, 0.0], [3.1, -2.2, 0.7]])
def test_one_of_all_images_is_enough(center, monkeypatch):
    random, at = np.random.default_rng(0), np.array(center)
    w, b, a = random.standard_normal((4, 3)), random.standard_normal(4), random.standard_normal(4)
    turns = [
        np.eye(3)[list(order)] * signs
        for order in itertools.permutations(range(3))
        for signs in itertools.product([1.0, -1.0], repeat=3)
    ]
    w = np.concatenate([w @ turn for turn in turns])
    net = mn.ShallowReLU(w, np.tile(b, 48) - w @ at, np.tile(a, 48) / 48, np.array(0.3), None)
    seen, mirrors = [], boxes._mirrors
    monkeypatch.setattr(boxes, "_mirrors", lambda *given: seen.append(mirrors(*given)) or seen[-1])
    shapes = [mn.ball(at, 0.7), mn.shell(at, 0.8, 1.5), mn.box(at - 0.5, at + 0.5)]
    some = [worst(net, mn.Regions([(shape, 0.5)])).error for shape in shapes]
    assert [len(roots) for roots in seen] == [9, 9, 9]
    monkeypatch.setattr(boxes, "_mirrors", lambda *_: np.zeros((0, 3)))
    all_of_it = [worst(net, mn.Regions([(shape, 0.5)])).error for shape in shapes]
    np.testing.assert_allclose(some, all_of_it, rtol=3e-3)


def test_a_network_that_is_not_symmetric_has_no_images():
    net = network(np.random.default_rng(1), 5)
    rows = np.column_stack([net.inner_weights, net.biases, net.outer_weights])
    assert len(boxes._mirrors(np.zeros((0, 3)), np.zeros(3), rows)) == 0


def test_no_time_leaves_a_bound():
    K = mn.Regions([(BODIES["shell"], LABEL)])
    net = network(np.random.default_rng(3), 40)
    assert worst(net, K, seconds=0.0).error >= worst(net, K).error * 0.999

"""Shapes: membership, nearest points, samples and motions agree with each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minnorm as mn

L_SHAPE = [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 2.0]]
SHAPES = {
    "interval": lambda: mn.ball(1.0, 2.0),
    "two intervals": lambda: mn.shell(0.0, 1.0, 2.0),
    "disc": lambda: mn.ball([1.0, 0.0], 2.0),
    "ring": lambda: mn.shell([0.0, 1.0], 1.0, 2.0),
    "shell": lambda: mn.shell([0.0, 1.0, 0.0], 1.0, 2.0),
    "box": lambda: mn.box([0.0, 0.0, 0.0], [1.0, 2.0, 3.0]),
    "L": lambda: mn.polygon(L_SHAPE),
    "frame": lambda: mn.polygon([[0, 0], [3, 0], [3, 3], [0, 3]], holes=[[[1, 1], [1, 2], [2, 2], [2, 1]]]),
    "simplex": lambda: mn.polytope([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    "segment": lambda: mn.segment([0.0, 0.0], [2.0, 1.0]),
    "points": lambda: mn.points([[0.0, 0.0], [2.0, 1.0]]),
}


@pytest.fixture(params=SHAPES)
def shape(request):
    return SHAPES[request.param]()


def around(shape, count=300):
    low, high = shape.box
    return low - 1 + (high - low + 2) * np.random.default_rng(0).random((count, shape.dim))


def test_nearest_points_are_in_the_shape_and_no_sample_is_nearer(shape):
    x = around(shape)
    near = shape.nearest(x)
    assert np.all(shape.contains(near, 1e-12))
    inside = shape.contains(x)
    np.testing.assert_array_equal(near[inside], x[inside])
    sample = np.concatenate([shape.sample(2000, np.random.default_rng(1)), shape.spread(200)])
    least = np.min(np.linalg.norm(x[:, None] - sample[None], axis=2), axis=1)
    assert np.all(np.linalg.norm(x - near, axis=1) <= least + 1e-12)


def test_samples_and_boundary_are_in_the_shape(shape):
    assert np.all(shape.contains(shape.sample(1000, np.random.default_rng(0)), 1e-12))
    assert np.all(shape.contains(shape.spread(100), 1e-12))


@given(st.floats(0.1, 10), st.integers(0, 2**32 - 1))
@settings(max_examples=5, deadline=None)
def test_motions_move_points_along(factor, seed):
    random = np.random.default_rng(seed)
    for make in SHAPES.values():
        shape = make()
        turn, _ = np.linalg.qr(random.standard_normal((shape.dim, shape.dim)))
        shift = random.standard_normal(shape.dim)
        x = around(shape, 50)
        moved = shape.rotated(turn).scaled(factor).moved(shift)
        there = factor * x @ turn.T + shift
        away, same = (np.linalg.norm(p - s.nearest(p), axis=1) for p, s in ((there, moved), (x, shape)))
        np.testing.assert_allclose(away, factor * same, atol=1e-9 * factor)


def test_a_rotation_by_an_angle_is_that_of_its_matrix():
    corner = mn.box([1.0, 0.0], [2.0, 1.0]).rotated(np.pi / 2)
    np.testing.assert_allclose(corner.box, ([-1, 1], [0, 2]), atol=1e-12)


def test_half_spaces_are_the_box_they_bound():
    normals, offsets = np.concatenate([np.eye(3), -np.eye(3)]), [1.0, 2.0, 3.0, 0.0, 0.0, 0.0]
    one, other = mn.polytope(normals=normals, offsets=offsets), mn.box([0, 0, 0], [1, 2, 3])
    x = around(other)
    np.testing.assert_allclose(one.nearest(x), other.nearest(x), atol=1e-9)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: mn.ball([0.0, 0.0], 0.0), "radius is 0.0; give a number > 0"),
        (lambda: mn.ball([0.0] * 4, 1.0), r"center has shape \(4,\)"),
        (lambda: mn.shell(0.0, 2.0, 1.0), "inner is 2 and outer 1; give inner < outer"),
        (lambda: mn.box([0.0, 0.0], [1.0, 0.0]), "low is not below high"),
        (lambda: mn.polygon([[0, 0], [1, 1], [1, 0], [0, 1]]), "crosses itself"),
        (lambda: mn.polygon([[0, 0], [1, 1]]), "at least three vertices"),
        (lambda: mn.polygon([[0, 0], [1, 0], [0, 1]], holes=[[[2, 2], [3, 2], [2, 3]]]), r"holes\[0\] is not inside"),
        (lambda: mn.polytope([[0, 0], [1, 1], [2, 2]]), "vertices lie in a hyperplane"),
        (lambda: mn.polytope(normals=[[1.0, 0.0]], offsets=[1.0]), "bound no bounded set"),
        (lambda: mn.polytope(normals=[[1.0], [-1.0]], offsets=[0.0, -1.0]), "without an interior"),
        (lambda: mn.segment([0.0, 0.0], [0.0, 0.0]), "a and b are equal"),
        (lambda: mn.points(np.zeros((2, 4))), "X has 4 columns"),
    ],
)
def test_what_is_no_shape_is_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()

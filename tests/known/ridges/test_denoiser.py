"""The minimum-norm denoiser: against the line, the solver, its dual vector, and a programme over a grid of atoms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm.known import denoiser, line, line_solutions
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve import interpolate

OBTUSE = np.array([[0.0, 0.0], [2.0, 0.0], [-1.0, 1.5], [-1.0, -2.0]])
ORTHOGONAL = np.array([[1.0, 1.0, 0.0], [3.0, 1.0, 0.0], [1.0, 2.0, 0.0], [1.0, 1.0, 2.5], [1.0, 4.0, 0.0]])
CASES = {
    "line": np.array([[0.0], [1.0], [3.0], [-2.0]]),
    "obtuse": OBTUSE,
    "orthogonal": ORTHOGONAL,
    "crossing": np.array([[0.0, 0.0], [1.0, 0.0], [-2.0, 0.0], [0.0, 1.5], [0.0, -1.0], [0.0, 3.0]]),
    "rounded": OBTUSE @ np.linalg.qr(np.random.default_rng(0).normal(size=(2, 2)))[0] + [10.0, 3.0],
}
cases = pytest.mark.parametrize("clean", CASES.values(), ids=CASES)


def noise(rng, count, dim, radius):
    """Points of the ball, half of them on its sphere."""
    way = rng.normal(size=(count, dim))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    return way * radius * np.where(np.arange(count) % 2, 1.0, rng.uniform(size=count))[:, None]


@cases
def test_every_ball_goes_to_its_clean_point(clean):
    found = denoiser(clean, 0.3)
    rng = np.random.default_rng(1)
    for point in clean:
        images = found(point + noise(rng, 200, clean.shape[1], 0.3))
        np.testing.assert_allclose(images, np.broadcast_to(point, images.shape), atol=1e-12)


@cases
def test_the_dual_vector_proves_the_norm(clean):
    found = denoiser(clean, 0.2)
    points, vectors = found.dual()
    assert np.sum(vectors * found(points)) == pytest.approx(found.norm, rel=1e-12)
    scale = np.abs(vectors).sum()
    np.testing.assert_allclose(vectors.sum(axis=0), 0.0, atol=1e-13 * scale)
    np.testing.assert_allclose(vectors.T @ points, 0.0, atol=1e-12 * scale)
    inside = np.min(np.linalg.norm(points[:, None] - clean, axis=2), axis=1)
    assert np.max(inside) <= 0.2 * (1 + 1e-9)
    # For fixed w the sum is linear in b between its kinks at the points, so its length is largest at one of them.
    rng = np.random.default_rng(2)
    w = np.concatenate([found.directions, rng.normal(size=(3000, clean.shape[1]))])
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    place = w @ points.T
    hidden = np.maximum(place[:, None, :] - place[:, :, None], 0)
    length = np.linalg.norm(hidden @ vectors, axis=2)
    assert np.max(length) <= 1 + 1e-10
    assert np.max(length) >= 1 - 1e-10


@cases
def test_its_networks_have_its_norm(clean):
    found = denoiser(clean, 0.25)
    dim = clean.shape[1]
    x = np.random.default_rng(3).normal(size=(50, dim)) * 2 + found.vertex
    networks = [found.network(axis) for axis in np.eye(dim)]
    np.testing.assert_allclose(np.stack([net.evaluate(x) for net in networks], axis=1), found(x), atol=1e-12)
    outer = np.stack([np.asarray(net.outer_weights) for net in networks])
    size = np.linalg.norm(networks[0].inner_weights, axis=1)
    assert np.sum(np.linalg.norm(outer, axis=0) * size) == pytest.approx(found.norm, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.1, 3.0), min_size=1, max_size=8), st.floats(0.01, 0.49), st.sampled_from(["none", "free"]))
def test_on_the_line_it_is_the_interpolant_of_noisy_samples(gaps, share, skip):
    clean = np.append(0.0, np.cumsum(gaps)) - 2.0
    radius = share * min(gaps)
    x = (clean[:, None] + radius * np.linspace(-1, 1, 7)).reshape(-1)
    found, best = denoiser(clean, radius), line(x, np.repeat(clean, 7), PathNorm(skip=skip))
    assert best.certified
    assert found.norm == pytest.approx(best.value, rel=1e-8)
    query = np.linspace(clean[0] - 1, clean[-1] + 1, 500)
    np.testing.assert_allclose(found(query), best(query), atol=1e-9)


def test_on_the_line_nothing_else_is_minimal():
    clean, radius = np.array([0.0, 1.0, 2.5]), 0.25
    x = np.concatenate([clean - radius, clean + radius])
    assert line_solutions(x, np.tile(clean, 2)).unique


@pytest.mark.slow
def test_along_orthogonal_rays_each_coordinate_is_the_solver_s():
    clean, radius = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [0.0, 0.75]]), 0.25
    found = denoiser(clean, radius)
    rng = np.random.default_rng(4)
    offsets = np.concatenate([radius * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]), noise(rng, 2, 2, radius)])
    x = (clean[:, None] + offsets).reshape(-1, 2)
    for axis in np.eye(2):
        y = np.repeat(clean @ axis, len(offsets))
        best = interpolate(x, y)
        net = found.network(axis).prune()
        assert best.certified
        np.testing.assert_allclose(net.evaluate(x), y, atol=1e-12)
        assert PathNorm().value(net) == pytest.approx(best.value, rel=2e-6)


def vector_minimum(x, y, w, iterations):
    """min sum_k |a_k| over atoms at the points' kinks in directions w, by alternating directions; skip term free."""
    atoms = np.maximum((x @ w.T)[:, None, :] - (x @ w.T)[None, :, :], 0).reshape(len(x), -1)
    atoms = atoms[:, np.any(atoms > 0, axis=0)]
    free = np.column_stack([np.ones(len(x)), x])
    basis = np.eye(len(x)) - free @ np.linalg.pinv(free)
    atoms, y = basis @ atoms, basis @ y
    inverse = np.linalg.pinv(atoms @ atoms.T, rcond=1e-10)
    a = u = z = np.zeros((atoms.shape[1], y.shape[1]))
    step = 0.3
    for _ in range(iterations):
        v = z - u
        a = v - atoms.T @ (inverse @ (atoms @ v - y))
        v = a + u
        size = np.linalg.norm(v, axis=1, keepdims=True)
        z = v * np.maximum(1 - step / np.maximum(size, 1e-300), 0)
        u = u + a - z
    return np.sum(np.linalg.norm(a, axis=1))


@pytest.mark.parametrize("name", ["obtuse", "crossing"])
def test_no_vector_network_on_a_grid_of_atoms_is_cheaper(name):
    clean, radius = CASES[name], 0.3
    found = denoiser(clean, radius)
    x, _ = found.dual()
    x = np.unique(np.concatenate([x, clean]).round(12), axis=0)
    angle = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    w = np.concatenate([np.column_stack([np.cos(angle), np.sin(angle)]), found.directions, -found.directions])
    best = vector_minimum(x, found(x), w, 1500)
    assert best == pytest.approx(found.norm, rel=2e-3)
    assert best >= found.norm * (1 - 1e-6)  # what the projection on the data makes is an interpolant


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: denoiser([0.0], 0.1), "clean has equal points or a single one"),
        (lambda: denoiser([0.0, 1.0, 1.0], 0.1), "clean has equal points"),
        (lambda: denoiser([0.0, 1.0], 0.0), "radius is 0.0; give a finite number > 0"),
        (lambda: denoiser([0.0, 1.0], np.inf), "radius is inf"),
        (lambda: denoiser([0.0, 1.0, 3.0], 0.5), "radius is 0.5, but two clean points are 1 apart; give less than 0.5"),
        (lambda: denoiser([[0, 0], [1, 0.5], [0.5, 1]], 0.1), "not on rays from one of them without acute angles"),
        (lambda: denoiser(OBTUSE, 0.1)(np.zeros(2)), r"points has shape \(2,\); this denoiser takes \(q, 2\)"),
        (lambda: denoiser(OBTUSE, 0.1).network(), r"direction has shape \(1,\)"),
    ],
)
def test_what_has_no_closed_form_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_problem_takes_its_networks():
    found = denoiser(OBTUSE, 0.1)
    x, _ = found.dual()
    problem = Problem(x, found.network([1.0, 0.0]).evaluate(x))
    assert problem.values.size == len(x)

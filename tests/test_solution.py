"""A solution answers for its certificate, and a certificate for its numbers."""

import dataclasses

import numpy as np
import pytest

from minnorm.known import line
from minnorm.network import ShallowReLU
from minnorm.penalty import PathNorm
from minnorm.solution import Certificate, Solution
from minnorm.verify import verify

X, Y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]


def certificate(**changes):
    sound = Certificate(value=4.0, lower_bound=4.0, dual_norm=1.0, residual=0.0, scale=1.0, scope="exact")
    return dataclasses.replace(sound, **changes)


@pytest.mark.parametrize(
    ("value", "lower", "floor", "gap"),
    [
        (4.0, 3.0, 0.0, 0.25),
        (4e-9, 3e-9, 0.0, 0.25),
        (4.0, 5.0, 0.0, -0.25),
        (0.0, 0.0, 0.0, 0.0),
        (0.0, -0.5, 2.0, 0.25),
    ],
)
def test_the_gap_is_relative_to_the_value_or_a_floor(value, lower, floor, gap):
    assert certificate(value=value, lower_bound=lower, floor=floor).gap == pytest.approx(gap, rel=1e-12)


@pytest.mark.parametrize("factor", [1e-9, 1e9])
@pytest.mark.parametrize("lam", [0.0, 1e-2])
def test_small_labels_do_not_make_a_wrong_claim_certified(factor, lam):
    """(value - bound) / max(1, |value|) would: for small labels it is an absolute gap."""
    x, y = np.array(X), factor * np.array(Y)
    right = line(x, y, certify=False)
    network = dataclasses.replace(right.network, outer_weights=1.1 * right.network.outer_weights)
    wrong = dataclasses.replace(right, network=network, lam=lam * factor)
    assert not verify(x, y, wrong).certified


@pytest.mark.parametrize(
    ("changes", "certified"),
    [
        ({}, True),
        ({"scope": "bounded"}, True),
        ({"scope": "searched"}, False),
        ({"lower_bound": 4 - 3.9e-6}, True),
        ({"lower_bound": 4 - 4.1e-6}, False),
        ({"lower_bound": 4 + 4.1e-6}, False),
        ({"lower_bound": 3.0, "tolerance": 0.3}, True),
        ({"residual": 2e-6}, False),
        ({"residual": 2e-6, "scale": 10.0}, True),
        ({"residual": np.nan}, False),
        ({"lower_bound": np.nan}, False),
    ],
)
def test_certified_needs_a_small_gap_a_small_residual_and_a_proof(changes, certified):
    assert certificate(**changes).certified == certified


def test_an_unverified_solution_claims_nothing():
    solution = line(X, Y, certify=False)
    assert not solution.certified
    for claim in ("value", "lower_bound", "gap"):
        with pytest.raises(ValueError, match=r"not been verified; minnorm\.verify\(X, y, solution\) does it"):
            getattr(solution, claim)


def test_a_verified_solution_says_what_its_certificate_says():
    found = verify(X, Y, line(X, Y, certify=False))
    solution = dataclasses.replace(line(X, Y, certify=False), certificate=found)
    assert (solution.value, solution.lower_bound, solution.gap) == (found.value, found.lower_bound, found.gap)
    assert solution.certified
    assert not dataclasses.replace(solution, certificate=certificate(lower_bound=0.0)).certified


def test_calling_a_solution_on_the_line_keeps_the_shape():
    solution = line(X, Y)
    for shape in [(), (1,), (5,), (5, 1), (2, 3), (0,)]:
        x = np.linspace(-1, 1, int(np.prod(shape))).reshape(shape)
        found = solution(x)
        assert found.shape == ((5,) if shape == (5, 1) else shape)
        np.testing.assert_allclose(found.ravel(), 1 - np.abs(x.ravel()), atol=1e-15)


def test_calling_a_solution_in_the_plane_takes_its_points():
    net = ShallowReLU(np.array([[1.0, 2.0]]), np.array([0.5]), np.array([3.0]), np.array(1.0), np.array([0.0, -1.0]))
    solution = Solution(net, np.zeros(1), PathNorm(skip="free"))
    np.testing.assert_allclose(solution([[1.0, 1.0], [-2.0, 0.0]]), [10.5, 1.0])
    with pytest.raises(ValueError, match=r"takes \(n, 2\)"):
        solution([1.0, 1.0])

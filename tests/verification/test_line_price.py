"""Residuals on the line, joined by a broken line: against 60 digits, and against the least norm itself."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm import verify
from minnorm.known import line
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.solution import Solution
from minnorm.verification.line_price import broken_line

PENALTIES = [PathNorm("penalised", skip, offset) for skip in ("free", "none") for offset in ("free", "none")]
BOTH = PENALTIES[0]
quick = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds, away=st.sampled_from([0.0, 1e3, 1.3e9]), near=st.sampled_from([1.0, 1e-6]))
@quick
def test_turns_are_bounded_above_to_the_last_digits(seed, away, near):
    rng = np.random.default_rng(seed)
    x = np.unique(away + np.concatenate([rng.normal(size=5), near * rng.normal(size=5)]))
    r = 1e-12 * rng.normal(size=x.size) + rng.choice([0.0, 1e-9]) * (x - away)
    with mpmath.workdps(60):
        t, values = ([mpmath.mpf(float(v)) for v in part] for part in (x, r))
        k = range(x.size - 1)
        slopes = [(values[i + 1] - values[i]) / (t[i + 1] - t[i]) for i in k]
        wanted = sum(abs(slopes[i] - slopes[i - 1]) * mpmath.sqrt(1 + t[i] ** 2) for i in k[1:])
        lost = sum((abs(values[i + 1]) + abs(values[i])) / (t[i + 1] - t[i]) for i in k) * mpmath.sqrt(1 + max(t) ** 2)
        found = broken_line(x, r, BOTH)
        assert wanted * (1 - mpmath.mpf(10) ** -50) <= found <= wanted * (1 + 1e-14) + 1e-14 * lost


@given(seed=seeds, penalty=st.sampled_from(PENALTIES), away=st.sampled_from([0.0, -30.0, 1e5]))
@settings(max_examples=6, deadline=None)
def test_a_broken_line_is_never_below_the_least_norm(seed, penalty, away):
    rng = np.random.default_rng(seed)
    x = away + np.cumsum(rng.uniform(0.1, 2, int(rng.integers(2, 7))))
    r = rng.normal(size=x.size) + rng.choice([0.0, 10.0])
    assert broken_line(x, r, penalty) >= line(x, r, penalty).lower_bound


@pytest.mark.parametrize("penalty", PENALTIES)
def test_an_affine_error_costs_nothing_where_it_is_free(penalty):
    x, y = np.array([-1.0, 0.0, 1.0, 1.0 + 2.0**-20]), np.array([0.0, 1.0, 0.0, -(2.0**-20)])
    solution = line(x, y, penalty, certify=False)
    net = solution.network
    slope = np.array([2.0**-45]) if net.skip is None else net.skip + 2.0**-45
    off = ShallowReLU(net.inner_weights, net.biases, net.outer_weights, net.offset, slope)
    free = PathNorm("penalised", "free", penalty.offset)
    found = verify(x, y, Solution(off, solution.dual, free))
    assert found.residual > 2.0**-46
    assert found.value <= penalty_norm(net) + (2.0**-44 if penalty.offset == "none" else 1e-14)


def penalty_norm(net):
    return float(np.abs(net.outer_weights) @ np.hypot(net.inner_weights[:, 0], net.biases))


def test_one_point_and_equal_points():
    for penalty in PENALTIES:
        assert broken_line(np.ones(2), np.array([0.5, 0.5]), penalty) == pytest.approx(
            0.0 if penalty.constant_is_free else 0.5
        )
    x, r = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 0.0])
    assert broken_line(np.tile(x, 2), np.tile(r, 2), BOTH) == pytest.approx(2 * np.hypot(1, 1))
    assert broken_line(np.array([0.0, 5e-324]), np.array([0.0, 1e300]), PENALTIES[-1]) == np.inf

"""The fuzzing scripts' own judge: it knows suprema that follow by hand, and sees what is false in a claim."""

import re
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

FUZZ = Path(__file__).parent / "fuzz"
sys.path.insert(0, str(FUZZ))
import cases  # noqa: E402
import check  # noqa: E402
import optimum  # noqa: E402
import supremum  # noqa: E402

X, Y = np.array([[-1.0], [0.0], [1.0]]), np.array([0.0, 1.0, 0.0])
HAT = check.Objective(X, Y, "free", "none", "free", 0.0)
SOLVED = check.Claim(  # 1 - |x|
    weights=np.array([[1.0], [-1.0]]),
    biases=np.zeros(2),
    outer=np.array([-1.0, -1.0]),
    constant=1.0,
    slope=np.zeros(1),
    dual=np.array([-1.0, 2.0, -1.0]),
    value=2.0,
    lower=2.0,
    residual=0.0,
    proven=True,
    certified=True,
)


def faults(problem=HAT, tolerance=1e-6, **changes):
    return check.examine(problem, replace(SOLVED, **changes), tolerance).faults


@pytest.mark.parametrize(("d", "turned"), [(1, False), (2, True), (3, False), (3, True), (4, True)])
def test_dual_norm_of_a_cross_with_its_centre(d, turned):
    """sup |h| = |w|_1 / (2 d) at b = 0: see tests/problems.py. Many hyperplanes meet in one ray there."""
    x = np.concatenate([np.zeros((1, d)), np.eye(d), -np.eye(d)])
    nu = np.array([2 * d] + [-1] * (2 * d), dtype=object)
    if turned:  # by an integer orthogonal matrix, times its scale
        turn = np.array([[1, 2, 2, 0], [2, 1, -2, 0], [2, -2, 1, 0], [0, 0, 0, 3]])
        x = x @ turn[:d, :d] / 3 if d > 2 else 7 * x
    scale = 7 if turned and d <= 2 else 1
    assert float(check.dual_norm(x, nu, "free")) == pytest.approx(scale * d**0.5, rel=1e-15)


def test_a_linear_part_beside_the_kinks_span_is_not_forgotten():
    """relu(u_1) - relu(-u_1) is linear, so u_1 + relu(u_2) has one kink, and its maximum on neither side's axis."""
    z, nu = np.array([[1, 0], [-1, 0], [0, 1]], dtype=object), np.array([1, -1, 1], dtype=object)
    assert float(supremum.supremum(z, nu)[0]) == pytest.approx(2**0.5, rel=1e-15)


@pytest.mark.slow
def test_bounds_by_branching_hold_at_any_scale():
    found = subprocess.run(
        [sys.executable, str(FUZZ / "bounds.py"), "--seconds", "1", "--seed", "5"], capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(("k", "width"), [(2, 40), (3, 1), (3, 40), (4, 1), (4, 40), (5, 1)])
def test_supremum_is_no_smaller_than_any_value(k, width):
    rng = np.random.default_rng(k)
    z, nu = rng.integers(-width, width + 1, size=(8, k)), rng.integers(-9, 10, size=8)
    found, where = supremum.supremum(z.astype(object), nu.astype(object))
    u = np.concatenate([rng.standard_normal((4000, k)), where[None].astype(float)])
    values = np.abs(np.maximum(u @ z.T, 0) @ nu) / np.linalg.norm(u, axis=1)
    assert values[-1] == pytest.approx(float(found), rel=1e-12)
    assert np.max(values) <= float(found) * (1 + 1e-12)


def test_a_true_claim_has_no_faults():
    assert faults() == []
    assert optimum.bracket(HAT) == (2.0, 2.0)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"lower": 2.1}, "lower_bound <= value"),
        ({"lower": 1.9, "dual": 0.9 * SOLVED.dual, "value": 1.9}, "value below"),
        ({"dual": np.array([-1.0, 2.0, -1.0 - 1e-15]) * [1.5, 1.0, 0.5]}, "not what the dual vector proves"),
        ({"dual": np.zeros(3), "lower": 0.0}, "FALSE: the true gap"),
        ({"outer": np.array([-1.0, -0.99])}, "FALSE: the residual"),
        ({"slope": np.array([1e-300])}, "forbids"),
        ({"proven": False}, "search"),
        ({"residual": -1.0}, "residual below"),
    ],
)
def test_a_false_claim_is_seen(changes, fault):
    assert any(fault in found for found in faults(**changes))


def test_a_network_that_trains_less_well_than_it_says_is_seen():
    lam = 0.1
    al = np.array([-1.0, 2.0, -1.0]) * lam
    fitted = Y - 3 * al
    slope = fitted[1] - fitted[0]
    claim = {"outer": np.array([-slope, -slope]), "constant": float(fitted[1]), "dual": al, "residual": 0.7}
    value = float(3 * al @ al / 2 + lam * 2 * slope)
    problem = replace(HAT, lam=lam)
    assert faults(problem, value=value * (1 + 1e-12), lower=value * (1 - 1e-12), **claim) == []
    assert optimum.bracket(problem) == pytest.approx((value, value), rel=1e-7)
    assert faults(problem, value=value * 0.99, lower=value * 0.98, **claim)
    assert faults(problem, value=value * 1.01, lower=value, **claim)


@pytest.mark.parametrize("number", range(2))
def test_a_second_route_brackets_the_bound_of_a_feasible_dual_vector(number):
    case = cases.draw(3, number, (1, 2), ("normal",))
    p = replace(case.problem, x=case.problem.x[:5], y=case.problem.y[:5])
    least, most = optimum.bracket(p)
    nu = check.nearest_feasible(p, [Fraction(float(label)) for label in p.y])
    assert float(check.best_bound(p, np.array([float(part) for part in nu]))) <= most * (1 + 1e-9)
    assert 0 <= least <= most * (1 + 1e-12)


@pytest.mark.slow
def test_certificates_of_random_problems_hold():
    command = [sys.executable, str(FUZZ / "certificates.py"), "--seconds", "20", "--seed", "0"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"^(\d+) cases", done.stdout, re.M).group(1)) > 0

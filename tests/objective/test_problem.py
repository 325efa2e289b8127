"""Data are checked once: each fault has one message that names the argument, the value and the remedy."""

import jaxtyping
import numpy as np
import pytest

from minnorm.checks import check_points, check_values
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem

X = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
Y = [1.0, 2.0, 3.0]


def test_a_problem_holds_float64_copies_of_its_data():
    x, y = np.array(X, dtype=np.float32), np.array(Y, dtype=np.float32)
    problem = Problem(x, y, PathNorm(bias="penalised"), 0.5)
    x[:], y[:] = 7.0, 7.0
    np.testing.assert_array_equal(problem.points, X)
    np.testing.assert_array_equal(problem.values, Y)
    assert problem.points.dtype == problem.values.dtype == np.float64
    assert problem.penalty.bias == "penalised"
    assert problem.lam == 0.5
    assert Problem(X, Y).penalty == PathNorm()
    assert Problem(X, Y).lam == 0.0


def test_one_coordinate_needs_no_second_axis():
    np.testing.assert_array_equal(Problem(Y, Y).points, np.array(Y)[:, None])
    np.testing.assert_array_equal(Problem([1, 2], [True, False]).values, [1.0, 0.0])


@pytest.mark.parametrize("lam", [0, np.float32(0.5), np.array(0.25), np.int64(3)])
def test_any_real_number_is_a_lam(lam, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    assert Problem(X, Y, None, lam).lam == float(lam)


@pytest.mark.parametrize(
    ("points", "values", "message"),
    [
        ([], [], r"points has shape \(0, 1\); give \(n, d\) or \(n,\) with at least one point"),
        (np.zeros((3, 0)), Y, r"points has shape \(3, 0\); give"),
        (np.zeros((3, 1, 1)), Y, r"points has shape \(3, 1, 1\); give"),
        (np.array(1.0), [1.0], r"points has shape \(\); give"),
        ([[1.0], [1.0, 2.0]], [1.0, 2.0], "points has rows of different lengths; give"),
        (
            [[1.0, np.nan], [2.0, 3.0]],
            [1.0, 2.0],
            "points has 1 NaN or infinite entries, the first nan in row 0; remove",
        ),
        ([1.0, np.inf, -np.inf], Y, "points has 2 NaN or infinite entries, the first inf in row 1; remove"),
        ([1.0, None], [1.0, 2.0], "points has 1 NaN .* row 1; remove"),
        ([1.0, 2j], [1.0, 2.0], "points is complex; give real"),
        (["one", "two"], [1.0, 2.0], "points is not an array of numbers .*; convert"),
        ("points", Y, "points is not an array of numbers .*; convert"),
        (
            [object(), 1.0],
            [1.0, 2.0],
            r"points is not an array of numbers \(dtype object, entry <object .*>\); convert",
        ),
        ([10**400, 1], [1.0, 2.0], "points has numbers beyond the range of float64; rescale"),
        (X, [1.0, 2.0], "points has 3 rows and values has 2; they must agree"),
        (X, [Y], r"values has shape \(1, 3\); give one value for each point"),
        (X, np.array(1.0), r"values has shape \(\); give one value for each point"),
        (X, [1.0, np.nan, np.nan], "values has 2 NaN or infinite entries, the first nan in row 1; remove"),
        (X, [1.0, 2.0, -np.inf], "values has 1 NaN or infinite entries, the first -inf in row 2; remove"),
        (X, [1.0, 2j, 3.0], "values is complex; give real"),
        (X, ["a", "b", "c"], "values is not an array of numbers .*; convert"),
        (X, [[1.0], [1.0, 2.0], []], "values has rows of different lengths"),
    ],
)
def test_bad_data_have_one_clear_message(points, values, message):
    with pytest.raises(ValueError, match=message) as error:
        Problem(points, values)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("lam", [-1e-300, -1.0, np.nan, np.inf, "0.1", 1j, None, True, np.array([0.1, 0.2])])
def test_a_bad_lam_is_named(lam, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=r"lam is .*; give a finite number >= 0"):
        Problem(X, Y, None, lam)


def test_equal_points_with_different_values_cannot_be_interpolated():
    points, values = [[1.0, 0.0], [2.0, 5.0], [1.0, -0.0], [2.0, 6.0]], [1.0, 2.0, 1 + 2**-50, 3.0]
    with pytest.raises(ValueError, match=r"points 0 and 2 are equal but .* 1\.0 and 1\.0000000000000009; .*lam > 0"):
        Problem(points, values)
    assert Problem(points, values, lam=0.1).lam == 0.1


def test_equal_points_with_equal_values_are_fine():
    assert Problem([1.0, 2.0, 1.0, 1.0], [3.0, 4.0, 3.0, 3.0]).values.size == 4
    assert Problem([1.0, np.nextafter(1.0, 2.0)], [3.0, 4.0]).values.size == 2


def test_checks_name_the_argument_of_their_caller():
    with pytest.raises(ValueError, match="query has shape"):
        check_points([], "query")
    with pytest.raises(ValueError, match="labels has 1 NaN"):
        check_values([np.nan], "labels")

import numpy as np
import pytest

from minnorm.objective.data import Points, TiesError
from minnorm.objective.problem import Problem


def test_points_are_checked_copied_and_counted_once():
    x = np.array([0.0, 1.0, 2.0])
    data = Points(x, [1, 2, 3], [2.0, 0.0, 2.0])
    x[0] = 9.0
    assert data.x[:, 0].tolist() == [0.0, 1.0, 2.0]
    assert data.weights.tolist() == [1.0, 0.0, 1.0]
    assert data.weighted
    assert data.total == 2
    assert data.counting().y.tolist() == [1.0, 3.0]
    assert not data.counting().weighted
    assert len(data.counting()) == 2
    with pytest.raises(ValueError, match="X has 2 rows and y has 1; they must agree"):
        Points([0.0, 1.0], [0.0], names=("X", "y"))
    with pytest.raises(ValueError, match="sample_weight has shape"):
        Points([0.0, 1.0], [0.0, 1.0], [1.0], names=("X", "y"))


def test_equal_points_may_disagree_until_they_are_to_be_interpolated():
    data = Points([0.0, 1.0, 0.0], [1.0, 2.0, 3.0])
    with pytest.raises(TiesError, match=r"points 0 and 2 are equal but their values are 1\.0 and 3\.0.*use alpha > 0"):
        data.reject_ties("use alpha > 0")
    with pytest.raises(TiesError):
        Problem(data.x, data.y)
    data.changed(weights=np.array([1.0, 1.0, 0.0])).reject_ties("use alpha > 0")
    assert Problem(data.x, data.y, lam=0.1).data.mean(data.y) == 2


def test_a_changed_problem_shares_what_has_not_changed():
    problem = Problem([0.0, 1.0], [0.0, 2.0], lam=0.5)
    other = problem.changed(values=np.array([3.0, 4.0]), lam=1.0)
    assert other.points is problem.points
    assert other.values.tolist() == [3.0, 4.0]
    assert other.lam == 1.0
    with pytest.raises(TypeError):
        problem.changed(value=3.0)

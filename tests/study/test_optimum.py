import numpy as np
import pytest

from minnorm import PathNorm, fit, known
from minnorm.study.optimum import least, least_radial, solvable
from minnorm.study.specification.tasks import BumpTask


def test_least_is_the_certified_minimum_and_is_kept():
    x, y = np.array([[-1.0], [0.0], [1.0]]), np.array([0.0, 1.0, 0.0])
    found = least(x, y, PathNorm(), 0.1)
    assert found.certified
    assert found.value == fit(x, y, 0.1).value
    assert found.lower_bound <= found.value <= found.lower_bound * (1 + 1e-5)
    assert least(x, y, PathNorm(), 0.1) is found
    assert least(x, y, PathNorm(), 0.0).value == pytest.approx(2.0, rel=1e-9)
    assert least(x, y, PathNorm(bias="penalised", offset="none"), 0.0).value == pytest.approx(3.0, rel=1e-6)


@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_other_neurons_are_certified_without_a_free_linear_term(bias):
    assert least(np.eye(3, 2), np.arange(3.0), PathNorm(bias, activation="leaky_relu:0.25"), 0.1).certified


def test_nothing_is_claimed_where_the_solver_is_not_sure():
    assert not solvable(np.zeros((10, 4)))
    assert not solvable(np.zeros((1000, 2)))
    assert least(np.zeros((10, 4)), np.zeros(10), PathNorm(), 0.1) is None
    # Equal points with different labels have no interpolant.
    assert least(np.zeros((2, 1)), np.array([0.0, 1.0]), PathNorm(), 0.0) is None


def test_a_radial_law_s_minimum_tends_to_the_bump_s_norm():
    task = BumpTask(kind="bump", dim=3)
    law = task.law_of_radii(50)
    values = [least_radial(law, 3, lam).value / lam for lam in (1e-4, 1e-6, 1e-8)]
    exact = known.radial_bump(3).norm
    assert values[0] < values[1] < values[2] < exact
    assert values[2] == pytest.approx(exact, rel=0.05)
    with pytest.raises(ValueError, match="lam"):
        least_radial(law, 3, 0.0)


def test_finitely_many_points_of_a_law_cost_less():
    task = BumpTask(kind="bump", dim=2, points=60)
    data = task.data()
    assert least(data.points, data.values, PathNorm(), 1e-3).value < least_radial(task.law_of_radii(), 2, 1e-3).value

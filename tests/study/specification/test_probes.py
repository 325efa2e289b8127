"""Where networks are looked at: the numbers against their formulas, and their shapes against what is said of them."""

import numpy as np
import pytest

from minnorm import PathNorm, known
from minnorm.network import ShallowReLU
from minnorm.study.specification.probes import OnLine, OnSphere
from minnorm.study.specification.target import Target

HAT = known.line([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0])
BUMP = known.radial_bump(3)


def test_a_line_sees_values_seminorm_and_bends_at_the_data():
    probe = OnLine.around([-1.0, 0.0, 1.0], 11)
    found = probe.measure(HAT.network, Target.of_solution(HAT), PathNorm())
    assert (probe.query[0], probe.query[-1]) == (-1.4, 1.4)
    np.testing.assert_allclose(found["function"][1], 1 - np.abs(probe.query), atol=1e-12)
    assert found["seminorm"][1] == pytest.approx(2.0)
    assert found["bends_at_data"][1] == pytest.approx(1.0)
    between = OnLine.around([-1.0, 0.5, 1.0]).measure(HAT.network, None, PathNorm())
    assert between["bends_at_data"][1] < 1


def test_spheres_see_means_deviations_and_the_stretch_of_a_radial_target():
    probe = OnSphere(np.linspace(0, 2, 21), 64)
    network = BUMP.stretch(1.5).as_network(4000, 0)
    found = probe.measure(network, Target.of_bump(BUMP), PathNorm())
    assert found["stretch"][1] == pytest.approx(1.5, rel=0.03)
    assert "stretch" not in probe.measure(network, None, PathNorm())


def test_the_deviation_of_a_linear_function_is_that_of_a_coordinate_on_the_sphere():
    w = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    linear = ShallowReLU(w, np.zeros(2), np.array([1.0, -1.0]), np.array(2.0))
    probe = OnSphere(np.array([0.0, 1.0, 3.0]), 4096)
    found = probe.measure(linear, None, PathNorm())
    np.testing.assert_allclose(found["radial_mean"][1], 2.0, atol=1e-12)
    np.testing.assert_allclose(found["radial_std"][1], probe.radii / np.sqrt(3), rtol=0.02)


@pytest.mark.parametrize("probe", [OnLine.around([0.0, 1.0], 7), OnSphere(np.linspace(0, 1, 5), 4)])
def test_what_is_recorded_is_described_and_counted(probe):
    network = ShallowReLU(np.ones((2, 1)), np.zeros(2), np.ones(2), np.zeros(()))
    found = probe.measure(network, Target.of_bump(known.radial_bump(1)), PathNorm())
    assert found.keys() == probe.describe.keys()
    assert sum(np.size(value) for _, value in found.values()) == probe.size
    ((dims, values, words),) = probe.coordinates().values()
    assert (dims, bool(words)) == (probe.coordinate, True)
    for dims, value in found.values():
        assert np.shape(value) == ((values.size,) if dims == (probe.coordinate,) else ())

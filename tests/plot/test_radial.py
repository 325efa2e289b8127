"""Radial figures: atoms where the certificate touches, profiles of networks, grey where f is given."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.known import radial_bump, radial_fit, radial_shells, radial_target
from minnorm.measure.radial import radial_profile
from minnorm.plot import radial_figure

CASES = {
    "odd": lambda: radial_bump(9),
    "even": lambda: radial_bump(2),
    "plateau": lambda: radial_bump(5, 0.3).stretch(2.0),
    "fit": lambda: radial_fit([0.0, 1.0, 2.0], [1.0, 0.0, 0.5], 2, 1e-3),
    "shells": lambda: radial_shells(3, [(0.2, 0.8), (1.2, 2.0)], [1.0, 0.0, 0.6]),
    "target": lambda: radial_target(3, [(0.5, 1.0)], [[1.0, 0.0, -1.0], [0.0]]),
}


def marked(ax):
    """All marks, by place."""
    points = np.concatenate([line.get_xydata() for line in ax.get_lines() if line.get_marker() in "os"])
    return points[np.argsort(points[:, 0])]


def long_curves(ax):
    return [line.get_xydata() for line in ax.get_lines() if len(line.get_xydata()) > 100]


@pytest.mark.parametrize("case", CASES)
def test_profile_measure_and_certificate(case):
    f = CASES[case]()
    profile, masses, certificate = radial_figure(f).axes
    x, y = profile.get_lines()[0].get_data()
    np.testing.assert_array_equal(y, f.profile(x))
    known = f if case == "fit" else f.measure
    atoms, weights = (known.knots, known.masses) if case == "fit" else (known.atoms, known.masses)
    order = np.argsort(atoms)
    np.testing.assert_allclose(marked(masses), np.column_stack([atoms, weights])[order])
    touching = marked(certificate)
    np.testing.assert_allclose(touching[:, 0], atoms[order])
    np.testing.assert_allclose(touching[:, 1], np.sign(weights)[order], atol=1e-6)
    for curve in long_curves(certificate):
        assert np.max(np.abs(curve[:, 1])) <= 1 + 1e-6
    assert certificate.get_xlim() == masses.get_xlim()


def test_the_tail_is_shaded_and_its_mass_said():
    bump = radial_bump(2)
    ax = mn.plot_radial_measure(bump)
    assert ax.get_title(loc="right") == f"shaded: density of the tail, mass {bump.measure.tail.mass:.4g}"
    shaded = [part for part in ax.collections if part.get_paths() and len(part.get_paths()[0].vertices) > 100]
    assert max(np.max(np.abs(part.get_paths()[0].vertices[:, 1])) for part in shaded) > 0


def test_grey_is_where_f_is_given():
    ax = mn.plot_radial(radial_bump(5, 0.3).stretch(2.0))
    spans = sorted((patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches)
    np.testing.assert_allclose(spans, [(0, 0.6), (2, 2.7)])


def test_networks_are_drawn_as_mean_and_deviation_over_directions():
    bump = radial_bump(3)
    net = bump.as_network(200, 0)
    r = np.linspace(0, 1.35, 201)
    measured = radial_profile(net, 3, r)
    ax = mn.plot_radial(bump, others={"net": net, "measured": measured, "hat": lambda r: np.maximum(1 - r, 0)})
    curves = {line.get_label(): line.get_data() for line in ax.get_lines()}
    np.testing.assert_allclose(curves["net"], [measured.radii, measured.mean])
    np.testing.assert_allclose(curves["measured"], [measured.radii, measured.mean])
    np.testing.assert_allclose(curves["hat"][1], np.maximum(1 - curves["hat"][0], 0))
    band, _ = ax.collections
    height = band.get_paths()[0].get_extents()
    assert height.y0 == pytest.approx(np.min(measured.mean - measured.std))
    assert height.y1 == pytest.approx(np.max(measured.mean + measured.std))


def test_the_data_of_a_fit_are_drawn_by_weight():
    ax = mn.plot_radial(radial_fit([0.0, 1.0, 2.0], [1.0, 0.0, 0.5], 2, 1e-3, [1.0, 2.0, 1.0]))
    (dots,) = ax.collections
    np.testing.assert_allclose(dots.get_offsets(), [(0, 1), (1, 0), (2, 0.5)])
    assert np.argmax(dots.get_sizes()) == 1


def test_what_cannot_be_drawn_is_said():
    bump = radial_bump(3)
    with pytest.raises(ValueError, match="f takes points of dimension 5 and dim is 3; give dim=5"):
        mn.plot_radial(bump, others={"net": radial_bump(5).as_network(9, 0)})
    with pytest.raises(ValueError, match="flat returned shape"):
        mn.plot_radial(bump, others={"flat": lambda r: 1.0})

"""Near 1 on a ball and near 0 on a shell: proofs, checked numbers, monotony, and what it tends to."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.known import radial_bump, radial_within
from minnorm.known.radial.atoms import radial_atoms, radial_rises
from minnorm.known.radial.within import _Cells


@pytest.mark.parametrize(
    ("dim", "plateau", "outer", "within", "known"),
    [
        (2, 0.3, 2, 0.05, 10.3427),
        pytest.param(2, 0.3, 2, 0.01, 16.5134, marks=pytest.mark.slow),
        (2, 0, 2, 0.01, 8.69364),
        pytest.param(3, 0.2, 1.5, 0.1, None, marks=pytest.mark.slow),
    ],
)
def test_both_bounds_hold_and_meet(dim, plateau, outer, within, known):
    found = radial_within(dim, plateau, outer, within)
    low, high = found.norm_bounds
    assert low <= high <= low * (1 + 1e-5)
    assert known is None or high == pytest.approx(known, rel=1e-5)
    assert found.error <= within
    # On the region, everywhere, and from its measure, which is a network of infinitely many neurons.
    inside, shell = np.linspace(0, plateau, 2001), np.linspace(1, outer, 4001)
    assert np.max(np.abs(found.profile(inside) - 1)) <= found.error
    assert np.max(np.abs(found.profile(shell))) <= found.error
    assert np.max(np.abs(found.profile(shell))) >= found.error * (1 - 1e-5)
    # Weak duality of what is returned, by sums of its own.
    s = np.linspace(0, outer, 4001)
    assert np.max(np.abs(found.curve(s))) <= 1 + 1e-8
    assert abs(np.sum(found.dual)) <= 1e-12 * np.sum(np.abs(found.dual))
    labels = (found.radii < 1).astype(float)
    assert found.dual @ labels - within * np.abs(found.dual).sum() == pytest.approx(low, rel=1e-7)
    assert np.all((found.radii <= plateau) | ((found.radii >= 1) & (found.radii <= outer)))
    # At each atom the certificate has the sign of its mass, at each sphere f is as far from the label as it may be.
    large = np.abs(found.masses) > 1e-4 * high
    np.testing.assert_allclose(found.curve(found.knots[large]), np.sign(found.masses[large]), atol=1e-3)


@pytest.mark.slow
def test_it_falls_with_the_distance_and_rises_with_dimension_and_region():
    base = radial_within(2, 0.2, 2, 0.05)
    for other in (radial_within(3, 0.2, 2, 0.05), radial_within(2, 0.3, 2, 0.05), radial_within(2, 0.2, 3, 0.05)):
        assert other.norm_bounds[1] >= base.norm_bounds[0]
    norms = [radial_within(2, 0.2, 2, delta).norm for delta in (0.02, 0.05, 0.08)]
    assert norms[0] > norms[1] > norms[2]
    assert norms[1] <= (norms[0] + norms[2]) / 2 * (1 + 1e-6)  # convex


@pytest.mark.parametrize(
    "dim", [1, 3, pytest.param(2, marks=pytest.mark.slow), pytest.param(5, marks=pytest.mark.slow)]
)
def test_it_tends_to_the_bump(dim):
    bump = radial_bump(dim, 0.0, 2.0).norm
    near, nearer = radial_within(dim, 0, 2, 1e-2), radial_within(dim, 0, 2, 1e-3)
    assert near.norm < nearer.norm < bump
    left = 0.6 if dim == 5 else 0.35  # of the distance: it falls like a root of `within`, in five dimensions the fourth
    assert bump - nearer.norm < left * (bump - near.norm)


def test_on_the_line_the_solver_finds_it_too():
    found = radial_within(1, 0.25, 2.0, 0.1)
    x = np.concatenate([np.linspace(-0.25, 0.25, 3), np.linspace(1, 2, 9), -np.linspace(1, 2, 9)])
    solution = mn.interpolate(x, (np.abs(x) < 1).astype(float), within=0.1)
    assert solution.lower_bound <= found.norm_bounds[1]
    assert solution.value == pytest.approx(found.norm, rel=1e-6)


@pytest.mark.slow
def test_the_bracket_of_regions_holds_it():
    regions = mn.Regions([(mn.ball([0, 0], 0.3), 1.0), (mn.shell([0, 0], 1, 2), 0.0)])
    bracket = mn.interpolate_regions(regions, within=0.1, tolerance=0.05, time_limit=30)
    low, high = radial_within(2, 0.3, 2, 0.1).norm_bounds
    assert bracket.lower_bound <= high
    assert low <= bracket.value


@pytest.mark.parametrize("dim", [1, 2, 3, 8])
def test_a_neurons_rise_is_its_derivative_and_cells_are_bounds(dim):
    rng = np.random.default_rng(dim)
    s, r = rng.uniform(0, 2, 5), rng.uniform(0.1, 2, 7)
    step = 1e-6
    slope = (radial_atoms(r + step, s, dim)[0] - radial_atoms(r - step, s, dim)[0]) / (2 * step)
    np.testing.assert_allclose(radial_rises(r, s, dim), slope, atol=1e-6 if dim != 2 else 1e-3)
    masses = rng.normal(size=5)
    cells = _Cells(dim, s, masses, 0.3, 2.0)
    left = rng.uniform(0, 1.8, 40)
    right = left + rng.uniform(0, 0.2, 40)
    reached, upper = cells.bound(left, right)
    inside = left + (right - left) * np.linspace(0, 1, 101)[:, None]
    seen = np.abs(0.3 + radial_atoms(inside.ravel(), s, dim)[0] @ masses).reshape(inside.shape).max(axis=0)
    assert np.all(reached <= seen + 1e-12)
    assert np.all(seen <= upper)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((2, 1.0, 2, 0.1), "plateau is 1.0; give a number in"),
        ((2, 0.3, np.inf, 0.1), "outer is inf; give a finite number >= 1.001"),
        ((2, 0.3, 2, 0.0), "within is 0.0; give a number between 0 and 0.5: radial_bump"),
        ((2, 0.3, 2, 0.5), "within is 0.5; give a number between 0 and 0.5"),
        ((0, 0.3, 2, 0.1), "dim is 0; give a positive whole number"),
    ],
)
def test_what_is_wrong_is_said(arguments, said):
    with pytest.raises(ValueError, match=said.replace("[", r"\[")):
        radial_within(*arguments)


def test_it_has_a_picture_and_says_what_it_is():
    found = radial_within(3, 0.2, 2, 0.1)
    assert "within 0.1 of 1 on |x| <= 0.2" in repr(found)
    assert found(np.zeros((2, 3))).shape == (2,)
    assert found.measure.masses.sum() == pytest.approx(found.masses.sum())
    ax = mn.plot_radial(found)
    assert "within 0.1" in ax.get_title()

"""Sums of ridge functions on orthogonal axes: minimal for one convex and one concave, never for two that turn alike."""

import numpy as np
import pytest

from minnorm.known import line, ridge_sum
from minnorm.objective.norm import PathNorm
from minnorm.solve import interpolate

FREE = PathNorm(skip="free")


def convex(rng, places, *, balanced=False):
    """Values of a random convex function that is 0 at 0, with opposite slopes far out if balanced."""
    knots, turns, slope = rng.uniform(-2, 2, 3), rng.uniform(0.2, 1, 3), rng.normal()
    slope = -turns.sum() / 2 if balanced else slope
    at = np.append(places, 0.0)
    values = np.maximum(at[:, None] - knots, 0) @ turns + slope * at
    return values[:-1] - values[-1]


def cross(rng, first, second, frame=None, centre=(0.0, 0.0)):
    """Points on two axes and their centre, and the labels."""
    t, s = (np.round(rng.uniform(-3, 3, 5), 6) for _ in range(2))
    x = np.concatenate([[[0.0, 0.0]], np.column_stack([t, 0 * t]), np.column_stack([0 * s, s])])
    y = np.concatenate([[0.0], first(t), second(s)])
    return (x if frame is None else x @ frame.T) + np.asarray(centre), y, t, s


@pytest.mark.parametrize("seed", range(6))
def test_a_convex_and_a_concave_function_add_up(seed):
    rng = np.random.default_rng(seed)
    x, y, t, s = cross(rng, lambda t: convex(rng, t), lambda s: -convex(rng, s))
    found = ridge_sum(x, y, FREE)
    assert found.certified
    assert found.certificate.scope == "exact"
    single = [line(np.append(at, 0.0), np.append(part, 0.0), FREE).value for at, part in ((t, y[1:6]), (s, y[6:]))]
    assert found.value == pytest.approx(sum(single), rel=1e-9)
    assert found.value == pytest.approx(interpolate(x, y, penalty=FREE).value, rel=2e-6)
    np.testing.assert_allclose(found(x), y, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_so_they_do_without_a_free_skip_term_if_neither_is_steep_throughout(seed):
    rng = np.random.default_rng(seed)
    wide = np.array([-4.0, -3.0, -1.0, 1.5, 3.0, 4.5])
    t, s = convex(rng, wide, balanced=True), -convex(rng, wide, balanced=True)
    x = np.concatenate([[[0.0, 0.0]], np.column_stack([wide, 0 * wide]), np.column_stack([0 * wide, wide])])
    found = ridge_sum(x, np.concatenate([[0.0], t, s]))
    assert found.certified
    assert found.value == pytest.approx(ridge_sum(x, np.concatenate([[0.0], t, s]), FREE).value, rel=1e-9)


@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")  # looked at, or not what it is about
@pytest.mark.parametrize("seed", range(5))
def test_without_a_free_skip_term_what_is_certified_is_minimal(seed):
    rng = np.random.default_rng(seed)
    x, y, *_ = cross(rng, lambda t: convex(rng, t), lambda s: -convex(rng, s))
    found, best = ridge_sum(x, y), interpolate(x, y)
    assert found.value >= best.value * (1 - 1e-6)
    assert not found.certified or found.value == pytest.approx(best.value, rel=2e-6)


@pytest.mark.parametrize("seed", range(4))
def test_two_functions_that_turn_alike_are_refused_because_less_is_possible(seed):
    rng = np.random.default_rng(seed)
    x, y, t, s = cross(rng, lambda t: convex(rng, t), lambda s: convex(rng, s))
    with pytest.raises(ValueError, match=r"axes 0 and 1 both turn upwards, and one neuron .* minnorm\.interpolate"):
        ridge_sum(x, y, FREE)
    single = [line(np.append(at, 0.0), np.append(part, 0.0), FREE).value for at, part in ((t, y[1:6]), (s, y[6:]))]
    assert interpolate(x, y, penalty=FREE).value < 0.999 * sum(single)


def test_one_neuron_that_turns_both_is_cheaper():
    # relu(x_1 - 1) + relu(x_2 - 1) on the axes is sqrt(2) times one neuron of unit weight.
    x = np.array([[0, 0], [1, 0], [2, 0], [0, 1], [0, 2]])
    y = np.array([0.0, 0.0, 1.0, 0.0, 1.0])
    assert interpolate(x, y, penalty=FREE).value == pytest.approx(np.sqrt(2), rel=1e-6)


@pytest.mark.parametrize("penalty", [PathNorm(), FREE])
def test_other_axes_and_another_centre(penalty):
    frame = np.array([[3.0, -4.0], [4.0, 3.0]])
    t = np.array([-1.0, 0.0, 1.0, 2.0])
    x = np.concatenate([t[:, None] * frame[:, 0], t[:, None] * frame[:, 1]]) + np.array([10.0, -2.0])
    y = np.concatenate([np.abs(t), -np.abs(t)])
    found = ridge_sum(x, y, penalty, directions=frame.T, centre=[10.0, -2.0])
    assert found.certified
    assert found.value == pytest.approx(4 / 5, rel=1e-12)
    np.testing.assert_allclose(found(x), y, atol=1e-13)


def test_a_third_axis_on_which_the_function_is_constant():
    t = np.array([-1.0, 0.0, 1.0])
    x = np.concatenate([t[:, None] * axis for axis in np.eye(3)])
    found = ridge_sum(x, np.concatenate([t**2, -(t**2), 0 * t]))
    assert found.certified
    assert found.value == pytest.approx(4.0, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"penalty": PathNorm("penalised")}, "bias='penalised', which all axes would share"),
        ({"directions": [[1, 0], [1, 1]]}, "directions 0 and 1 are not orthogonal"),
        ({"directions": [[1, 0], [0, 0]]}, "directions has a zero vector in row 1"),
        ({"directions": [[1, 0, 0]]}, "directions has 3 columns and points has 2"),
        ({"directions": [[1, 0]]}, "point 3 is on none of the axes"),
        ({"centre": [0.0]}, "centre has 1 entries and points has 2"),
        ({"centre": [1.0, 1.0]}, "on none of the axes"),
        ({"values": [0.0, 1.0, 2.0, 5.0, 6.0]}, r"axes 0 and 1 have the values 0.5 and 5 at the centre"),
    ],
)
def test_what_has_no_closed_form_is_refused(change, message):
    data = {"points": [[0, 0], [1, 0], [2, 0], [0, 1], [0, 2]], "values": [0.0, 1.0, 2.0, 0.0, 0.0]} | change
    if "values" in change:
        data["points"] = [[0.5, 0], [1, 0], [2, 0], [0, 1], [0, 2]]
        data["values"] = [0.5, 1.0, 2.0, 5.0, 6.0]
    with pytest.raises(ValueError, match=message):
        ridge_sum(**data)

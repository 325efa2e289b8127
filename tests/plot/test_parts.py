"""Shape functions in pictures."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import minnorm as mn
from minnorm.network import ShallowReLU

X = np.random.default_rng(1).normal(size=(20, 3))
NET = ShallowReLU(
    np.array([[2.0, 0.0, 0.0], [0.0, 1.0, -1.0]]), np.array([0.1, 0.2]), np.array([1.0, -2.0]), np.array(0.7)
)


def test_curves_are_the_parts_and_shades_have_the_names_of_their_columns():
    axes = mn.plot_parts(X, NET, names=["a", "b", "c"])
    shades, curve = axes if axes[0].get_xlabel() == "b" else axes[::-1]
    assert (shades.get_xlabel(), shades.get_ylabel(), curve.get_xlabel()) == ("b", "c", "a")
    at, values = curve.lines[0].get_data()
    points = np.zeros((len(at), 3))
    points[:, 0] = at
    assert np.allclose(values, mn.measure.parts(NET, X).of(0)(points))


def test_the_most_important_parts_are_drawn_in_axes_that_are_given():
    _, given = plt.subplots()
    assert mn.plot_parts(X, NET, most=1, axes=[given]) == [given]


@pytest.mark.usefixtures("unchecked")
def test_what_cannot_be_drawn_says_so():
    full = ShallowReLU(np.ones((1, 3)), np.zeros(1), np.ones(1), np.array(0.0))
    with pytest.raises(ValueError, match="solution has no part of one or two columns"):
        mn.plot_parts(X, full)
    with pytest.raises(ValueError, match="names are 2 and X has 3 columns"):
        mn.plot_parts(X, NET, names=["a", "b"])

"""`minnorm known kernel`: two kernels, on any points; a picture on a line."""

import json

import numpy as np
import pytest

import minnorm as mn


def test_it_says_what_the_library_says(minnorm, tmp_path):
    (tmp_path / "points.csv").write_text("x,y\n-1,0\n0,1\n1,0.5\n")
    said = minnorm("known", "kernel", "points.csv", "--width", "50", "--plot", "lazy.svg", "--json")
    found = json.loads(said.stdout)
    for name, make in (("tangent", mn.known.kernel_tangent), ("features", mn.known.kernel_features)):
        wanted = make([-1.0, 0.0, 1.0], [0.0, 1.0, 0.5], width=50)
        np.testing.assert_allclose(found[name]["coefficients"], wanted.coefficients)
        assert found[name]["norm"] == pytest.approx(wanted.norm)
    assert (tmp_path / "lazy.svg").stat().st_size > 1000

"""What objects say of themselves, and show in a notebook."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import minnorm as mn

X = np.random.default_rng(0).normal(size=(200, 1))
Y = np.sin(3 * X[:, 0])
LINE = mn.known.line(X, Y)
PLANE = mn.interpolate([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0.0, 1.0, 1.0])
CONSTANT = mn.interpolate([0.0, 1.0], [2.0, 2.0])
BUMP = mn.known.radial_bump(3)
BUMPS = [BUMP, mn.known.radial_bump(2, outer=2.0), mn.known.radial_fit([0.0, 1.0, 2.0], [1.0, 0.0, 0.0], 3)]
SHELLS = mn.known.radial_shells(3, [(0.0, 1.0), (2.0, 4.0)], [1.0, 0.0, 0.5])
TARGET = mn.known.radial_target(3, [(0.0, 1.0), (2.0, 4.0)], [1.0, 0.0, 0.5])


PROBLEMS = [mn.Problem(X, Y), mn.Problem(X, Y, lam=0.1, weights=np.arange(200.0))]
FAMILIES = [
    mn.known.line_path(X, Y),
    mn.known.line_solutions(X, Y),
    mn.known.denoiser([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], 0.1),
]


@pytest.mark.parametrize("thing", [*PROBLEMS, LINE, PLANE, *BUMPS, SHELLS, TARGET, *FAMILIES])
def test_four_lines_say_what_it_is(thing):
    lines = repr(thing).splitlines()
    assert len(lines) == 4
    assert lines[0].startswith(type(thing).__name__)
    assert [line.split()[0] for line in lines[1:3]] == ["norm", "size"]
    assert max(map(len, lines)) < 120


def test_norm_size_and_proof_are_the_object_s_own():
    unverified = mn.known.line(X, Y, certify=False)
    assert f"{LINE.value:.10g}" in repr(LINE)
    assert f"{LINE.network.width} neurons" in repr(LINE)
    assert "certified, relative gap" in repr(LINE)
    assert "not verified; minnorm.verify" in repr(unverified)
    assert "norm   16" in repr(BUMP)
    assert f"between {BUMP.norm_bounds[0]:.17g} and" in repr(BUMP)
    assert "levels 1, 0, 0.5 in dimension 3" in repr(SHELLS)
    path, solutions, denoiser = FAMILIES
    assert f"lam_max = {path.lams[0]:.10g}" in repr(path)
    assert f"{solutions.knots.size} knots" in repr(solutions)
    assert f"norm   {denoiser.norm:.10g}" in repr(denoiser)
    assert float(repr(TARGET).splitlines()[1].split()[1]) == pytest.approx(28)


@pytest.mark.parametrize("thing", [LINE, PLANE, CONSTANT, BUMP, LINE.certificate, PLANE.certificate])
def test_a_notebook_has_a_small_picture(thing):
    page = thing._repr_html_()
    assert len(page) < 6000
    root = ElementTree.fromstring(page)
    (picture,) = root.findall("{http://www.w3.org/2000/svg}svg")
    assert len(list(picture)) > 0
    (text,) = root.findall("pre")
    assert text.text.split(":")[0] == type(thing).__name__


def test_a_curve_is_where_its_values_are():
    page = ElementTree.fromstring(BUMP._repr_html_())
    points = page.find(".//{http://www.w3.org/2000/svg}polyline").attrib["points"].split()
    x, y = np.array([point.split(",") for point in points], dtype=float).T
    r = 1.5 * (x - x[0]) / (x[-1] - x[0])
    height = (y.max() - y) / (y.max() - y.min())
    np.testing.assert_allclose(height, BUMP.profile(r), atol=0.01)


def test_an_infinite_value_is_shown_too():
    nothing = mn.Certificate(np.inf, 0.0, 1.0, 1.0, 1e-9, "exact")
    assert "not certified, relative gap inf" in nothing._repr_html_()

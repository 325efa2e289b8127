"""`minnorm known radial-fit`: a law of radii from a file, its answer and its picture."""

import json

import numpy as np
import pytest

from minnorm.known import radial_fit


@pytest.fixture
def data(tmp_path):
    (tmp_path / "radii.csv").write_text("weight,radius,value\n2,0,1\n1,1,0\n1,2,0.5\n")
    return "radii.csv"


@pytest.mark.slow
def test_the_answer_is_the_librarys(minnorm, data, tmp_path):
    answer = minnorm("known", "radial-fit", data, "--dim", "4", "--lam", "1e-3", "--plot", "fit.png", "--json")
    assert (answer.returncode, answer.stderr) == (0, "")
    result = json.loads(answer.stdout)
    fit = radial_fit([0.0, 1.0, 2.0], [1.0, 0.0, 0.5], 4, 1e-3, [2, 1, 1])
    assert result["certified"]
    assert result["value"] == pytest.approx(fit.value, rel=1e-9)
    assert result["lower_bound"] <= result["value"]
    np.testing.assert_allclose(result["knots"], fit.knots, atol=1e-5)
    assert (tmp_path / "fit.png").read_bytes().startswith(b"\x89PNG")
    table = minnorm("known", "radial-fit", data, "--dim", "4").stdout
    assert "yes (relative gap" in table
    assert "Radial fit, dimension 4, 3 radii, lam 0" in table


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("radius,value\n0,1\n1,0\n", ["--dim", "x"], "dim is 'x'"),
        ("radius,value\n0,1\n1,0\n", ["--dim", "3", "--lam", "-1"], "lam is -1.0"),
        ("radius,y\n0,1\n1,0\n", ["--dim", "3"], "target is 'value'"),
        ("x,value\n0,1\n1,0\n", ["--dim", "3"], "give radius, value and perhaps weight"),
        ("radius,value\n1,1\n1,0\n", ["--dim", "3"], "values differ at the radius 1"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(minnorm, tmp_path, text, options, message):
    (tmp_path / "bad.csv").write_text(text)
    answer = minnorm("known", "radial-fit", "bad.csv", *options)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert message in answer.stderr
    assert answer.stderr.count("\n") == 1
